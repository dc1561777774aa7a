import type { Router } from '../../../hack/lab/routers/router.ts';
import { compareTexts } from '../../../src/lib/order.ts';

/** One path to a prefix, as FRR prints it. Texts are empty for what the path does not have. */
export interface FrrPath {
  /** The node that it came from. */
  readonly peer: string;
  readonly nextHop: string;
  readonly asPath: string;
  /** As it came; FRR gives none to what came from another AS. */
  readonly localPreference: number | undefined;
  readonly communities: string;
  readonly extendedCommunities: string;
  readonly largeCommunities: string;
}

interface Text {
  readonly string?: string;
}

interface PrintedPath {
  readonly peer?: { readonly peerId?: string };
  readonly nexthops?: readonly { readonly ip?: string; readonly scope?: string }[];
  readonly aspath?: Text;
  readonly locPrf?: number;
  readonly community?: Text;
  readonly extendedCommunity?: Text;
  readonly largeCommunity?: Text;
}

/** All paths to a prefix, by the peer that they came from; none when FRR has no such route. */
export async function pathsOf(router: Router, prefix: string): Promise<readonly FrrPath[]> {
  const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
  const printed = await router.order(`show bgp ${family} unicast ${prefix} json`);
  const { paths = [] } = JSON.parse(printed || '{}') as { readonly paths?: readonly PrintedPath[] };
  return paths.map(pathOf).toSorted((left, right) => compareTexts(left.peer, right.peer));
}

function pathOf(path: PrintedPath): FrrPath {
  return {
    peer: path.peer?.peerId ?? '',
    nextHop: path.nexthops?.find(({ scope }) => scope !== 'link-local')?.ip ?? '',
    asPath: path.aspath?.string ?? '',
    localPreference: path.locPrf,
    communities: path.community?.string ?? '',
    extendedCommunities: path.extendedCommunity?.string ?? '',
    largeCommunities: path.largeCommunity?.string ?? '',
  };
}

/** How many messages of each kind came from a neighbour since its session came up. */
export interface FrrCounts {
  readonly opensRecv: number;
  readonly updatesRecv: number;
}

/** The counts of FRR itself. */
export async function countsFrom(router: Router, neighbour: string): Promise<FrrCounts> {
  const printed = JSON.parse(await router.order(`show bgp neighbors ${neighbour} json`)) as Record<string, { messageStats?: FrrCounts }>;
  const { opensRecv = 0, updatesRecv = 0 } = printed[neighbour]?.messageStats ?? {};
  return { opensRecv, updatesRecv };
}
