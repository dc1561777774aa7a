import { Framer, type SessionReset } from '@typemetal/bgp-parser';
import type { Clock, Micros, Timer } from '../../lib/clock.ts';
import type { Result } from '../../lib/result.ts';
import type { TcpConnection, TcpEnds } from '../net/tcp-connector.ts';
import type { PeerSettings } from '../protocol/bgp/peer-settings.ts';
import type { Direction } from '../protocol/bgp/peering.ts';
import type { SessionTimer } from '../protocol/bgp/session.ts';

const NO_ENDS: TcpEnds = { local: { family: 'IPv6', value: 0n }, localPort: 0, siblings: [] };

/** The connections of one direction, one after another, with what has come of a message and the timers of the session over it. */
export class BgpTransport implements Disposable {
  readonly direction: Direction;
  /** What a session over the present connection depends on. */
  settings: PeerSettings;
  /** Those of the present connection, or of the last one. */
  ends: TcpEnds = NO_ENDS;
  readonly #clock: Clock;
  readonly #timers = new Map<SessionTimer, Timer>();
  #connection: TcpConnection | undefined;
  #framer = new Framer();

  constructor(direction: Direction, settings: PeerSettings, clock: Clock) {
    this.direction = direction;
    this.settings = settings;
    this.#clock = clock;
  }

  /** Octets that the kernel has yet to take. */
  get pendingOctets(): number {
    return this.#connection?.pendingOctets ?? 0;
  }

  /** Takes a connection in the place of the last one, which is over. */
  attach(connection: TcpConnection): void {
    this.#connection = connection;
    this.#framer = new Framer();
  }

  /** Forgets the connection, which is over. */
  detach(): void {
    this.#connection = undefined;
  }

  /** Sends to the peer; to nobody when there is no connection. */
  send(octets: Uint8Array): void {
    this.#connection?.send(octets);
  }

  /** Ends the connection when what was sent is on its way. */
  end(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }

  /** Ends it at once and without a word. */
  reset(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }

  /** Takes what came, and hands on the messages in it one by one, as long as the connection is the same. */
  receive(octets: Uint8Array, maximumLength: () => number, take: (next: Result<Uint8Array, SessionReset>) => void): void {
    const [framer, connection] = [this.#framer, this.#connection];
    framer.push(octets);
    while (connection !== undefined && this.#connection === connection) {
      framer.maximumLength = maximumLength();
      const next = framer.next();
      if (next === undefined) return;
      take(next);
    }
  }

  /** Starts a timer anew. */
  startTimer(timer: SessionTimer, after: Micros, fire: () => void): void {
    this.stopTimer(timer);
    const expire = (): void => {
      this.#timers.delete(timer);
      fire();
    };
    this.#timers.set(timer, this.#clock.startTimer(after, expire));
  }

  /** Stops a timer, if it runs. */
  stopTimer(timer: SessionTimer): void {
    this.#timers.get(timer)?.[Symbol.dispose]();
    this.#timers.delete(timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.reset();
  }
}
