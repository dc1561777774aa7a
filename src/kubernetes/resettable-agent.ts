import https from 'node:https';
import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** The TCP connection under a TLS one. */
const UNDERNEATH = new WeakMap<Socket, Socket>();

/**
 * Connections over TLS that can be {@link reset}: Node does that for TCP only, and does not show what lies under TLS.
 * Servers that are named by an address, as they are within a cluster; others get ordinary connections, for names may
 * stand for several addresses that Node tries in turn.
 */
export class ResettableAgent extends https.Agent {
  override createConnection(
    options: https.RequestOptions,
    made?: (fault: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { host, port } = options;
    if (typeof host !== 'string' || net.isIP(host) === 0) return super.createConnection(options, made);
    const { keepAlive = false, keepAliveMsecs = 0 } = this.options;
    const tcp = net.connect({ host, port: Number(port) });
    tcp.setNoDelay(true).setKeepAlive(keepAlive, keepAliveMsecs);
    const withSocket: https.RequestOptions & { readonly socket: Socket } = { ...options, socket: tcp };
    const tls = super.createConnection(withSocket, made);
    if (tls instanceof TLSSocket) UNDERNEATH.set(tls, tcp);
    return tls;
  }
}

/**
 * Ends a connection so that what was written and has not arrived never will: a connection that is merely closed goes on
 * delivering for minutes, when the network returns.
 */
export function reset(connection: Socket): void {
  const tcp = connection instanceof TLSSocket ? UNDERNEATH.get(connection) : connection;
  if (tcp === undefined) connection.destroy();
  else tcp.resetAndDestroy();
}
