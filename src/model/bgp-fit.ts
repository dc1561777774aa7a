import type { Family } from '../lib/ip.ts';
import { compareTexts } from '../lib/order.ts';
import { selectsNode, selectsPool } from './advertisement-scope.ts';
import { announcesPool, type BgpAdvertisement, reachesPeer } from './bgp-advertisement.ts';
import type { BgpPeer } from './bgp-peer.ts';
import type { NodeFacts } from './node-facts.ts';
import { type ObjectSet, type Refusal, refusal } from './object-set.ts';
import { type Pool, poolPrefixes } from './pool.ts';

/** What advertisements are checked against. */
export interface FitSurroundings {
  readonly pools: readonly Pool[];
  readonly nodes: readonly Pick<NodeFacts, 'name' | 'labels'>[];
}

/**
 * Leaves out of each advertisement the pools that it does not fit: because it would announce more than an entry of the
 * pool holds, or because an older one announces the same routes with another local preference. It goes on for its other
 * pools: a small pool, made later, must not withdraw the routes to others. The errors are upstream's texts, one a line.
 */
export function fitAdvertisements(
  { inUse, refused }: ObjectSet<BgpAdvertisement>,
  { pools, nodes }: FitSurroundings,
): ObjectSet<BgpAdvertisement> {
  const byName = [...pools].sort((left, right) => compareTexts(left.name, right.name));
  const fitted = new Map<string, BgpAdvertisement>();
  const faults = new Map<string, Refusal>(refused);
  for (const [name, advertisement] of inUse) {
    const misfits = new Map<string, string>();
    for (const pool of byName) {
      if (!selectsPool(advertisement, pool)) continue;
      const fault = aggregationFault(advertisement, pool) ?? preferenceFault(advertisement, pool, fitted.values(), nodes);
      if (fault !== undefined) misfits.set(pool.name, fault);
    }
    fitted.set(name, { ...advertisement, leftOut: new Set(misfits.keys()) });
    // What an object says of itself comes first.
    if (misfits.size > 0 && !faults.has(name)) faults.set(name, refusal([...new Set(misfits.values())].join('\n')));
  }
  return { inUse: fitted, refused: faults };
}

function aggregationFault({ aggregationLength }: BgpAdvertisement, { entries }: Pool): string | undefined {
  for (const { text, prefixes } of entries) {
    const [first] = prefixes;
    if (first === undefined) continue;
    const length = aggregationLength[first.address.family];
    // A range is several prefixes; it is refused when none of them holds a route of this length.
    const shortest = Math.min(...prefixes.map((prefix) => prefix.length));
    if (length < shortest) {
      return `invalid aggregation length ${length}: prefix ${shortest} in this pool is more specific than the aggregation length for addresses ${text}`;
    }
  }
  return undefined;
}

/** With Service selectors it is only known for each Service whether two advertisements meet. */
function preferenceFault(
  advertisement: BgpAdvertisement,
  pool: Pool,
  older: Iterable<BgpAdvertisement>,
  nodes: FitSurroundings['nodes'],
): string | undefined {
  if (advertisement.serviceSelectors.length > 0) return undefined;
  for (const other of older) {
    if (other.serviceSelectors.length > 0 || !announcesPool(other, pool)) continue;
    const [own, taken] = [advertisement.localPreference ?? 0, other.localPreference ?? 0];
    if (own === taken || !sameRoutes(advertisement, other, pool)) continue;
    if (!sharePeer(advertisement, other) || !shareNode(advertisement, other, nodes)) continue;
    return `invalid local preference ${own}: local preferernce ${taken} was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths`;
  }
  return undefined;
}

/** Whether both announce at least one route of the pool alike: for a pool of both families either length is enough. */
function sameRoutes(left: BgpAdvertisement, right: BgpAdvertisement, pool: Pool): boolean {
  const families = new Set<Family>(poolPrefixes(pool).map(({ address }) => address.family));
  return [...families].some((family) => left.aggregationLength[family] === right.aggregationLength[family]);
}

function sharePeer(left: BgpAdvertisement, right: BgpAdvertisement): boolean {
  return left.peers.length === 0 || right.peers.length === 0 || left.peers.some((peer) => right.peers.includes(peer));
}

function shareNode(left: BgpAdvertisement, right: BgpAdvertisement, nodes: FitSurroundings['nodes']): boolean {
  return nodes.some(({ labels }) => selectsNode(left, labels) && selectsNode(right, labels));
}

/**
 * Takes the echo mode from peers that IPv6 routes are announced to. They keep their session and the rest of their BFD
 * profile: a slip in a profile must not withdraw routes. The error is upstream's text.
 */
export function fitPeers(
  { inUse, refused }: ObjectSet<BgpPeer>,
  advertisements: ObjectSet<BgpAdvertisement>,
  pools: readonly Pool[],
): ObjectSet<BgpPeer> {
  const fitted = new Map<string, BgpPeer>(inUse);
  const faults = new Map<string, Refusal>(refused);
  const sixes = [...pools].filter((pool) => poolPrefixes(pool).some(({ address }) => address.family === 'IPv6'));
  const byName = sixes.sort((left, right) => compareTexts(left.name, right.name));
  for (const [name, peer] of inUse) {
    const { bfd } = peer;
    if (bfd === undefined || !bfd.echoMode) continue;
    const fault = echoFault(name, advertisements.inUse.values(), byName);
    if (fault === undefined) continue;
    fitted.set(name, { ...peer, bfd: { ...bfd, echoMode: false } });
    if (!faults.has(name)) faults.set(name, refusal(fault));
  }
  return { inUse: fitted, refused: faults };
}

function echoFault(peer: string, advertisements: Iterable<BgpAdvertisement>, pools: readonly Pool[]): string | undefined {
  const reaching = [...advertisements].filter((advertisement) => reachesPeer(advertisement, peer));
  for (const pool of pools) {
    const found = reaching.find((advertisement) => announcesPool(advertisement, pool));
    if (found !== undefined) {
      return `pool ${pool.name} has bgpadvertisement ${found.name} which references peer ${peer} which has bfd echo enabled, which is not possible`;
    }
  }
  return undefined;
}
