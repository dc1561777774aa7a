import { type Clock, type Micros, micros } from '../../src/lib/clock.ts';
import { formatAddress, formatPrefix } from '../../src/lib/ip.ts';
import type { SessionReport } from '../../src/model/bgp-plan.ts';
import type { Report } from '../../src/model/plan.ts';
import type { PlannedPeer } from '../../src/model/planned-peer.ts';
import type { PlannedRoute } from '../../src/model/planned-route.ts';
import { NetworkError } from '../../src/speaker/net/network-error.ts';
import type { TcpConnector } from '../../src/speaker/net/tcp-connector.ts';
import { HeldSessions } from '../../src/speaker/shell/held-sessions.ts';
import type { Notice, Order } from '../../src/speaker/shell/messages.ts';
import { WireDriver } from '../../src/speaker/shell/wire-driver.ts';
import { WireThread } from '../../src/speaker/shell/wire-thread.ts';
import type { StartWorker, WireWorker, WireWorkerListener } from '../../src/speaker/shell/wire-worker.ts';
import { AnnouncementNotices } from '../../src/speaker/watch/announcement-notices.ts';
import { RouteAnnouncer } from '../../src/speaker/watch/route-announcer.ts';
import { FakeTcp } from '../support/fake-tcp.ts';
import { facts } from '../support/objects.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingMetrics } from '../support/recording-metrics.ts';
import { AttemptLog } from './attempt-log.ts';
import type { Sabotage } from './sabotage.ts';
import type { SimulatedConnection, SimulatedHost, SimulatedTcp } from './simulated-tcp.ts';

/** From one thread to the other. */
const THREAD_MICROS = 100;
/** A process that has to end is ended after this. */
const GRACE_MICROS = 1_500_000;

/** What a speaker of the simulation is made in, and whom it tells. */
export interface SpeakerWorld {
  readonly tcp: SimulatedTcp;
  readonly sabotage: Sabotage;
  violated(what: string): void;
}

/** A node with what it is to announce, and to whom; and its speaker, as long as that lives. */
export class SimulatedSpeaker {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly world: SpeakerWorld;
  readonly routes: Map<string, readonly PlannedRoute[]> = new Map();
  peers: readonly PlannedPeer[] = [];
  /** Routers are to prefer other nodes. */
  draining: boolean = false;
  process: SpeakerProcess | undefined;
  /** The life of its kernel, and what is kept on its disk of sessions. */
  boot = 1;
  kept: string | undefined;

  constructor(name: string, host: SimulatedHost, world: SpeakerWorld) {
    this.name = name;
    this.host = host;
    this.world = world;
  }

  /** Starts the process; one that takes its leave does not stand in the way. */
  start(): void {
    if (this.process?.ending === true) this.kill();
    this.process ??= new SpeakerProcess(this);
  }

  /** Ends the process as the kubelet does. */
  terminate(): void {
    const { process } = this;
    process?.terminate();
    this.world.tcp.timeline.after(GRACE_MICROS, () => process !== undefined && this.process === process && this.kill());
  }

  kill(): void {
    this.process?.kill();
    this.process = undefined;
  }

  /** The power of the node is gone. */
  powerOff(): void {
    this.boot++;
    this.host.powerOff();
    this.kill();
  }

  setRoutes(service: string, routes: readonly PlannedRoute[]): void {
    if (routes.length === 0) this.routes.delete(service);
    else this.routes.set(service, routes);
    this.process?.decide(service);
  }

  setDraining(draining: boolean): void {
    this.draining = draining;
    this.process?.decideDraining();
  }

  setPeers(peers: readonly PlannedPeer[]): void {
    this.peers = peers;
    this.process?.decidePeers();
  }
}

/** One life of a speaker: the real main thread's side of BGP, the real wire thread, and the way between them. */
export class SpeakerProcess {
  /** The whole plan has been handed over. */
  complete: boolean = false;
  alive: boolean = true;
  sessions: readonly SessionReport[] = [];
  readonly attempts: AttemptLog;
  readonly #speaker: SimulatedSpeaker;
  readonly #announcer: RouteAnnouncer;
  readonly #thread: WireThread;
  readonly #held: HeldSessions;
  readonly #ending = new AbortController();
  #worker: { readonly stop: (reason: string) => void } | undefined;

  constructor(speaker: SimulatedSpeaker) {
    this.#speaker = speaker;
    const { timeline } = speaker.world.tcp;
    this.attempts = new AttemptLog(timeline, (what) => speaker.world.violated(`${speaker.name}: ${what}`));
    const keep = (text: string): void => {
      speaker.kept = text;
    };
    this.#held = new HeldSessions(`boot ${speaker.boot}`, { read: () => speaker.kept, write: keep });
    const log = new RecordingLogger();
    const events = { record: () => undefined };
    const notices = new AnnouncementNotices({ node: speaker.name, metrics: new RecordingMetrics(), log, events });
    this.#announcer = new RouteAnnouncer({ notices, log, applyToWire: (change) => this.#thread.apply(change) });
    this.#thread = new WireThread({
      ...{ clock: this.#clock((act) => act()), node: speaker.name, excludedInterfaces: [], debug: false },
      heldSessions: () => this.#held.keys,
      onReport: (report) => this.#heard(report),
      onPlanWanted: () => this.#announcer.replay(),
      startWorker: (settings, listener) => this.#startWorker(settings, listener),
    });
    void this.#thread.run(this.#ending.signal);
    timeline.after(speaker.world.tcp.random() * 1_000_000, () => this.#prepare());
  }

  /** Looks at what a Service is to have. */
  decide(service: string): void {
    const routes = this.#speaker.routes.get(service) ?? [];
    const ips = routes.map(({ prefix }) => formatPrefix(prefix));
    const name = service.slice(service.indexOf('/') + 1);
    if (routes.length === 0) this.#announcer.carryOut(service, undefined, { kind: 'withhold', reason: 'serviceDeleted', detail: '' });
    else {
      const addresses = routes.map(({ prefix }) => prefix.address);
      this.#announcer.carryOut(service, facts({ name, ips }), { kind: 'announce', addresses, routes, fault: undefined });
    }
  }

  decideDraining(): void {
    this.#announcer.setDraining(this.#speaker.draining);
  }

  decidePeers(): void {
    this.#announcer.setPeers(this.#speaker.peers);
  }

  /** It was told to end. */
  get ending(): boolean {
    return this.#ending.signal.aborted;
  }

  terminate(): void {
    this.#ending.abort();
  }

  kill(): void {
    this.alive = false;
    this.#worker?.stop('the process is gone');
    this.#ending.abort();
  }

  /** The wire thread ends, and is to be started again. */
  crashThread(): void {
    this.#worker?.stop('it crashed');
  }

  /** Half of the Services are known at once and the others later: the thread must not take the half for all. */
  #prepare(): void {
    if (!this.alive) return;
    this.decideDraining();
    this.decidePeers();
    for (const service of [...this.#speaker.routes.keys()].slice(0, this.#speaker.routes.size / 2)) this.decide(service);
    this.#speaker.world.tcp.timeline.after(this.#speaker.world.tcp.random() * 500_000, () => {
      if (!this.alive) return;
      for (const service of this.#speaker.routes.keys()) this.decide(service);
      this.complete = true;
      this.#announcer.complete();
    });
  }

  #heard(report: Report): void {
    if (report.kind === 'sessions') this.#take(report.sessions);
    if (report.kind === 'log') this.attempts.said(report.message, report.fields);
  }

  #take(sessions: readonly SessionReport[]): void {
    this.sessions = sessions;
    this.#held.take(sessions);
  }

  #clock(run: (act: () => void) => void): Clock {
    const { timeline } = this.#speaker.world.tcp;
    return {
      now: () => micros(timeline.now),
      wallMilliseconds: () => Math.floor(timeline.now / 1_000),
      startTimer: (delay, fire) => {
        let wanted = true;
        timeline.after(delay, () => run(() => wanted && this.alive && fire()));
        return {
          [Symbol.dispose]: () => {
            wanted = false;
          },
        };
      },
    };
  }

  #startWorker(settings: Parameters<StartWorker>[0], listener: WireWorkerListener): WireWorker {
    const { host, world } = this.#speaker;
    const { timeline, random } = world.tcp;
    const { sabotage } = world;
    let lives = true;
    const clock = sabotage.clock(this.#clock((act) => host.run(() => lives && act())));
    const post = (notice: Notice): void =>
      void timeline.after(THREAD_MICROS, () => lives && this.alive && listener.noticed(structuredClone(notice)));
    const ends = new Set<SimulatedConnection>();
    const connector = sabotage.connector(this.#connector(ends), clock);
    const refuse = (): never => {
      throw new NetworkError('EPERM', 'there is no segment in this simulation');
    };
    const driver = new WireDriver(settings, {
      clock,
      connect: refuse,
      post,
      randomBits: () => 7n,
      rank: (node) => node,
      connector,
      acceptor: new FakeTcp(),
      random,
    });
    const take = (order: Order): void => {
      if (!lives) return;
      if (order.kind === 'changes') this.attempts.planned(order.changes);
      driver.take(structuredClone(order));
    };
    const stop = (reason: string): void => {
      if (!lives) return;
      lives = false;
      for (const end of ends) end.end();
      this.attempts.clear();
      if (this.alive) timeline.after(THREAD_MICROS, () => listener.ended(reason));
    };
    this.#worker = { stop };
    host.run(() => lives && driver.start());
    return {
      post: (order) => void timeline.after(THREAD_MICROS, () => host.run(() => take(sabotage.order(order)))),
      stop: () => stop('it was told to end'),
    };
  }

  #connector(ends: Set<SimulatedConnection>): TcpConnector {
    const { host, world } = this.#speaker;
    return {
      connect: (target, listener) => {
        const connection = world.tcp.connect(host, target, listener);
        ends.add(connection);
        for (const end of ends) if (end.over) ends.delete(end);
        this.attempts.began(formatAddress(target.address), connection);
        return connection;
      },
    };
  }
}

/** A span of whole seconds. */
export function seconds(value: number): Micros {
  return micros(value * 1_000_000);
}
