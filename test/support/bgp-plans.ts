import { parseAddress, parsePrefix } from '../../src/lib/ip.ts';
import type { ServiceRoutes } from '../../src/model/bgp-plan.ts';
import type { PlannedPeer } from '../../src/model/planned-peer.ts';

/** The session of a node with a router, with defaults for what a test does not say. */
export function plannedPeer(rest: Partial<PlannedPeer> = {}): PlannedPeer {
  const address = parseAddress('198.51.100.1');
  if (address === undefined) throw new Error('no address');
  return {
    name: 'tor',
    address,
    port: 179,
    sourceAddress: undefined,
    vrf: undefined,
    password: undefined,
    localAsn: 64_512,
    remoteAs: { kind: 'external' },
    routerId: undefined,
    holdTimeSeconds: 90,
    keepaliveSeconds: undefined,
    connectTimeSeconds: undefined,
    families: ['IPv4'],
    gracefulRestart: false,
    ...rest,
  };
}

/** Routes of a Service to these prefixes, for all peers. */
export function serviceRoutes(service: string, ...texts: readonly string[]): ServiceRoutes {
  const routes = texts.map((text) => {
    const prefix = parsePrefix(text);
    if (!prefix.ok) throw new Error(prefix.error);
    return { prefix: prefix.value, localPreference: undefined, communities: [], weight: undefined, peers: [] };
  });
  return { service, routes };
}
