import type { IpAddress } from '../../lib/ip.ts';

/** Where to connect to, and how. */
export interface TcpTarget {
  readonly address: IpAddress;
  readonly port: number;
  /** The address to connect from; the routes choose one when it is absent. */
  readonly source: IpAddress | undefined;
  /** The VRF or interface to stay in; `undefined` for whatever the routes say. */
  readonly device: string | undefined;
  /** Signs each segment (RFC 2385): up to 80 octets of UTF-8; `undefined` for none. */
  readonly password: string | undefined;
}

/** The two ends of a connection, as the kernel has them. */
export interface TcpEnds {
  readonly local: IpAddress;
  readonly localPort: number;
  /** The other addresses of the link that has `local`; none when no link has it. */
  readonly siblings: readonly IpAddress[];
}

/** Who has a connection. Called from the event loop, never from within a call of its own. */
export interface TcpListener {
  connected(ends: TcpEnds): void;
  /** The octets are the listener's. */
  received(octets: Uint8Array): void;
  /** The kernel has taken all that was sent. */
  drained(): void;
  /** There is no connection, or none any more; the last call. `cause` is a sentence without a full stop. */
  closed(cause: string): void;
}

/** A connection, or the attempt to make one. Disposing of it resets it at once, and the listener hears nothing any more. */
export interface TcpConnection extends Disposable {
  /** Queues octets; they belong to the connection from now on. */
  send(octets: Uint8Array): void;
  /** Closes it when what was sent is on its way, or after a moment; the listener hears nothing any more. */
  end(): void;
  /** Octets that the kernel has not taken yet. */
  readonly pendingOctets: number;
}

/** The port to TCP. */
export interface TcpConnector {
  /** Begins to connect; what fails comes as `closed`. There is no deadline: whoever waits has one. */
  connect(target: TcpTarget, listener: TcpListener): TcpConnection;
}
