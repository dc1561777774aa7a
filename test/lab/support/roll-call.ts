import type { Stored } from './cluster.ts';
import { ingressOf } from './cluster.ts';

/** What is wrong at one look at all Services, in words; empty when nothing is. */
export type Faults = readonly string[];

/** The label of Services that may lose an address and get another: they are made to. */
export const MAY_CHANGE = 'may-change';

/**
 * Remembers which Service has had which address, and says at each look what must never be: an address that two
 * Services hold, or a Service whose address changed or went away while it stayed.
 */
export class RollCall {
  readonly #held = new Map<string, { readonly uid: string; readonly address: string }>();

  /** Looks at all Services that there are. */
  look(services: readonly Stored[]): Faults {
    const faults: string[] = [];
    const holders = new Map<string, string>();
    for (const service of services) {
      const { name, uid, labels = {} } = service.metadata;
      const address = ingressOf(service).join();
      const before = this.#held.get(name);
      const kept = before?.uid !== uid || before.address === address || MAY_CHANGE in labels;
      if (!kept) faults.push(`${name} had ${before?.address} and has "${address}"`);
      if (address === '') continue;
      const other = holders.get(address);
      if (other !== undefined) faults.push(`${other} and ${name} both have ${address}`);
      holders.set(address, name);
      this.#held.set(name, { uid, address });
    }
    return faults;
  }
}
