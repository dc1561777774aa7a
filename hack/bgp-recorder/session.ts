import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../kubernetes/eventually.ts';
import type { Host } from '../lab/host.ts';
import { openRelay } from '../lab/relay.ts';
import { firstMessage, message, TYPE, typeOf } from './wire.ts';

const BGP_PORT = 179;

/** A router says the next thing within a fraction of this; ExaBGP looks at what it has to say once a second, and any may stand still for a while. */
const QUIET_MILLISECONDS = 2_500;
/** A router that refuses does so at once. What reaches it afterwards resets the connection, and with it what it said last. */
const CONFIRM_MILLISECONDS = 200;
const LOOK_MILLISECONDS = 50;
const CALL_PAUSE_MILLISECONDS = 500;
/** BIRD on a busy machine begins a second or two after the session is up; GoBGP without routes says nothing at all. */
const FIRST_WORD_MILLISECONDS = 6_000;
/** A router that goes on for longer than this is told nothing more. */
const PATIENCE_MILLISECONDS = 60_000;

/**
 * One BGP session with a router, as far as it takes for the router to say everything: opens, confirms, listens. Nothing
 * that comes in is understood beyond its header.
 */
export class Session implements Disposable {
  /** Every message that came in, in order. */
  readonly received: Buffer[] = [];
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #confirmed: boolean = false;
  #lastWord: number = performance.now();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (octets) => this.#take(octets));
    // Either end may close when it likes; what came in until then is what there is.
    socket.on('error', () => undefined);
  }

  /**
   * Calls the router at `address` from `host` and sends `open`; fulfilled when both ends have confirmed, or the router has hung up. One
   * that listens already and has yet to read of its neighbours hangs up without a word, and is called again.
   */
  static async start(host: Host, address: string, open: string): Promise<Session> {
    const attempt = async (): Promise<Session | undefined> => {
      const session = await Session.#call(host, address, open);
      if (!session.closed || session.received.length > 0) return session;
      session[Symbol.dispose]();
      return undefined;
    };
    const patience = { withinMilliseconds: PATIENCE_MILLISECONDS, pauseMilliseconds: CALL_PAUSE_MILLISECONDS };
    return await eventually(`${address} speaks to a neighbour`, attempt, patience);
  }

  static async #call(host: Host, address: string, open: string): Promise<Session> {
    const socket = connect(await openRelay(host, address, BGP_PORT), '127.0.0.1');
    const session = new Session(socket);
    await once(socket, 'connect');
    session.send(open);
    const settled = (): boolean => session.closed || (session.#confirmed && session.#heard(TYPE.keepalive));
    await eventually(`${address} confirms a BGP session`, settled, { withinMilliseconds: PATIENCE_MILLISECONDS });
    return session;
  }

  /** Whether the router has hung up. */
  get closed(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  /** Sends octets, given in hexadecimal. */
  send(hex: string): void {
    this.#lastWord = performance.now();
    if (!this.closed) this.#socket.write(Buffer.from(hex, 'hex'));
  }

  /** Fulfilled when the router has said something beside that it confirms the session, or in time has said nothing. */
  async firstWord(): Promise<void> {
    const deadline = performance.now() + FIRST_WORD_MILLISECONDS;
    const spoken = (): boolean => this.#heard(TYPE.update) || this.#heard(TYPE.notification);
    while (!this.closed && !spoken() && performance.now() < deadline) await sleep(LOOK_MILLISECONDS);
  }

  /** Fulfilled when the router has had nothing to say for a while. */
  async quiet(): Promise<void> {
    this.#lastWord = performance.now();
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    while (!this.closed && performance.now() - this.#lastWord < QUIET_MILLISECONDS && performance.now() < deadline)
      await sleep(LOOK_MILLISECONDS);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(octets: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, octets]);
    for (let cut = firstMessage(this.#pending); cut !== undefined; cut = firstMessage(this.#pending)) {
      this.#pending = cut.rest;
      this.#hear(cut.message);
    }
  }

  #heard(type: number): boolean {
    return this.received.some((one) => typeOf(one) === type);
  }

  #hear(one: Buffer): void {
    this.received.push(one);
    this.#lastWord = performance.now();
    if (typeOf(one) === TYPE.open) setTimeout(() => this.#confirm(), CONFIRM_MILLISECONDS).unref();
  }

  #confirm(): void {
    this.send(message(TYPE.keepalive));
    this.#confirmed = true;
  }
}
