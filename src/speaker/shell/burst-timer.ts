import { type Clock, type Micros, micros, type Timer } from '../../lib/clock.ts';
import { type BurstEvent, type BurstState, noBurst, stepBurst } from '../protocol/layer2/burst.ts';

/** Drives the burst of one link: one timer at a time, and a call for each frame that is due. */
export class BurstTimer<Ip, Form> implements Disposable {
  readonly #clock: Clock;
  readonly #send: (ip: Ip, form: Form) => void;
  #state: BurstState<Ip, Form>;
  #timer: Timer | undefined;

  constructor(clock: Clock, forms: readonly Form[], send: (ip: Ip, form: Form) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#state = noBurst(forms);
  }

  /** Announces addresses unasked, from the first round on. */
  announce(ips: readonly Ip[]): void {
    if (ips.length > 0) this.#step({ kind: 'appeared', now: this.#clock.now(), ips });
  }

  /** Says nothing more of these addresses. */
  silence(ips: readonly Ip[]): void {
    if (ips.length > 0) this.#step({ kind: 'disappeared', now: this.#clock.now(), ips });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #step(event: BurstEvent<Ip>): void {
    const [state, effects] = stepBurst(this.#state, event);
    this.#state = state;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const effect of effects) {
      if (effect.kind === 'wake-at') this.#wakeAt(effect.at, event.now);
      else this.#send(effect.ip, effect.form);
    }
  }

  #wakeAt(at: Micros, now: Micros): void {
    this.#timer = this.#clock.startTimer(micros(at - now), () => this.#step({ kind: 'woke', now: this.#clock.now() }));
  }
}
