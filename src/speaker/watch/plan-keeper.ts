import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { formatAddress } from '../../lib/ip.ts';
import { pause } from '../../lib/pause.ts';
import type { Announcement, WireChange } from '../../model/plan.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AnnouncedServices } from './announced-services.ts';
import type { KeptText } from './kept-text.ts';
import type { RouteAnnouncer } from './route-announcer.ts';
import { decodePlan, encodePlan, type RoutePlan, type SavedPlan } from './saved-plan.ts';

/** What keeping the plan needs of the world. */
export interface PlanKeeperPorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** The plan, and the sign that this speaker lives: it is written often, the plan when it changes. */
  readonly files: Readonly<Record<'plan' | 'alive', KeptText>>;
  readonly version: string;
  /** How long other nodes leave the addresses to a node whose speaker is away, in seconds. */
  readonly graceSeconds: number;
  readonly announced: AnnouncedServices;
  readonly routes: RouteAnnouncer;
  /** Hands a change to the thread that owns the wire. Never waits. */
  applyToWire(change: WireChange): void;
}

/** The API server has this long to say how things are; what it says is better than what was kept. */
const RESUME_AFTER: Micros = milliseconds(2_000);
/** Changes that come one after another are kept together. */
const SAVE_EVERY: Micros = milliseconds(1_000);
const ALIVE_EVERY: Micros = milliseconds(5_000);
/** By how much the sign of life may be out of date, doubled. */
const ALIVE_SLACK_SECONDS = 10;
/** A node that announced nothing for longer has been replaced by others, or its routers have been told otherwise. */
const MOST_AGE_SECONDS = 3_600;

/**
 * Keeps the plan of this node on its disk. A speaker that starts while the API server is away goes on with what it
 * announced; what the API server says takes its place as soon as it comes. Routes are kept for an hour without a
 * speaker, addresses of layer 2 only while no other node has taken them.
 */
export class PlanKeeper {
  readonly #ports: PlanKeeperPorts;
  #resumed: SavedPlan | undefined;
  #settled: boolean = false;
  #dirty: boolean = false;

  constructor(ports: PlanKeeperPorts) {
    this.#ports = ports;
  }

  /** Whether the node announces what was kept, because the API server has not said anything yet. */
  get resumed(): boolean {
    return this.#resumed !== undefined && !(this.#settled && this.#ports.routes.plan() !== undefined);
  }

  /** What this node announces, as this process or the one before planned it; routes are absent while nothing is known of them. */
  get told(): { readonly announcements: readonly Announcement[]; readonly plan: RoutePlan | undefined } {
    const { announced, routes } = this.#ports;
    const saved = this.#settled ? undefined : this.#resumed;
    const mine = ({ candidacy }: Announcement): boolean => candidacy === undefined || announced.owned.has(formatAddress(candidacy.address));
    return { announcements: saved?.announcements.filter(mine) ?? announced.announcements(), plan: routes.plan() ?? this.#resumed };
  }

  /** Says that the plan is another one. */
  changed(): void {
    this.#dirty = true;
  }

  /** Gives the wire thread the whole plan, as well as it is known. */
  replay(): void {
    this.#replayLayer2();
    const { routes, applyToWire } = this.#ports;
    const saved = this.#resumed;
    if (routes.plan() !== undefined || saved === undefined) routes.replay();
    else {
      applyToWire({ kind: 'replace-bgp', routes: saved.routes, peers: saved.peers });
      if (saved.draining) applyToWire({ kind: 'drain', draining: true });
    }
  }

  /** Keeps the plan until `signal` is aborted. Rejects never. */
  async run(signal: AbortSignal): Promise<void> {
    const saved = this.#read();
    await Promise.all([this.#resume(saved, signal), this.#settle(signal), this.#stayAlive(signal), this.#save(signal)]);
  }

  #replayLayer2(): void {
    const saved = this.#settled ? undefined : this.#resumed;
    const announcements = saved?.announcements ?? this.#ports.announced.planned();
    this.#ports.applyToWire({ kind: 'replace', announcements, provisional: !this.#settled });
  }

  #read(): SavedPlan | undefined {
    const { files, version, graceSeconds } = this.#ports;
    const age = files.alive.read()?.ageSeconds ?? Number.POSITIVE_INFINITY;
    const text = files.plan.read()?.text;
    const plan = text === undefined || age > MOST_AGE_SECONDS ? undefined : decodePlan(text, version);
    return plan === undefined || age <= graceSeconds - ALIVE_SLACK_SECONDS ? plan : { ...plan, announcements: [] };
  }

  async #resume(saved: SavedPlan | undefined, signal: AbortSignal): Promise<void> {
    if (saved === undefined || saved.announcements.length + saved.routes.length === 0) return;
    const { clock, log, routes } = this.#ports;
    await pause(clock, RESUME_AFTER, signal);
    if (signal.aborted || (this.#settled && routes.plan() !== undefined)) return;
    this.#resumed = saved;
    const numbers = { services: saved.announcements.length, routedServices: saved.routes.length, peers: saved.peers.length };
    log.warn('the API server is silent: this node announces what it announced before the restart', { op: 'resume', ...numbers });
    for (const peer of saved.withPassword)
      log.warn('no session with this peer until the API server answers: its password is not kept on disk', { op: 'resume', peer });
    this.replay();
  }

  /** From now on the wire has the whole plan: what was kept and is not wanted any more goes, and what others have is theirs. */
  async #settle(signal: AbortSignal): Promise<void> {
    await this.#ports.announced.whenSettled(signal);
    if (signal.aborted) return;
    this.#settled = true;
    this.#dirty = true;
    this.#replayLayer2();
  }

  async #stayAlive(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#ports.files.alive.write('');
      await pause(this.#ports.clock, ALIVE_EVERY, signal);
    }
  }

  async #save(signal: AbortSignal): Promise<void> {
    const { clock, files, announced, routes, version } = this.#ports;
    for (;;) {
      const plan = routes.plan();
      if (this.#dirty && this.#settled && plan !== undefined) {
        this.#dirty = false;
        files.plan.write(encodePlan(announced.planned(), plan, version));
      }
      if (signal.aborted) return;
      await pause(clock, SAVE_EVERY, signal);
    }
  }
}
