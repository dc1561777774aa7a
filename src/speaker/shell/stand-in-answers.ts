import { type Clock, type Micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { type Reminder, Reminders } from '../protocol/layer2/reminders.ts';

/** Finer than anybody's patience, and coarse enough to cost nothing. */
const LOOK_EVERY: Micros = milliseconds(1_000);

/** What {@link StandInAnswers} needs. */
export interface StandInAnswersOptions<Ip, Reply> {
  readonly clock: Clock;
  readonly send: (reply: Reply) => void;
  /** Who has been told of these addresses by the nodes that have these MACs, and what each is to be told again. */
  readonly recall: (macs: ReadonlyMap<Ip, Mac>) => readonly Reminder<Ip, Reply>[];
}

/** What one responder says in the place of other nodes: for which addresses, with which MAC, and who is to be reminded of it. */
export class StandInAnswers<Ip, Reply> implements Disposable {
  readonly #options: StandInAnswersOptions<Ip, Reply>;
  readonly #reminders = new Reminders<Ip, Reply>();
  #macs: ReadonlyMap<Ip, Mac> = new Map();
  #timer: Timer | undefined;

  constructor(options: StandInAnswersOptions<Ip, Reply>) {
    this.#options = options;
  }

  /** The MAC to answer with, by address. */
  get macs(): ReadonlyMap<Ip, Mac> {
    return this.#macs;
  }

  /** From now on these are answered for, and no others. */
  set macs(macs: ReadonlyMap<Ip, Mac>) {
    const added = new Map([...macs].filter(([ip, mac]) => this.#macs.get(ip) !== mac));
    this.#macs = macs;
    this.#reminders.keepOnly(macs);
    if (added.size > 0) this.#reminders.toldBefore(this.#options.recall(added), this.#options.clock.now());
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (macs.size > 0) this.#look();
  }

  /** A host was told `reply`. */
  answered(ip: Ip, asker: Mac, reply: Reply): void {
    this.#reminders.answered(ip, asker, reply, this.#options.clock.now());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #look(): void {
    for (const reply of this.#reminders.take(this.#options.clock.now())) this.#options.send(reply);
    this.#timer = this.#options.clock.startTimer(LOOK_EVERY, () => this.#look());
  }
}
