import { CEASE, ceaseWithText, ERROR_CODE, type Notification } from '@typemetal/bgp-parser';
import type { Micros, Timer } from '../../lib/clock.ts';
import type { BgpChange, SessionReport } from '../../model/bgp-plan.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import type { TcpAcceptor, TcpIncoming } from '../net/tcp-acceptor.ts';
import { type RouteKey, RouteTable } from '../protocol/bgp/route-table.ts';
import { BgpListeners } from './bgp-listeners.ts';
import { BgpSession, type BgpSessionPorts } from './bgp-session.ts';
import { SessionHistory } from './session-history.ts';

const NO_LONGER_A_PEER: Notification = {
  type: 'notification',
  code: ERROR_CODE.cease,
  subcode: CEASE.peerDeconfigured,
  data: new Uint8Array(),
};
/** What peers are told at the end of this process (RFC 9003). */
const FAREWELLS = { restart: 'the speaker of this node ends', removal: 'the speaker of this node is removed' } as const;
const OTHERWISE_CONFIGURED: Notification = { ...NO_LONGER_A_PEER, subcode: CEASE.otherConfigurationChange };

/** Where and how to wait for connections of peers. */
export interface ListenSettings {
  readonly port: number;
  readonly acceptor: TcpAcceptor;
}

/** All BGP sessions of this node, and the routes that they tell of. */
export class BgpSessions implements Disposable {
  readonly #ports: BgpSessionPorts;
  readonly #table = new RouteTable();
  readonly #sessions = new Map<string, BgpSession>();
  /** Absent where peers are not to connect to this node. */
  readonly #listeners: BgpListeners | undefined;
  #refused = 0;
  /** Before the whole plan is known a peer would be told that these are all routes, and they are not. */
  #known: boolean = false;
  #leaving: Timer | undefined;

  /** `held` has the keys of the sessions that an earlier process or thread had; without `listen` nothing is listened for. */
  constructor(ports: Omit<BgpSessionPorts, 'table' | 'history'>, held: readonly string[], listen?: ListenSettings) {
    this.#ports = { ...ports, table: this.#table, history: new SessionHistory(held) };
    this.#listeners = listen === undefined ? undefined : this.#listenOn(listen);
  }

  /** How many connections of others than peers were turned away. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes changes of the plan: peers are told at once, with one message for all where that is possible. */
  apply(changes: readonly BgpChange[]): void {
    const keys = new Set<RouteKey>();
    for (const change of changes) this.#applyOne(change, keys);
    if (keys.size > 0) for (const session of this.#sessions.values()) session.routesChanged(keys);
  }

  /** How all sessions are, by the names of their peers. */
  reports(): readonly SessionReport[] {
    return [...this.#sessions.values()].map((session) => session.report());
  }

  /**
   * Says good-bye to all peers, and then calls `left`. A process that comes again says nothing to those that are to keep the
   * routes meanwhile. One that does not first lets routers move their traffic for the time of `drain`, if any has routes.
   */
  leave(drain: Micros | undefined, left: () => void): void {
    const leave = (): void => {
      this.#sayFarewell(drain === undefined ? 'restart' : 'removal');
      left();
    };
    const told = [...this.#sessions.values()].some((session) => session.report().announced > 0);
    if (drain === undefined || !told) leave();
    else {
      this.apply([{ kind: 'drain', draining: true }]);
      this.#leaving = this.#ports.clock.startTimer(drain, leave);
    }
  }

  #sayFarewell(why: keyof typeof FAREWELLS): void {
    const farewell = ceaseWithText(CEASE.administrativeShutdown, FAREWELLS[why]);
    for (const session of this.#sessions.values()) {
      session.stop(farewell, why === 'restart');
    }
    this.#sessions.clear();
  }

  [Symbol.dispose](): void {
    this.#leaving?.[Symbol.dispose]();
    this.#listeners?.[Symbol.dispose]();
    for (const session of this.#sessions.values()) session[Symbol.dispose]();
    this.#sessions.clear();
  }

  #applyOne(change: BgpChange, keys: Set<RouteKey>): void {
    switch (change.kind) {
      case 'route':
        for (const key of this.#table.set(change.service, change.routes)) keys.add(key);
        break;
      case 'drain':
        for (const key of this.#table.drain(change.draining)) keys.add(key);
        break;
      case 'peers':
        this.#setPeers(change.peers);
        break;
      case 'replace-bgp': {
        const there = new Set(change.routes.map(({ service }) => service));
        const gone = [...this.#table.services()].filter((service) => !there.has(service));
        for (const service of gone) for (const key of this.#table.set(service, [])) keys.add(key);
        for (const { service, routes } of change.routes) for (const key of this.#table.set(service, routes)) keys.add(key);
        this.#known = true;
        this.#setPeers(change.peers);
        break;
      }
    }
  }

  #setPeers(peers: readonly PlannedPeer[]): void {
    if (!this.#known) return;
    const byName = new Map(peers.map((peer) => [peer.name, peer]));
    for (const [name, session] of this.#sessions) {
      const wanted = byName.get(name);
      if (wanted !== undefined && identityOf(wanted) === identityOf(session.peer)) continue;
      session.remove(wanted === undefined ? NO_LONGER_A_PEER : OTHERWISE_CONFIGURED);
      this.#sessions.delete(name);
    }
    for (const [name, peer] of byName) {
      if (this.#sessions.has(name)) continue;
      const session = new BgpSession(peer, this.#ports);
      this.#sessions.set(name, session);
      session.start();
    }
    this.#listeners?.setPeers(peers);
    this.#ports.changed();
  }

  #listenOn({ port, acceptor }: ListenSettings): BgpListeners {
    const { clock, log, changed } = this.#ports;
    const refused = (): void => {
      this.#refused++;
      changed();
    };
    const incoming = (peer: string, connection: TcpIncoming): void => this.#sessions.get(peer)?.accept(connection);
    return new BgpListeners(port, { clock, acceptor, log, incoming, refused });
  }
}

/** Two peers with the same text are the same. */
function identityOf(peer: PlannedPeer): string {
  return JSON.stringify(peer, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
