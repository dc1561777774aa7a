import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Mac } from '../../../lib/mac.ts';

/** Whoever asked is reminded so often. */
export const REMIND_EVERY: Micros = milliseconds(10_000);
/** Whoever has not asked for so long is not interested any more. */
const REMEMBERED_FOR: Micros = milliseconds(600_000);
/** More hosts than a segment has clients; whoever comes later asks all again when his entry expires, and is answered then. */
const MAX_ASKERS = 4_096;

interface Asker<Ip, Reply> {
  readonly ip: Ip;
  readonly reply: Reply;
  readonly askedAt: Micros;
  dueAt: Micros;
}

/**
 * Who has asked for addresses of a node that is stood in for, and what he was told. A host that knows the MAC already asks that alone
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
