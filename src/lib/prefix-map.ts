import { type Family, type IpAddress, lastAddress, type Prefix } from './ip.ts';

/** One prefix of a {@link PrefixMap} and what was filed under it. */
export interface PrefixEntry<Value> {
  readonly prefix: Prefix;
  readonly value: Value;
}

/**
 * Prefixes that do not overlap, each with a value; finds the one that holds an address in O(log n). Adding costs a
 * move of the entries behind it, which is right for what is built seldom and asked often.
 */
export class PrefixMap<Value> {
  readonly #entries: Readonly<Record<Family, PrefixEntry<Value>[]>> = { IPv4: [], IPv6: [] };

  /** Files `value` under `prefix`. Refuses with the lowest entry that overlaps it, and then changes nothing. */
  add(prefix: Prefix, value: Value): PrefixEntry<Value> | undefined {
    const clash = this.overlapping(prefix);
    if (clash !== undefined) return clash;
    const { family, value: first } = prefix.address;
    const entries = this.#entries[family];
    entries.splice(countUpTo(entries, first), 0, { prefix, value });
    return undefined;
  }

  /** The lowest entry that shares an address with `prefix`. */
  overlapping(prefix: Prefix): PrefixEntry<Value> | undefined {
    const entries = this.#entries[prefix.address.family];
    const at = countUpTo(entries, prefix.address.value);
    const before = entries[at - 1];
    if (before !== undefined && lastAddress(before.prefix).value >= prefix.address.value) return before;
    const after = entries[at];
    return after !== undefined && after.prefix.address.value <= lastAddress(prefix).value ? after : undefined;
  }

  /** The entry whose prefix holds `address`. */
  find(address: IpAddress): PrefixEntry<Value> | undefined {
    const entries = this.#entries[address.family];
    const entry = entries[countUpTo(entries, address.value) - 1];
    return entry !== undefined && lastAddress(entry.prefix).value >= address.value ? entry : undefined;
  }
}

/** How many entries begin at or below `value`: they are sorted by their first address. */
function countUpTo(entries: readonly PrefixEntry<unknown>[], value: bigint): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && entry.prefix.address.value <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
