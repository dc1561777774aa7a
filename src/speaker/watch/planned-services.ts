import { formatAddress } from '../../lib/ip.ts';
import { MultiMap } from '../../lib/multi-map.ts';
import type { Announcement } from '../../model/plan.ts';
import type { ServiceFacts } from '../../model/service.ts';

/** A Service for which this node may answer. */
export interface PlannedService {
  readonly service: ServiceFacts;
  readonly announcement: Announcement;
  /** The address whose owner announces them all, as text. */
  readonly address: string;
}

/** The Services for which this node may answer, by `namespace/name` and by address. */
export class PlannedServices {
  readonly #planned = new Map<string, PlannedService>();
  /** Which of them have an address, by its text: reports name one address each, and there may be thousands. */
  readonly #keys = new MultiMap<string, string>();

  /** How many addresses are looked up by: those that the Services have now, and none that they had. */
  get addresses(): number {
    return this.#keys.size;
  }

  /** Takes one, in the place of what was planned of the same Service. */
  set(planned: PlannedService): void {
    const { key } = planned.service;
    this.delete(key);
    this.#planned.set(key, planned);
    for (const address of textsOf(planned)) this.#keys.add(address, key);
  }

  /** Forgets a Service. */
  delete(key: string): void {
    const planned = this.#planned.get(key);
    if (planned === undefined) return;
    this.#planned.delete(key);
    for (const address of textsOf(planned)) this.#keys.delete(address, key);
  }

  /** All of them. */
  values(): IterableIterator<PlannedService> {
    return this.#planned.values();
  }

  /** Those that have this address, or are announced by its owner. */
  concernedBy(address: string): readonly PlannedService[] {
    return [...this.#keys.get(address)].flatMap((key) => this.#planned.get(key) ?? []);
  }
}

/** Its own addresses and the one that they go with, which in Services that share it may be another's. */
function textsOf({ announcement, address }: PlannedService): readonly string[] {
  return [...announcement.addresses.map(formatAddress), address];
}
