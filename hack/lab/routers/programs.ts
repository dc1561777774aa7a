import type { NeededProgram } from '../packages.ts';

/** The routers that the lab can put on a host. */
export const ROUTER_PROGRAMS: readonly NeededProgram[] = [
  { program: '/usr/lib/frr/bgpd', debian: 'frr', purpose: 'the router FRR', service: 'frr.service' },
  { program: 'bird', debian: 'bird2', purpose: 'the router BIRD', service: 'bird.service' },
  { program: 'gobgpd', debian: 'gobgpd', purpose: 'the router GoBGP', service: 'gobgpd.service' },
  { program: 'exabgp', debian: 'exabgp', purpose: 'the route injector ExaBGP', service: 'exabgp.service' },
];

/** A second opinion on what bytes mean. */
export const DISSECTOR: NeededProgram = { program: 'tshark', debian: 'tshark', purpose: 'reading BGP messages independently' };
