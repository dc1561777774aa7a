import { type Clock, type Micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { NetworkError } from '../net/network-error.ts';
import type { PacketFilter } from '../net/packet-filter.ts';
import type { FrameBatch, PacketListener, PacketSocket, PacketSocketOptions } from '../net/packet-socket.ts';
import { type Asker, type RecentAsker, RecentAskers } from '../protocol/layer2/recent-askers.ts';
import type { Reminder } from '../protocol/layer2/reminders.ts';
import type { LogLine } from './outbox.ts';

/** One wake-up a second, however many ask: a flood costs what 256 frames cost. */
const READ_EVERY: Micros = milliseconds(1_000);
/** 256 small frames as the kernel counts, which is what is read at once; hosts ask by broadcast once in minutes. More questions in a second are lost. */
const UNREAD_OCTETS = 218_000;

/** What noting who asks on one link needs. */
export interface AskerWatchOptions<Ip> {
  readonly clock: Clock;
  /** What to open, without what this one knows itself. */
  readonly socket: Omit<PacketSocketOptions, 'filter' | 'unreadOctets'>;
  /** Throws a {@link NetworkError}. */
  readonly open: (options: PacketSocketOptions, listener: PacketListener) => PacketSocket;
  /** The addresses for which it matters who asks. */
  readonly watched: { find(ip: Ip): unknown };
  /** Who asks in a frame; its octets are anybody's. */
  readonly askerIn: (octets: DataView, length: number) => Asker<Ip> | undefined;
  readonly faulted: (thrown: unknown) => void;
  readonly log: (level: LogLine['level'], message: string, fields: LogLine['fields']) => void;
}

/**
 * Notes who asks on one link for addresses that others answer for. Nothing waits for it: nobody is woken by a question, and where its socket cannot be had
 * everything else goes on, and only those are told alone that asked this node.
 */
export class AskerWatch<Ip> implements Disposable {
  readonly #options: AskerWatchOptions<Ip>;
  readonly #askers = new RecentAskers<Ip>();
  #socket: PacketSocket | undefined;
  #timer: Timer | undefined;

  constructor(options: AskerWatchOptions<Ip>) {
    this.#options = options;
  }

  /** Decides in the kernel which questions matter; the first one begins the watch. Throws a {@link NetworkError} where the kernel has no room for it. */
  setFilter(filter: PacketFilter): void {
    const { watched } = this.#options;
    this.#askers.keepOnly({ has: (ip) => watched.find(ip) !== undefined });
    if (this.#socket !== undefined) this.#socket.setFilter(filter);
    else this.#open(filter);
  }

  /** Who has asked for these lately, up to now. */
  of(ips: Pick<ReadonlySet<Ip>, 'has'>): readonly RecentAsker<Ip>[] {
    this.#socket?.read();
    return this.#askers.of(ips, this.#options.clock.now());
  }

  /** This one was told alone. */
  told(asker: Asker<Ip>): void {
    this.#askers.told(asker, this.#options.clock.now());
  }

  /** Who has asked the nodes that have these MACs, by address, and what each is to be told again; not those nodes themselves. */
  remindersFor<Reply>(macs: ReadonlyMap<Ip, Mac>, replyOf: (asker: Asker<Ip>, at: Mac) => Reply): readonly Reminder<Ip, Reply>[] {
    return this.of(macs).flatMap((asker) => {
      const at = macs.get(asker.ip);
      return at === undefined || at === asker.mac ? [] : [{ ip: asker.ip, asker: asker.mac, reply: replyOf(asker, at) }];
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #open(filter: PacketFilter): void {
    const { open, socket } = this.#options;
    const listener = { received: (batch: FrameBatch) => this.#received(batch), failed: (error: NetworkError) => this.#failed(error) };
    try {
      this.#socket = open({ ...socket, filter, unreadOctets: UNREAD_OCTETS }, listener);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError) || thrown.code === 'ENOMEM') throw thrown;
      this.#failed(thrown);
      return;
    }
    this.#readLater();
  }

  /** The socket that answers has failed as well, in all likelihood, and is opened again with all that belongs to the link. */
  #failed(error: NetworkError): void {
    this[Symbol.dispose]();
    this.#options.log('warn', `${error.message}; hosts that take nothing said to all may not hear of a new owner`, { op: 'noteAskers' });
  }

  #readLater(): void {
    this.#timer = this.#options.clock.startTimer(READ_EVERY, () => {
      this.#readLater();
      this.#socket?.read();
    });
  }

  #received(batch: FrameBatch): void {
    const askers: Asker<Ip>[] = [];
    for (let index = 0; index < batch.count; index++) {
      try {
        const asker = this.#options.askerIn(batch.frame(index), batch.length(index));
        if (asker !== undefined && this.#matters(asker)) askers.push(asker);
      } catch (thrown) {
        this.#options.faulted(thrown);
      }
    }
    this.#askers.asked(askers, this.#options.clock.now());
  }

  /** A filter may let more through. Whoever calls itself by such an address announces it, or is the node that has it. */
  #matters({ ip, from }: Asker<Ip>): boolean {
    const { watched } = this.#options;
    return watched.find(ip) !== undefined && watched.find(from) === undefined;
  }
}
