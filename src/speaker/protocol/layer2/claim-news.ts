import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Claim, SegmentMessage } from '../../wire/segment.ts';
import { type ClaimTable, claimMessages } from './claim-table.ts';

/** A change of owner is said so often, so far apart: frames may be lost. */
const TIMES_SAID = 3;
const SAY_EVERY: Micros = milliseconds(20);

/** What is still to be said of claims: to all what has changed, to some what they do not know. */
export class ClaimNews {
  readonly #changed = new Map<string, { left: number; at: Micros }>();
  readonly #corrections = new Map<string, Claim[]>();

  /** The claim for an address is another one. */
  changed(text: string, now: Micros): void {
    this.#changed.set(text, { left: TIMES_SAID, at: now });
  }

  /** A node has claimed what is another one's. */
  correct(node: string, claim: Claim): void {
    const claims = this.#corrections.get(node) ?? [];
    claims.push(claim);
    this.#corrections.set(node, claims);
  }

  /** The frames that are due, each to one node or to all. What has changed twice is said as it is now. */
  take(table: ClaimTable, now: Micros): readonly { readonly to: string | undefined; readonly message: SegmentMessage }[] {
    const claims: Claim[] = [];
    for (const [text, news] of this.#changed) {
      if (news.at > now) continue;
      const claim = table.get(text);
      if (claim !== undefined) claims.push(claim);
      news.left--;
      news.at = micros(now + SAY_EVERY);
      if (news.left === 0) this.#changed.delete(text);
    }
    const corrections = [...this.#corrections].flatMap(([to, ofNode]) => claimMessages(ofNode).map((message) => ({ to, message })));
    this.#corrections.clear();
    return [...claimMessages(claims).map((message) => ({ to: undefined, message })), ...corrections];
  }

  /** When there is something to say again; infinite for never. */
  get nextAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const news of this.#changed.values()) at = Math.min(at, news.at);
    return at;
  }
}
