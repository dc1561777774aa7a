import { type Clock, type Micros, micros, type Timer } from '../../lib/clock.ts';
import { type BurstEvent, type BurstState, noBurst, stepBurst } from '../protocol/layer2/burst.ts';
import { Refresh } from '../protocol/layer2/refresh.ts';

/** What the announcements of one link need. */
export interface AnnouncementTimerOptions<Ip, Form> {
  readonly clock: Clock;
  /** The ways in which the protocol tells of an address unasked; the first one alone keeps it alive. */
  readonly forms: readonly [Form, ...Form[]];
  /** Whether what was told is to be kept alive now: not by a node that may be cut off, which would take an address from its new owner. */
  refreshes(): boolean;
  send(ip: Ip, form: Form): void;
}

/** Drives what one link tells unasked, the burst of an address that is new and then its refresh: a call for each frame that is due. */
export class AnnouncementTimer<Ip, Form> implements Disposable {
  readonly #options: AnnouncementTimerOptions<Ip, Form>;
  readonly #refresh = new Refresh<Ip>();
  #state: BurstState<Ip, Form>;
  #burstTimer: Timer | undefined;
  #refreshTimer: Timer | undefined;

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
  }

  /** Says nothing more of these addresses. */
  silence(ips: readonly Ip[]): void {
    if (ips.length === 0) return;
    const now = this.#options.clock.now();
    this.#step({ kind: 'disappeared', now, ips });
    this.#refresh.disappeared(ips);
    this.#scheduleRefresh(now);
  }

  [Symbol.dispose](): void {
    this.#burstTimer?.[Symbol.dispose]();
    this.#refreshTimer?.[Symbol.dispose]();
  }

  #step(event: BurstEvent<Ip>): void {
    const [state, effects] = stepBurst(this.#state, event);
    this.#state = state;
    this.#burstTimer?.[Symbol.dispose]();
    this.#burstTimer = undefined;
    for (const effect of effects) {
      if (effect.kind === 'wake-at') this.#wakeAt(effect.at, event.now);
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
