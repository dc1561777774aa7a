import type { ServiceRoutes } from '../../model/bgp-plan.ts';
import type { Announcement } from '../../model/plan.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';

/** All that the wire thread is told, as far as it may lie on a disk: a peer with a password is left out. */
export interface SavedPlan {
  readonly announcements: readonly Announcement[];
  readonly routes: readonly ServiceRoutes[];
  readonly peers: readonly PlannedPeer[];
  readonly draining: boolean;
  /** Names of the peers that were left out. */
  readonly withPassword: readonly string[];
}

/** What is saved of the routes that a node announces. */
export type RoutePlan = Pick<SavedPlan, 'routes' | 'peers' | 'draining'>;

/** The mark of a bigint: no text of an object begins with it. */
const BIGINT = '\u0000n';

/** A plan as text. `version` is that of the program: another one does not read it, since what it means by a plan may differ. */
export function encodePlan(announcements: readonly Announcement[], routes: RoutePlan, version: string): string {
  const withPassword = routes.peers.filter(({ password }) => password !== undefined).map(({ name }) => name);
  const peers = routes.peers.filter(({ password }) => password === undefined);
  const plan: SavedPlan = { announcements, ...routes, peers, withPassword };
  return JSON.stringify({ version, plan }, (_name, value: unknown) => (typeof value === 'bigint' ? `${BIGINT}${value}` : value));
}

/** A plan that {@link encodePlan} made of the same version; `undefined` for any other text. */
export function decodePlan(text: string, version: string): SavedPlan | undefined {
  const revive = (_name: string, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith(BIGINT) ? BigInt(value.slice(BIGINT.length)) : value;
  try {
    const saved = JSON.parse(text, revive) as { readonly version?: unknown; readonly plan?: SavedPlan } | null;
    return saved?.version === version ? saved.plan : undefined;
  } catch {
    return undefined;
  }
}
