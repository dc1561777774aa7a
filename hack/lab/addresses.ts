/** The bits of an address by which its hosts are told apart, in both families. */
export interface HostAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
}

/** The segment that all hosts of a lab share: ranges that RFC 5737 and RFC 3849 keep for examples, so that nothing real is there. */
export const SEGMENT = { ipv4Length: 24, ipv6Length: 64 } as const;

/** Where on the segment each kind of host has its addresses; below the pool's, which begin at 200. */
export const HOST_NUMBERS = { controlPlane: 10, firstNode: 11, client: 100, firstExtra: 110 } as const;

/** The segment's addresses that no host has: what pools of tests and of the demo are made of. */
export const POOL_RANGES = { ipv4: '198.51.100.200-198.51.100.249', ipv6: '2001:db8:51::c800-2001:db8:51::c8ff' } as const;

/** All pods, for kube-proxy to tell their traffic from the world's. */
export const POD_RANGES = '10.244.0.0/16,2001:db8:244::/48';

/** Nodes come before the client's number, and pods of one node have one octet. */
export const MOST_NODES = 80;

/** The addresses of host `number` of the segment. Its MAC is a locally administered one that tells the number. */
export function segmentAddresses(number: number): HostAddresses {
  return { ipv4: `198.51.100.${number}`, ipv6: `2001:db8:51::${number}`, mac: `02:00:5e:00:53:${hexByte(number)}` };
}

/** The pod networks of the node with this index, counted from 0. */
export function podRanges(nodeIndex: number): { ipv4: string; ipv6: string } {
  return { ipv4: `10.244.${nodeIndex}.0/24`, ipv6: `2001:db8:244:${nodeIndex}::/64` };
}

/** The addresses of pod `number` of a node; number 1 is the node's own end. */
export function podAddresses(nodeIndex: number, number: number): { ipv4: string; ipv6: string } {
  return { ipv4: `10.244.${nodeIndex}.${number}`, ipv6: `2001:db8:244:${nodeIndex}::${number}` };
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
