import { formatAddress } from '../../src/lib/ip.ts';
import type { PlanChange } from '../../src/model/plan.ts';

/** A wire thread whose node has no rival: it answers for all that it may answer for. */
export class SoleWire {
  readonly changes: PlanChange[] = [];
  readonly #own: (addresses: readonly string[], certain: boolean) => void;
  readonly #addresses = new Map<string, string>();

  /** `own` is told what it answers for, after each change. */
  constructor(own: (addresses: readonly string[], certain: boolean) => void) {
    this.#own = own;
  }

  /** Takes a change of the plan. */
  apply(change: PlanChange): void {
    this.changes.push(change);
    if (change.kind === 'replace') return;
    if (change.kind === 'withdraw') this.#addresses.delete(change.service);
    else this.#take(change.announcement);
    this.#own([...this.#addresses.values()], true);
  }

  #take({ service, addresses: [first], candidacy }: (PlanChange & { readonly kind: 'announce' })['announcement']): void {
    const address = candidacy?.address ?? first;
    if (candidacy?.self === false || address === undefined) this.#addresses.delete(service);
    else this.#addresses.set(service, formatAddress(address));
  }
}
