import type { ServiceRoutes } from '../../model/bgp-plan.ts';
import type { Announcement, Contenders } from '../../model/plan.ts';
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
/** The mark of contenders, by their place in a list: thousands of Services have the same hundred nodes. */
const CONTENDERS = '\u0000c';

/** A plan as text. `version` is that of the program: another one does not read it, since what it means by a plan may differ. */
export function encodePlan(announcements: readonly Announcement[], routes: RoutePlan, version: string): string {
  const withPassword = routes.peers.filter(({ password }) => password !== undefined).map(({ name }) => name);
  const peers = routes.peers.filter(({ password }) => password === undefined);
  const plan: SavedPlan = { announcements, ...routes, peers, withPassword };
  const places = new Map<Contenders, number>();
  for (const { candidacy } of announcements) {
    if (candidacy !== undefined && !places.has(candidacy.contenders)) places.set(candidacy.contenders, places.size);
  }
  const replace = (_name: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${BIGINT}${value}`;
    return value instanceof Map ? `${CONTENDERS}${places.get(value)}` : value;
  };
  return JSON.stringify({ version, contenders: Array.from(places.keys(), (each) => [...each]), plan }, replace);
}

/** A plan that {@link encodePlan} made of the same version; `undefined` for any other text. */
export function decodePlan(text: string, version: string): SavedPlan | undefined {
  try {
    return readPlan(text, version);
  } catch {
    return undefined;
  }
}

/** What a saved plan looks like as it lies on the disk. */
interface Saved {
  readonly version?: unknown;
  readonly plan?: SavedPlan;
  readonly contenders?: readonly (readonly [string, number][])[];
}

/** Contenders stand before what names them. */
function readPlan(text: string, version: string): SavedPlan | undefined {
  let contenders: readonly Contenders[] = [];
  const revive = (name: string, value: unknown): unknown => {
    if (name === 'contenders' && Array.isArray(value)) contenders = value.map((each) => new Map(each));
    if (typeof value !== 'string') return value;
    if (value.startsWith(BIGINT)) return BigInt(value.slice(BIGINT.length));
    if (!value.startsWith(CONTENDERS)) return value;
    const known = contenders[Number(value.slice(CONTENDERS.length))];
    if (known === undefined) throw new SyntaxError('contenders that are not there');
    return known;
  };
  const saved = JSON.parse(text, revive) as Saved | null;
  return saved?.version === version ? saved.plan : undefined;
}
