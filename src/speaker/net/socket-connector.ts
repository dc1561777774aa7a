import { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { NativeTcp } from './native.ts';
import { NetworkError } from './network-error.ts';
import { causeOfErrno, octetsOf, SocketConnection, TTL } from './socket-connection.ts';
import type { TcpConnection, TcpConnector, TcpListener, TcpTarget } from './tcp-connector.ts';

/** A peer that floods us must not keep others waiting: this is what it may take of a turn of the event loop. */
const READ_OCTETS = 64 * 1024;

const NO_PASSWORD: Uint8Array = new Uint8Array();

/** TCP of the kernel: the addon makes the socket, Node does the rest. */
export class SocketConnector implements TcpConnector {
  readonly #load: () => NativeTcp;
  readonly #clock: Clock;

  /** `load` may throw a {@link NetworkError}: it is tried again with each connection. */
  constructor(load: () => NativeTcp, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  connect(target: TcpTarget, listener: TcpListener): TcpConnection {
    const descriptor = this.#open(target);
    return typeof descriptor === 'string' ? new NoConnection(descriptor, listener) : connectOver(descriptor, target, listener, this.#clock);
  }

  /** A descriptor, or why there is none. */
  #open({ address, password, device = '' }: TcpTarget): number | string {
    const key = password === undefined ? NO_PASSWORD : new TextEncoder().encode(password);
    try {
      const descriptor = this.#load().openTcpSocket(octetsOf(address), key, TTL, device);
      return descriptor >= 0 ? descriptor : causeOfErrno(descriptor);
    } catch (thrown) {
      if (thrown instanceof NetworkError) return thrown.message;
      throw thrown;
    }
  }
}

/** What there is instead of a connection where not even a socket could be made. */
class NoConnection implements TcpConnection {
  readonly pendingOctets: number = 0;
  #listener: TcpListener | undefined;

  constructor(cause: string, listener: TcpListener) {
    this.#listener = listener;
    setImmediate(() => this.#listener?.closed(cause));
  }

  send(): void {
    // There is nobody to send it to, which `closed` is about to say.
  }

  end(): void {
    this.#listener = undefined;
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
  }
}

function connectOver(descriptor: number, { address, port, source }: TcpTarget, listener: TcpListener, clock: Clock): TcpConnection {
  const onread = {
    buffer: new Uint8Array(READ_OCTETS),
    callback: (count: number, octets: Uint8Array): boolean => {
      connection.received(octets.slice(0, count));
      return false;
    },
  };
  // Without `manualStart` Node would read at once from a socket that is not connected yet, and fail.
  const socket = new Socket({ fd: descriptor, manualStart: true, onread } as ConstructorParameters<typeof Socket>[0]);
  const connection = new SocketConnection(socket, listener, clock);
  socket.on('connect', () => connection.established());
  socket.connect({ host: formatAddress(address), port, ...(source === undefined ? {} : { localAddress: formatAddress(source) }) });
  return connection;
}
