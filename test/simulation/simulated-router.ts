import type { Capability } from '@typemetal/bgp-parser';
import { RouterSession } from './router-session.ts';
import type { SimulatedHost } from './simulated-tcp.ts';
import type { Timeline } from './timeline.ts';

/** What a router answers to the next who connect; each is a way to be no use. */
export const MOODS = [
  'silent',
  'wrong-as',
  'wrong-version',
  'wrong-hold-time',
  'no-families',
  'keepalive-first',
  'notification',
  'garbage',
  'leaves',
  'leaves-later',
  'accepts-and-ceases',
] as const;
export type Mood = (typeof MOODS)[number];

/** Who is told of sessions, and of what must not be. */
export interface RouterWorld {
  readonly timeline: Timeline;
  readonly random: () => number;
  violated(what: string): void;
  /** A node has said that these are all routes of a family. */
  marked(router: SimulatedRouter, session: RouterSession, family: 'IPv4' | 'IPv6'): void;
}

/** Routes that a node has left behind, to be used until it is back (RFC 4724, Section 4.2). */
interface Kept {
  readonly routes: Map<string, string>;
  readonly until: number;
}

/** A router: takes connections, holds a session with each node, and has a table for each. */
export class SimulatedRouter {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly world: RouterWorld;
  readonly asn: number;
  readonly routerId: number;
  mood: Mood | undefined;
  /** Whether a second connection takes the place of the first, or is refused (RFC 4271, Section 6.8). */
  readonly replaces: boolean;
  readonly sessions: Map<SimulatedHost, RouterSession> = new Map();
  readonly kept: Map<SimulatedHost, Kept> = new Map();

  constructor(name: string, host: SimulatedHost, asn: number, world: RouterWorld) {
    this.name = name;
    this.host = host;
    this.asn = asn;
    this.world = world;
    this.routerId = 0x0909_0900 + Number(host.address.value & 0xffn);
    this.replaces = world.random() < 0.5;
    this.listen();
  }

  listen(): void {
    this.host.accept = (connection, from) => new RouterSession(this, connection, from).listener;
  }

  /** The program ends: with a word to each node, by its kernel, or so that nobody hears of it. */
  end(how: 'ceases' | 'crashes' | 'loses its power'): void {
    this.host.accept = undefined;
    for (const session of this.sessions.values()) session.quit(how === 'ceases');
    this.sessions.clear();
    this.kept.clear();
    if (how === 'loses its power') this.host.powerOff();
  }

  /** All routes over a node that it would use now. */
  routesOver(node: SimulatedHost): ReadonlyMap<string, string> {
    const kept = this.kept.get(node);
    const old = kept === undefined || kept.until < this.world.timeline.now ? [] : kept.routes;
    return new Map([...old, ...(this.sessions.get(node)?.routes ?? [])]);
  }

  /** What it offers to the next who connects. */
  capabilities(): readonly Capability[] {
    const likely = (chance: number, capability: Capability): readonly Capability[] => (this.world.random() < chance ? [capability] : []);
    const families = this.world.random() < 0.3 ? [1] : [1, 2];
    const kept = families.map((afi) => ({ afi, safi: 1, forwarding: true }));
    const notification = this.world.random() < 0.5;
    return [
      ...families.map((afi): Capability => ({ code: 1, name: 'multiprotocol', afi, safi: 1 })),
      ...likely(0.9, { code: 2, name: 'route-refresh' }),
      ...likely(0.5, { code: 5, name: 'extended-next-hop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }),
      ...likely(0.5, { code: 6, name: 'extended-message' }),
      ...likely(0.5, { code: 64, name: 'graceful-restart', restarted: false, notification, restartTimeSeconds: 60, families: kept }),
      ...likely(this.asn > 0xffff ? 1 : 0.9, { code: 65, name: 'four-octet-asn', asn: this.asn }),
      ...likely(0.5, { code: 70, name: 'enhanced-route-refresh' }),
    ];
  }

  /** The session that a new connection of a node is to be; a former one may stand in its way. */
  admits(session: RouterSession): boolean {
    const former = this.sessions.get(session.node);
    if (former?.established === true && !this.replaces) return false;
    former?.quit(true);
    this.sessions.set(session.node, session);
    return true;
  }

  /** A session is over; `keeps` when the node said that it will be back. */
  forget(session: RouterSession, keepsSeconds: number): void {
    if (this.sessions.get(session.node) !== session) return;
    this.sessions.delete(session.node);
    if (keepsSeconds === 0) return;
    const old = this.kept.get(session.node);
    const routes = new Map([...(old?.routes ?? []), ...session.routes]);
    this.kept.set(session.node, { routes, until: this.world.timeline.now + keepsSeconds * 1_000_000 });
  }

  /** A node is back: what it left behind counts until it has said that it has said all, or not at all. */
  reconsider(node: SimulatedHost, family: 'IPv4' | 'IPv6' | undefined): void {
    const kept = this.kept.get(node);
    if (kept === undefined) return;
    for (const prefix of kept.routes.keys()) {
      if (family === undefined || prefix.includes(':') === (family === 'IPv6')) kept.routes.delete(prefix);
    }
  }
}
