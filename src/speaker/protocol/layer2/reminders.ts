import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Mac } from '../../../lib/mac.ts';

/** Whoever asked is reminded so often. */
export const REMIND_EVERY: Micros = milliseconds(10_000);
/** Whoever has not asked for so long is not interested any more. */
const REMEMBERED_FOR: Micros = milliseconds(600_000);
/** More hosts than a segment has clients; whoever comes later asks all again when his entry expires, and is answered then. */
const MAX_ASKERS = 4_096;
/** Those that asked the owner leave as much room to those that ask this node: who they are is known from what anybody may have sent. */
const MAX_FROM_BEFORE = 2_048;

interface Asker<Ip, Reply> {
  readonly ip: Ip;
  readonly reply: Reply;
  readonly askedAt: Micros;
  dueAt: Micros;
}

/** What a host is to be told that has asked for an address. */
export interface Reminder<Ip, Reply> {
  readonly ip: Ip;
  readonly asker: Mac;
  readonly reply: Reply;
}

/**
 * Who has asked for addresses of a node that is stood in for, be it that node itself or this one, and what he was told. A host that knows the MAC already asks that alone
 * whether it still holds, and there nobody answers for it now: so he is told unasked before he doubts it.
 */
export class Reminders<Ip, Reply> {
  readonly #askers = new Map<string, Asker<Ip, Reply>>();

  /** A host was told `reply`. */
  answered(ip: Ip, asker: Mac, reply: Reply, now: Micros): void {
    const key = `${ip} ${asker}`;
    if (!this.#askers.has(key) && this.#askers.size >= MAX_ASKERS) return;
    this.#askers.set(key, { ip, reply, askedAt: now, dueAt: micros(now + REMIND_EVERY) });
  }

  /** The owner has told these. They are reminded for the first time one after another, over the time of one reminder, so that there is no burst each time. */
  toldBefore(reminders: readonly Reminder<Ip, Reply>[], now: Micros): void {
    const gap = REMIND_EVERY / Math.max(reminders.length, 1);
    for (const [index, { ip, asker, reply }] of reminders.entries()) {
      const key = `${ip} ${asker}`;
      if (this.#askers.size >= MAX_FROM_BEFORE) return;
      if (!this.#askers.has(key)) this.#askers.set(key, { ip, reply, askedAt: now, dueAt: micros(now + Math.floor(index * gap)) });
    }
  }

  /** Forgets whoever asked for other addresses than these. */
  keepOnly(wanted: ReadonlyMap<Ip, unknown>): void {
    for (const [key, { ip }] of this.#askers) if (!wanted.has(ip)) this.#askers.delete(key);
  }

  /** What is to be said again now. */
  take(now: Micros): readonly Reply[] {
    const replies: Reply[] = [];
    for (const [key, asker] of this.#askers) {
      if (now - asker.askedAt >= REMEMBERED_FOR) this.#askers.delete(key);
      else if (asker.dueAt <= now) {
        asker.dueAt = micros(now + REMIND_EVERY);
        replies.push(asker.reply);
      }
    }
    return replies;
  }
}
