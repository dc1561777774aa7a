import type { IPAddressPool, ServiceAllocation as ServiceAllocationSource } from '../crds/ip-address-pool.ts';
import { formatAddress, type IpAddress, type Prefix, parseAddress, parsePrefix, summarizeRange } from '../lib/ip.ts';
import type { TextMap } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { matchesAny, parseSelectors, type Selector } from './selector.ts';
import { checkSpec, FLAG, LABEL_SELECTOR, listShape, objectShape, type Shape, TEXT, WHOLE_NUMBER } from './shape.ts';

/** An IPAddressPool that was checked by itself; whether it overlaps others is for {@link file://./pool-set.ts} to say. */
export interface Pool {
  readonly name: string;
  readonly uid: string;
  /** Number of the spec that this was read from. */
  readonly generation: number;
  readonly labels: TextMap;
  /** The entries of `spec.addresses` in their order, each with the prefixes it stands for. */
  readonly entries: readonly PoolEntry[];
  /** Whether Services that ask for nothing may get an address of it. */
  readonly autoAssign: boolean;
  /** Whether IPv4 addresses that end in .0 and .255 are none of its addresses. */
  readonly avoidBuggyIPs: boolean;
  /** What pins the pool to some Services; absent for a pool that is open to all. */
  readonly pinnedTo: ServiceAllocation | undefined;
}

/** One entry of a pool: as written, and the fewest prefixes that hold it. */
export interface PoolEntry {
  readonly text: string;
  readonly prefixes: readonly Prefix[];
}

/** Which Services a pinned pool takes. No namespace and no selector at all means every Service. */
export interface ServiceAllocation {
  /** Lower goes first; 0 goes last. */
  readonly priority: number;
  readonly namespaces: readonly string[];
  readonly namespaceSelectors: readonly Selector[];
  readonly serviceSelectors: readonly Selector[];
}

/** What decides whether a pool takes a Service. */
export interface PoolCandidate {
  readonly namespace: string;
  /** Labels of the Namespace, which the pool's namespace selectors match. */
  readonly namespaceLabels: TextMap;
  /** Labels of the Service. */
  readonly labels: TextMap;
}

/** All prefixes of a pool, in the order in which addresses are taken from them. */
export function poolPrefixes(pool: Pool): Prefix[] {
  return pool.entries.flatMap((entry) => entry.prefixes);
}

/**
 * Whether the pool keeps this address of its prefixes to itself: some old equipment takes IPv4 addresses that end in
 * .0 or .255 for network and broadcast addresses.
 */
export function leavesOut(pool: Pool, address: IpAddress): boolean {
  if (!pool.avoidBuggyIPs || address.family !== 'IPv4') return false;
  const lastOctet = address.value & 0xffn;
  return lastOctet === 0n || lastOctet === 0xffn;
}

/**
 * Whether a Service may have addresses of the pool. Namespaces and Service selectors must both pass where both are
 * given; a pool restricted to namespaces of which none exists takes nobody.
 */
export function poolAccepts(pool: Pool, candidate: PoolCandidate): boolean {
  const pinned = pool.pinnedTo;
  return pinned === undefined || (namespaceAccepted(pinned, candidate) && labelsAccepted(pinned, candidate.labels));
}

function namespaceAccepted(pinned: ServiceAllocation, { namespace, namespaceLabels }: PoolCandidate): boolean {
  if (pinned.namespaces.length === 0 && pinned.namespaceSelectors.length === 0) return true;
  return pinned.namespaces.includes(namespace) || matchesAny(pinned.namespaceSelectors, namespaceLabels);
}

function labelsAccepted(pinned: ServiceAllocation, labels: TextMap): boolean {
  return pinned.serviceSelectors.length === 0 || matchesAny(pinned.serviceSelectors, labels);
}

const SERVICE_ALLOCATION = objectShape({
  priority: WHOLE_NUMBER,
  namespaces: listShape(TEXT),
  namespaceSelectors: listShape(LABEL_SELECTOR),
  serviceSelectors: listShape(LABEL_SELECTOR),
});

/** The spec of an IPAddressPool. */
export const POOL_SPEC: Shape = objectShape(
  { addresses: listShape(TEXT), autoAssign: FLAG, avoidBuggyIPs: FLAG, serviceAllocation: SERVICE_ALLOCATION },
  ['addresses'],
);

/**
 * Checks one IPAddressPool by itself, whatever its spec is: never throws. The error is upstream's text, with the prefix
 * that names the pool.
 */
export function parsePool(object: IPAddressPool): Result<Pool, string> {
  const parsed = poolOf(object);
  return parsed.ok ? parsed : err(`parsing address pool ${object.metadata.name}: ${parsed.error}`);
}

function poolOf({ metadata, spec }: IPAddressPool): Result<Pool, string> {
  if (metadata.name === '') return err('missing pool name');
  const shaped = checkSpec(spec, POOL_SPEC);
  if (!shaped.ok) return shaped;
  const entries = entriesOf(metadata.name, spec.addresses);
  if (!entries.ok) return entries;
  const pinnedTo = allocationOf(metadata.name, spec.serviceAllocation);
  if (!pinnedTo.ok) return pinnedTo;
  return ok({
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    labels: metadata.labels ?? {},
    entries: entries.value,
    autoAssign: spec.autoAssign ?? true,
    avoidBuggyIPs: spec.avoidBuggyIPs ?? false,
    pinnedTo: pinnedTo.value,
  });
}

function entriesOf(pool: string, addresses: readonly string[]): Result<readonly PoolEntry[], string> {
  if (addresses.length === 0) return err('pool has no prefixes defined');
  const entries: PoolEntry[] = [];
  for (const text of addresses) {
    const prefixes = prefixesOf(text);
    if (!prefixes.ok) return err(`invalid CIDR "${text}" in pool "${pool}": ${prefixes.error}`);
    entries.push({ text, prefixes: prefixes.value });
  }
  return ok(entries);
}

/** Reads one entry of a pool: `address/length`, or `start-end` with both ends included and of one family. */
export function prefixesOf(text: string): Result<readonly Prefix[], string> {
  const dash = text.indexOf('-');
  if (dash >= 0) return rangeOf(text, text.slice(0, dash), text.slice(dash + 1));
  const prefix = parsePrefix(text);
  return prefix.ok ? ok([prefix.value]) : err(`invalid CIDR "${text}": ${prefix.error}`);
}

function rangeOf(text: string, startText: string, endText: string): Result<readonly Prefix[], string> {
  const refuse = (fault: string): Result<never, string> => err(`invalid IP range "${text}": ${fault}`);
  const start = parseAddress(startText.trim());
  if (start === undefined) return refuse(`invalid start IP "${startText}"`);
  const end = parseAddress(endText.trim());
  if (end === undefined) return refuse(`invalid end IP "${endText}"`);
  if (start.family !== end.family)
    return refuse(`start IP "${formatAddress(start)}" and end IP "${formatAddress(end)}" are of different families`);
  if (start.value > end.value) return refuse(`start IP "${formatAddress(start)}" is after the end IP "${formatAddress(end)}"`);
  return ok(summarizeRange(start, end));
}

function allocationOf(pool: string, source: ServiceAllocationSource | undefined): Result<ServiceAllocation | undefined, string> {
  if (source === undefined) return ok(undefined);
  const namespaces = source.namespaces ?? [];
  if (new Set(namespaces).size < namespaces.length) return err('duplicate definition in namespaces field');
  const refusal = (whose: string) => (text: string, fault: string) =>
    `invalid ${whose} label selector "${text}" in ip pool ${pool}: ${fault}`;
  const namespaceSelectors = parseSelectors('namespaceSelectors', source.namespaceSelectors, refusal('namespace'));
  if (!namespaceSelectors.ok) return namespaceSelectors;
  const serviceSelectors = parseSelectors('serviceSelectors', source.serviceSelectors, refusal('service'));
  if (!serviceSelectors.ok) return serviceSelectors;
  const priority = source.priority ?? 0;
  return ok({ priority, namespaces, namespaceSelectors: namespaceSelectors.value, serviceSelectors: serviceSelectors.value });
}
