import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { type Family, type IpAddress, parseAddress, sameAddress } from '../../lib/ip.ts';
import type { TcpConnection, TcpEnds, TcpListener } from './tcp-connector.ts';

/**
 * Reaches a router that checks that we are next to it (RFC 5082) as well as one that is hops away. What comes back is not
 * looked at: a router far away that should not be a peer is kept out by its AS number and the password.
 */
export const TTL = 255;

/** How long a connection that is to end may take to hand over what was sent: a router that reads needs milliseconds. */
const END_DEADLINE: Micros = milliseconds(1_000);

const OCTETS: Readonly<Record<Family, number>> = { IPv4: 4, IPv6: 16 };

/** ECONNRESET and EPIPE, as sentences. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused (TCP reset): does the router listen there, and does it know this node as a neighbor?',
  ECONNRESET: 'the peer reset the connection',
  EPIPE: 'the peer closed the connection',
  ETIMEDOUT: 'no answer: is the router reachable, and is the password the same on both sides?',
  EHOSTUNREACH: 'no route to the host, or it does not answer on its segment',
  ENETUNREACH: 'no route to the network',
  EADDRNOTAVAIL: 'the source address is not one of this node',
  EADDRINUSE: 'another program has the port',
  EACCES: 'the process has no right to listen on a port below 1024: it needs the capability NET_BIND_SERVICE',
  ENODEV: 'the device (VRF or interface) does not exist on this node',
};

/** A connection over a socket of Node's, whoever opened it. */
export class SocketConnection implements TcpConnection {
  readonly #clock: Clock;
  readonly #socket: Socket;
  #listener: TcpListener | undefined;
  #cause = 'the peer closed the connection';

  constructor(socket: Socket, listener: TcpListener, clock: Clock) {
    this.#socket = socket;
    this.#listener = listener;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.on('drain', () => this.#listener?.drained());
    socket.on('error', (thrown: NodeJS.ErrnoException) => {
      this.#cause = causeOf(thrown.code, thrown.message);
    });
    socket.on('close', () => this.#close());
  }

  get pendingOctets(): number {
    return this.#socket.writableLength;
  }

  send(octets: Uint8Array): void {
    // What the kernel takes at once never fills the queue, and so is never followed by `drain`.
    if (this.#socket.writable && this.#socket.write(octets)) setImmediate(() => this.#listener?.drained());
  }

  end(): void {
    this.#listener = undefined;
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.end();
    const patience = this.#clock.startTimer(END_DEADLINE, () => socket.destroy());
    socket.once('close', () => patience[Symbol.dispose]());
    // The peer's own end is not waited for: what it still has to say is said to nobody.
    socket.once('finish', () => socket.destroySoon());
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    this.#socket.resetAndDestroy();
  }

  /** Says that it is there. */
  established(): void {
    const ends = endsOf(this.#socket);
    if (ends === undefined) this.#socket.destroy();
    else this.#listener?.connected(ends);
  }

  /** Hands on what came; once in a turn of the event loop, while by itself Node reads on as long as there is something, 32 times. */
  received(octets: Uint8Array): void {
    this.#listener?.received(octets);
    setImmediate(() => this.#socket.resume());
  }

  #close(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(this.#cause);
  }
}

/** A failure of the kernel as a sentence. */
export function causeOf(code: string | undefined, message: string): string {
  return (code === undefined ? undefined : CAUSES[code]) ?? message;
}

/** The same of a negative errno. */
export function causeOfErrno(errno: number): string {
  return causeOf(getSystemErrorMap().get(errno)?.[0], `error ${-errno} of the kernel`);
}

/** An address as the addon takes it. */
export function octetsOf({ family, value }: IpAddress): Uint8Array {
  const octets = new Uint8Array(OCTETS[family]);
  for (let at = octets.length - 1, rest = value; at >= 0; at--, rest >>= 8n) octets[at] = Number(rest & 0xffn);
  return octets;
}

/** The ends of a connection, `undefined` when it is none any more. */
export function endsOf(socket: Socket): TcpEnds | undefined {
  const local = addressOf(socket.localAddress);
  return local === undefined ? undefined : { local, localPort: socket.localPort ?? 0, siblings: siblingsOf(local) };
}

/** An address as Node writes it; one of IPv6 may have the name of a link behind it. */
export function addressOf(text: string | undefined): IpAddress | undefined {
  return parseAddress((text ?? '').replace(/%.*$/, ''));
}

/** The other addresses of the link that has an address. */
function siblingsOf(local: IpAddress): readonly IpAddress[] {
  for (const entries of Object.values(networkInterfaces())) {
    const addresses = (entries ?? []).map(({ address }) => parseAddress(address)).filter((address) => address !== undefined);
    if (addresses.some((address) => sameAddress(address, local))) return addresses.filter((address) => !sameAddress(address, local));
  }
  return [];
}
