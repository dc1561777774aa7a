import { type Clock, type Micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { Reminders } from '../protocol/layer2/reminders.ts';

/** Finer than anybody's patience, and coarse enough to cost nothing. */
const LOOK_EVERY: Micros = milliseconds(1_000);

/** What one responder says in the place of other nodes: for which addresses, with which MAC, and who is to be reminded of it. */
export class StandInAnswers<Ip, Reply> implements Disposable {
  readonly #clock: Clock;
  readonly #send: (reply: Reply) => void;
  readonly #reminders = new Reminders<Ip, Reply>();
  #macs: ReadonlyMap<Ip, Mac> = new Map();
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (reply: Reply) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The MAC to answer with, by address. */
  get macs(): ReadonlyMap<Ip, Mac> {
    return this.#macs;
  }

  /** From now on these are answered for, and no others. */
  set macs(macs: ReadonlyMap<Ip, Mac>) {
    this.#macs = macs;
    this.#reminders.keepOnly(macs);
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (macs.size > 0) this.#look();
  }

  /** A host was told `reply`. */
  answered(ip: Ip, asker: Mac, reply: Reply): void {
    this.#reminders.answered(ip, asker, reply, this.#clock.now());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #look(): void {
    for (const reply of this.#reminders.take(this.#clock.now())) this.#send(reply);
    this.#timer = this.#clock.startTimer(LOOK_EVERY, () => this.#look());
  }
}
