import type { Prefix } from '../lib/ip.ts';
import type { CommunityValue } from './community.ts';
import type { RouteWeight } from './route-weight.ts';

/** A route that a node announces for a Service. */
export interface PlannedRoute {
  readonly prefix: Prefix;
  /** `undefined` for the default. */
  readonly localPreference: number | undefined;
  readonly communities: readonly CommunityValue[];
  /** `undefined` where the route is not weighed. */
  readonly weight: RouteWeight | undefined;
  /** Names of BGPPeers, which need not exist; none given means all. */
  readonly peers: readonly string[];
}
