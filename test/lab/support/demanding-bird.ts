import type { Sandbox } from '../../../hack/kubernetes/sandbox.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { BIRD } from '../../../hack/lab/routers/bird.ts';
import { Router } from '../../../hack/lab/routers/router.ts';
import { CLUSTER_AS, ROUTER_AS } from './tor.ts';

/** The last part of each of its addresses, by what it wants there. */
export const BIRD_AT = { password: 120, ttl: 121, source: 122 } as const;
/** The address that the router knows this node by; the node has yet to get it. */
export const SOURCE = '198.51.100.123';

/** What the session at the first of them is signed with. */
export const PASSWORD = 'correct-horse';

/** Starts a router of another make on a host of the segment; each of its addresses wants something else of the node that it knows there. */
export async function startBird(sandbox: Sandbox, on: Host, nodes: Readonly<Record<'password' | 'ttl', string>>): Promise<Router> {
  const at = (last: number): string => on.addresses.ipv4.replace(/\d+$/, String(last));
  await on.ip(`address add ${at(BIRD_AT.ttl)}/24 dev eth0`, `address add ${at(BIRD_AT.source)}/24 dev eth0`);
  const protocol = (name: string, local: number, neighbour: string, more: string): string =>
    `protocol bgp wants_${name} { local ${at(local)} as ${ROUTER_AS}; neighbor ${neighbour} as ${CLUSTER_AS}; strict bind on; passive on; direct; ${more} ipv4 { import all; export none; }; }`;
  const configuration = [
    `router id ${on.addresses.ipv4};`,
    'protocol device {}',
    protocol('password', BIRD_AT.password, nodes.password, `password "${PASSWORD}";`),
    protocol('ttl', BIRD_AT.ttl, nodes.ttl, 'ttl security on;'),
    protocol('source', BIRD_AT.source, SOURCE, ''),
    '',
  ].join('\n');
  return await Router.start(sandbox, BIRD, on, configuration);
}
