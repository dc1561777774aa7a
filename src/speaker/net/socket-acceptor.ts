import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Family, IpAddress } from '../../lib/ip.ts';
import type { NativeTcp } from './native.ts';
import { NetworkError } from './network-error.ts';
import { addressOf, causeOf, causeOfErrno, endsOf, octetsOf, SocketConnection, TTL } from './socket-connection.ts';
import type { ListenPlace, TcpAcceptor, TcpIncoming, TcpServer, TcpServerListener } from './tcp-acceptor.ts';
import type { TcpConnection, TcpListener } from './tcp-connector.ts';

/** Connections that are open at one moment, those included that are about to be told why not. A peer has one or two. */
const MOST_CONNECTIONS = 256;

const ANY: Readonly<Record<Family, IpAddress>> = { IPv4: { family: 'IPv4', value: 0n }, IPv6: { family: 'IPv6', value: 0n } };

/** Listens by the kernel: the addon makes the socket, Node accepts. */
export class SocketAcceptor implements TcpAcceptor {
  readonly #load: () => NativeTcp;
  readonly #clock: Clock;

  /** `load` may throw a {@link NetworkError}: it is tried again with each call. */
  constructor(load: () => NativeTcp, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  listen({ family, port, device = '' }: ListenPlace, listener: TcpServerListener): TcpServer {
    try {
      const native = this.#load();
      const descriptor = native.openTcpListener(octetsOf(ANY[family]), port, TTL, device);
      if (descriptor >= 0) return new SocketServer(native, descriptor, listener, this.#clock);
      return noServer(causeOfErrno(descriptor), listener);
    } catch (thrown) {
      if (thrown instanceof NetworkError) return noServer(thrown.message, listener);
      throw thrown;
    }
  }
}

class SocketServer implements TcpServer {
  readonly #native: NativeTcp;
  readonly #descriptor: number;
  readonly #server: Server;

  constructor(native: NativeTcp, descriptor: number, listener: TcpServerListener, clock: Clock) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      const incoming = incomingOver(socket, clock);
      if (incoming === undefined) socket.destroy();
      else listener.incoming(incoming);
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('error', (thrown: NodeJS.ErrnoException) => listener.failed(causeOf(thrown.code, thrown.message)));
    this.#server.listen({ fd: descriptor });
  }

  setPassword(peer: IpAddress, password: string | undefined): string | undefined {
    const result = this.#native.setTcpPassword(this.#descriptor, octetsOf(peer), new TextEncoder().encode(password ?? ''));
    return result === 0 ? undefined : causeOfErrno(result);
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** `undefined` when the connection is over before it was looked at. */
function incomingOver(socket: Socket, clock: Clock): TcpIncoming | undefined {
  const [remote, ends] = [addressOf(socket.remoteAddress), endsOf(socket)];
  if (remote === undefined || ends === undefined) return undefined;
  const take = (listener: TcpListener): TcpConnection => {
    const connection = new SocketConnection(socket, listener, clock);
    socket.on('data', (octets: Uint8Array) => {
      socket.pause();
      connection.received(octets);
    });
    socket.resume();
    return connection;
  };
  return { remote, ends, take, [Symbol.dispose]: () => void socket.resetAndDestroy() };
}

function noServer(cause: string, listener: TcpServerListener): TcpServer {
  const failure = setImmediate(() => listener.failed(cause));
  return { setPassword: () => undefined, [Symbol.dispose]: () => clearImmediate(failure) };
}
