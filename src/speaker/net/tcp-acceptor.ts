import type { Family, IpAddress } from '../../lib/ip.ts';
import type { TcpConnection, TcpEnds, TcpListener } from './tcp-connector.ts';

/** Where connections are waited for: at all addresses of a family. */
export interface ListenPlace {
  readonly family: Family;
  readonly port: number;
  /** The VRF to stay in; `undefined` for those outside of any. */
  readonly device: string | undefined;
}

/** A connection that somebody opened. It has to be taken, or disposed of, which resets it, before the call with it returns. */
export interface TcpIncoming extends Disposable {
  readonly remote: IpAddress;
  readonly ends: TcpEnds;
  /** Takes it; the listener hears no `connected`. */
  take(listener: TcpListener): TcpConnection;
}

/** Who hears of connections. */
export interface TcpServerListener {
  incoming(connection: TcpIncoming): void;
  /** Nobody is listened to, or no more; the last call. `cause` is a sentence without a full stop. */
  failed(cause: string): void;
}

/** A place that is listened at. Disposing of it leaves the connections that were taken alone. */
export interface TcpServer extends Disposable {
  /** From now on connections of `peer` have to be signed with it, or with nothing. Gives a sentence when the kernel refuses. */
  setPassword(peer: IpAddress, password: string | undefined): string | undefined;
}

/** The port to connections that others open. */
export interface TcpAcceptor {
  /** Begins to listen; calls the listener from the event loop, never from within this call. */
  listen(place: ListenPlace, listener: TcpServerListener): TcpServer;
}
