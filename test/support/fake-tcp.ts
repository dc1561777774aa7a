import { formatAddress, type IpAddress, parseAddress } from '../../src/lib/ip.ts';
import type { ListenPlace, TcpAcceptor, TcpServer, TcpServerListener } from '../../src/speaker/net/tcp-acceptor.ts';
import type { TcpConnection, TcpConnector, TcpListener, TcpTarget } from '../../src/speaker/net/tcp-connector.ts';

/** What the other end of a connection sees of it. */
export interface FarEnd {
  readonly target: TcpTarget;
  /** Lets the connection come up; `local` is this node's end. */
  accept(local: string, siblings?: readonly string[]): void;
  /** Refuses it, or breaks it. */
  close(cause: string): void;
  deliver(octets: Uint8Array): void;
  /** Takes all that was sent. */
  drain(): void;
  /** What came since the last call. */
  take(): readonly Uint8Array[];
  /** What the kernel has yet to take from this node; a test says so. */
  pendingOctets: number;
  /** Whether this node has ended it. */
  readonly ended: boolean;
}

/** A place that is listened at, as a test sees it. */
export interface FakeServer extends TcpServer {
  readonly place: ListenPlace;
  readonly listener: TcpServerListener;
  readonly passwords: Map<string, string>;
}

/** TCP without a network: the test is the other end of every connection. Nothing is ever delivered before a call returns. */
export class FakeTcp implements TcpConnector, TcpAcceptor {
  /** Every attempt to connect, oldest first. */
  readonly attempts: FarEnd[] = [];

  /** Everything that is listened at. */
  readonly servers: Set<FakeServer> = new Set();

  listen(place: ListenPlace, listener: TcpServerListener): TcpServer {
    const server: FakeServer = {
      place,
      listener,
      passwords: new Map(),
      setPassword: (peer, password) => {
        if (password === undefined) server.passwords.delete(formatAddress(peer));
        else server.passwords.set(formatAddress(peer), password);
        return undefined;
      },
      [Symbol.dispose]: () => void this.servers.delete(server),
    };
    this.servers.add(server);
    return server;
  }

  /** Opens a connection to this node from outside; `undefined` when nobody listens there or it was reset. */
  dial(remote: string, local: string, device?: string): FarEnd | undefined {
    const from = address(remote);
    const server = [...this.servers].find(({ place }) => place.family === from.family && place.device === device);
    const ends = { local: address(local), localPort: server?.place.port ?? 0, siblings: [] };
    let taken: FakeConnection | undefined;
    const take = (listener: TcpListener): TcpConnection => {
      taken = new FakeConnection({ address: from, port: 0, source: undefined, device, password: undefined }, listener);
      return taken;
    };
    server?.listener.incoming({ remote: from, ends, take, [Symbol.dispose]: () => undefined });
    return taken;
  }

  connect(target: TcpTarget, listener: TcpListener): TcpConnection {
    const connection = new FakeConnection(target, listener);
    this.attempts.push(connection);
    return connection;
  }

  /** The last attempt; throws when there was none. */
  get last(): FarEnd {
    const last = this.attempts.at(-1);
    if (last === undefined) throw new Error('nobody has connected');
    return last;
  }
}

class FakeConnection implements TcpConnection, FarEnd {
  readonly target: TcpTarget;
  pendingOctets = 0;
  #listener: TcpListener | undefined;
  #sent: Uint8Array[] = [];
  ended = false;

  constructor(target: TcpTarget, listener: TcpListener) {
    this.target = target;
    this.#listener = listener;
  }

  accept(local: string, siblings: readonly string[] = []): void {
    this.#listener?.connected({ local: address(local), localPort: 40_000, siblings: siblings.map(address) });
  }

  close(cause: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(cause);
  }

  send(octets: Uint8Array): void {
    this.#sent.push(octets);
  }

  drain(): void {
    this.#listener?.drained();
  }

  deliver(octets: Uint8Array): void {
    this.#listener?.received(octets);
  }

  take(): readonly Uint8Array[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  end(): void {
    this.#listener = undefined;
    this.ended = true;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}
