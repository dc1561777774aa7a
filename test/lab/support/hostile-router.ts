import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstMessage, TYPE, typeOf } from '../../../hack/bgp-recorder/wire.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { GOOD_MANNERS } from '../../support/bgp-bad-messages.ts';

/** One connection of a speaker, as the router has it. */
export class Visit {
  readonly socket: Socket;
  /** What came, in hexadecimal, message by message. */
  readonly heard: string[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    // How it ends is the speaker's affair; that it ended is seen from the next visit.
    socket.on('error', () => undefined);
    socket.on('data', (octets) => this.#take(octets));
  }

  /** The NOTIFICATION that the speaker took leave with: code, subcode and data as `2/2 0004`; undefined when there was none. */
  get farewell(): string | undefined {
    const last = this.heard.find((hex) => typeOf(Buffer.from(hex, 'hex')) === TYPE.notification);
    if (last === undefined) return undefined;
    const [code, subcode, ...rest] = Buffer.from(last, 'hex').subarray(19);
    return `${code}/${subcode} ${Buffer.from(rest).toString('hex')}`.trimEnd();
  }

  /** How many messages of a type came. */
  count(type: number): number {
    return this.heard.filter((hex) => typeOf(Buffer.from(hex, 'hex')) === type).length;
  }

  say(...messages: readonly Uint8Array[]): void {
    for (const octets of messages) if (this.socket.writable) this.socket.write(octets);
  }

  /** Says it octet by octet, until all is said or nobody listens any more. */
  async drip(octets: Uint8Array, pauseMilliseconds: number): Promise<void> {
    for (const octet of octets) {
      if (!this.socket.writable) return;
      this.socket.write(Uint8Array.of(octet));
      await sleep(pauseMilliseconds);
    }
  }

  #take(octets: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, octets]);
    for (let cut = firstMessage(this.#rest); cut !== undefined; cut = firstMessage(this.#rest)) {
      this.#rest = cut.rest;
      this.heard.push(cut.message.toString('hex'));
    }
  }
}

/** Seconds between the sessions with a router that breaks each at once. */
const PAUSES = [0, 1, 2, 4, 8, 16, 32, 64] as const;
const LONGEST_PAUSE = 120;
/** By how much chance may shorten a pause (RFC 4271, Section 10). */
const JITTER = 0.25;

/** A router that says what it likes: one port on a host of the lab, on sockets of that host's own kernel. */
export class HostileRouter implements Disposable {
  readonly port: number;
  /** Every connection so far, oldest first. */
  readonly visits: Visit[] = [];
  /** What is done to whoever connects. */
  manners: (visit: Visit) => void;
  readonly #server: Server;
  readonly #opened: number = performance.now();

  private constructor(server: Server, port: number, manners: (visit: Visit) => void) {
    this.#server = server;
    this.port = port;
    this.manners = manners;
    server.on('connection', (socket) => {
      const visit = new Visit(socket);
      this.visits.push(visit);
      this.manners(visit);
    });
  }

  static async open(host: Host, port: number, manners: (visit: Visit) => void): Promise<HostileRouter> {
    return new HostileRouter(await host.agent.listen(host.addresses.ipv4, port), port, manners);
  }

  /** The connection that came last; throws when there was none. */
  get last(): Visit {
    const last = this.visits.at(-1);
    if (last === undefined) throw new Error(`nobody has come to port ${this.port}`);
    return last;
  }

  /** What speakers took leave with, each answer once. */
  get farewells(): readonly string[] {
    return [...new Set(this.visits.map(({ farewell }) => farewell ?? 'nothing'))];
  }

  /** Whether it has had so many visits to their ends, and one more has begun. */
  hasSeenOff(count: number): boolean {
    return this.visits.length > count && this.visits.slice(0, count).every(({ socket }) => socket.closed);
  }

  /** How many visits there has been time for, when each of them ended at once and the pauses grow as they should. */
  mostVisits(): number {
    const seconds = (performance.now() - this.#opened) / 1_000;
    const pause = (visit: number): number => (1 - JITTER) * (PAUSES[visit - 1] ?? LONGEST_PAUSE);
    let visits = 1;
    for (let at = pause(visits); at <= seconds; at += pause(visits)) visits++;
    return visits;
  }

  /** Ends the connections that there are with a reset, and is good to whoever comes from now on. */
  mend(): void {
    this.manners = (visit) => visit.say(...GOOD_MANNERS);
    for (const { socket } of this.visits) socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const { socket } of this.visits) socket.destroy();
  }
}
