import type { Micros } from '../../lib/clock.ts';
import type { FrameRefusal, SegmentCounts } from '../../model/plan.ts';
import type { Verdict } from '../protocol/layer2/peer.ts';
import type { SegmentMessage } from '../wire/segment.ts';

/** What speakers say to each other on all links, counted since this thread started, and since when nodes are silent. */
export class SegmentTallies {
  readonly #counted: () => void;
  readonly #sent = new Map<string, number>();
  readonly #received = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #verdicts = new Map<string, number>();
  readonly #silentSince = new Map<string, Micros>();

  /** `counted` is told that there is something new. */
  constructor(counted: () => void) {
    this.#counted = counted;
  }

  sent(kind: SegmentMessage['kind']): void {
    this.#count(this.#sent, kind);
  }

  received(kind: SegmentMessage['kind']): void {
    this.#count(this.#received, kind);
  }

  refused(reason: FrameRefusal): void {
    this.#count(this.#refused, reason);
  }

  /** What a link thinks of a node that was heard last at `heardAt`. */
  judged(node: string, verdict: Verdict, heardAt: Micros): void {
    this.#count(this.#verdicts, verdict);
    if (verdict === 'alive') this.#silentSince.delete(node);
    else this.#silentSince.set(node, heardAt);
  }

  /** A link keeps nothing more of a node that has been gone for long. */
  forgotten(node: string): void {
    this.#silentSince.delete(node);
  }

  /** When a node was heard last that is silent now; `undefined` when it is not, or when it was never heard. */
  silentSince(node: string): Micros | undefined {
    return this.#silentSince.get(node);
  }

  /** All counts so far. */
  get counts(): SegmentCounts {
    const plain = (counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> => Object.fromEntries(counts);
    return {
      sent: plain(this.#sent),
      received: plain(this.#received),
      refused: plain(this.#refused),
      verdicts: plain(this.#verdicts),
    };
  }

  #count(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#counted();
  }
}
