import { type Clock, type Micros, micros, milliseconds, type Timer } from '../../lib/clock.ts';
import { type BurstEvent, type BurstState, noBurst, stepBurst } from '../protocol/layer2/burst.ts';
import type { RecentAsker } from '../protocol/layer2/recent-askers.ts';
import { Refresh } from '../protocol/layer2/refresh.ts';

/** What the announcements of one link need. */
export interface AnnouncementTimerOptions<Ip, Form> {
  readonly clock: Clock;
  /** The ways in which the protocol tells of an address unasked; the first one alone keeps it alive. */
  readonly forms: readonly [Form, ...Form[]];
  /** Whether what was told is to be kept alive now: not by a node that may be cut off, which would take an address from its new owner. */
  refreshes(): boolean;
  send(ip: Ip, form: Form): void;
  /** Who has asked for these lately; called when all have been told of them for the first time. */
  askersOf(ips: ReadonlySet<Ip>): readonly RecentAsker<Ip>[];
  /** Tells one alone of what it has asked for. */
  notify(asker: RecentAsker<Ip>): void;
}

/** Round 0 of a burst is on its way by then, and all addresses that come at once are there. */
const NOTICES_AFTER: Micros = milliseconds(5);

/** Drives what one link tells unasked, the burst of an address that is new and then its refresh: a call for each frame that is due. */
export class AnnouncementTimer<Ip, Form> implements Disposable {
  readonly #options: AnnouncementTimerOptions<Ip, Form>;
  readonly #refresh = new Refresh<Ip>();
  #state: BurstState<Ip, Form>;
  #burstTimer: Timer | undefined;
  #refreshTimer: Timer | undefined;
  /** Whoever has asked for these is still to be found. */
  readonly #unasked = new Set<Ip>();
  #noticeTimer: Timer | undefined;

  constructor(options: AnnouncementTimerOptions<Ip, Form>) {
    this.#options = options;
    this.#state = noBurst(options.forms);
  }

  /** Announces addresses unasked, from the first round on. */
  announce(ips: readonly Ip[]): void {
    if (ips.length === 0) return;
    const now = this.#options.clock.now();
    this.#step({ kind: 'appeared', now, ips });
    this.#refresh.appeared(ips, now);
    this.#scheduleRefresh(now);
    for (const ip of ips) this.#unasked.add(ip);
    // Addresses come one after another: who has asked for any of them is looked up once.
    this.#noticeTimer ??= this.#options.clock.startTimer(NOTICES_AFTER, () => this.#findAskers());
  }

  /** Says nothing more of these addresses. */
  silence(ips: readonly Ip[]): void {
    if (ips.length === 0) return;
    const now = this.#options.clock.now();
    this.#step({ kind: 'disappeared', now, ips });
    this.#refresh.disappeared(ips);
    for (const ip of ips) this.#unasked.delete(ip);
    this.#scheduleRefresh(now);
  }

  [Symbol.dispose](): void {
    this.#burstTimer?.[Symbol.dispose]();
    this.#refreshTimer?.[Symbol.dispose]();
    this.#noticeTimer?.[Symbol.dispose]();
  }

  #findAskers(): void {
    this.#noticeTimer = undefined;
    const askers = this.#options.askersOf(this.#unasked);
    this.#unasked.clear();
    if (askers.length > 0) this.#step({ kind: 'asked-before', now: this.#options.clock.now(), askers });
  }

  #step(event: BurstEvent<Ip>): void {
    const [state, effects] = stepBurst(this.#state, event);
    this.#state = state;
    this.#burstTimer?.[Symbol.dispose]();
    this.#burstTimer = undefined;
    for (const effect of effects) {
      if (effect.kind === 'wake-at') this.#wakeAt(effect.at, event.now);
      else if (effect.kind === 'notify') this.#options.notify(effect.asker);
      else this.#options.send(effect.ip, effect.form);
    }
  }

  #wakeAt(at: Micros, now: Micros): void {
    const { clock } = this.#options;
    this.#burstTimer = clock.startTimer(micros(at - now), () => this.#step({ kind: 'woke', now: clock.now() }));
  }

  #scheduleRefresh(now: Micros): void {
    this.#refreshTimer?.[Symbol.dispose]();
    const { nextAt } = this.#refresh;
    this.#refreshTimer =
      nextAt === undefined ? undefined : this.#options.clock.startTimer(micros(Math.max(0, nextAt - now)), () => this.#refreshOne());
  }

  #refreshOne(): void {
    const { clock, forms, refreshes, send } = this.#options;
    const ip = this.#refresh.take(clock.now());
    if (ip !== undefined && refreshes()) send(ip, forms[0]);
    this.#scheduleRefresh(clock.now());
  }
}
