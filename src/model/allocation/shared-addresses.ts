import type { AddressEntry } from './address-entry.ts';
import { OrdinalSet } from './ordinal-set.ts';

/** The addresses on which one sharing key is in force. */
interface Group {
  readonly places: OrdinalSet;
  readonly entries: Map<bigint, AddressEntry>;
  /** For a port, a place below which it is in use on each address: where a search for it may begin. */
  readonly begins: Map<string, bigint>;
}

/**
 * The addresses of one family of a pool that can be shared, by sharing key. A search remembers how far a port is taken
 * from below, so that ten thousand Services of one key and one port do not each look at all that came before them.
 */
export class SharedAddresses {
  /** How many places there are. */
  readonly #size: bigint;
  readonly #groups = new Map<string, Group>();
  /** The sharing key by which a place is filed. */
  readonly #filed = new Map<bigint, string>();

  constructor(size: bigint) {
    this.#size = size;
  }

  /** Files the address at `place` by the key that is in force on it now; without one it is not to be shared. */
  file(place: bigint, entry: AddressEntry): void {
    const { sharing } = entry;
    const before = this.#filed.get(place);
    if (before === sharing) return;
    if (before !== undefined) this.remove(place);
    if (sharing === '') return;
    const group = this.#groups.get(sharing) ?? { places: new OrdinalSet(this.#size), entries: new Map(), begins: new Map() };
    this.#groups.set(sharing, group);
    this.#filed.set(place, sharing);
    group.places.add(place);
    group.entries.set(place, entry);
    beginAt(group, place, group.begins.keys());
  }

  /** Takes an address out that nobody holds any more. */
  remove(place: bigint): void {
    const sharing = this.#filed.get(place) ?? '';
    const group = this.#groups.get(sharing);
    this.#filed.delete(place);
    group?.places.delete(place);
    group?.entries.delete(place);
    if (group?.entries.size === 0) this.#groups.delete(sharing);
  }

  /** Takes notice that a holder of the address at `place` gave up these ports. */
  portsGivenUp(place: bigint, ports: Iterable<string>): void {
    const group = this.#groups.get(this.#filed.get(place) ?? '');
    if (group !== undefined) beginAt(group, place, ports);
  }

  /** The first place at which the key is in force and none of the ports is in use. */
  firstPlace(sharing: string, ports: readonly string[]): bigint | undefined {
    const group = this.#groups.get(sharing);
    if (group === undefined) return undefined;
    const begins = ports.map((port) => group.begins.get(port) ?? 0n);
    let start = 0n;
    for (const begin of begins) if (begin > start) start = begin;
    let place = group.places.lowestMember(start);
    // Those that are taken on all addresses up to here: the next search for one of them begins where this one ends.
    let taken = ports.filter((_port, index) => group.places.lowestMember(begins[index] ?? 0n) === place);
    while (place !== undefined) {
      const entry = group.entries.get(place);
      if (!ports.some((port) => entry?.usesPort(port) === true)) return place;
      taken = taken.filter((port) => entry?.usesPort(port) === true);
      for (const port of taken) group.begins.set(port, place + 1n);
      place = group.places.lowestMember(place + 1n);
    }
    return undefined;
  }
}

/** Lets the searches for these ports begin at `place` at the latest. */
function beginAt({ begins }: Group, place: bigint, ports: Iterable<string>): void {
  for (const port of ports) if ((begins.get(port) ?? 0n) > place) begins.set(port, place);
}
