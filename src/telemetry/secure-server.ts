import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { TlsSettings } from '../lib/tls-names.ts';
import type { Logger } from './logger.ts';

/** What a server shows to its clients, as PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

/** How an endpoint speaks TLS. */
export interface EndpointTls {
  /** The identity as it is now; asked once a minute. Rejects with the reason why there is none, for the log. */
  readonly identity: () => Promise<TlsIdentity>;
  readonly settings: TlsSettings;
}

/** Who renews certificates puts the next one there days before the last one ends: a minute is soon. */
const RENEWAL_INTERVAL: Micros = milliseconds(60_000);
/** A handshake is three short messages. */
const HANDSHAKE_TIMEOUT_MILLISECONDS = 5_000;

/** A server for HTTP over TLS with an identity. Throws what OpenSSL says of one that cannot be used. */
export function secureServer(tls: EndpointTls, identity: TlsIdentity, limits: ServerOptions, listener: RequestListener): Server {
  return createServer({ ...limits, ...contextOf(tls, identity), handshakeTimeout: HANDSHAKE_TIMEOUT_MILLISECONDS }, listener);
}

/** What {@link keepIdentity} renews, and with what. */
export interface IdentityKeeping {
  readonly server: Pick<Server, 'setSecureContext'>;
  readonly tls: EndpointTls;
  readonly identity: TlsIdentity;
  readonly purpose: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Gives a server each new identity, until `signal` aborts: connections from then on see it. One that cannot be had or used
 * is one line in the log, and the last good one stays.
 */
export async function keepIdentity({ server, tls, purpose, clock, logger, ...first }: IdentityKeeping, signal: AbortSignal): Promise<void> {
  let current = first.identity;
  let reported: string | undefined;
  for (await pause(clock, RENEWAL_INTERVAL, signal); !signal.aborted; await pause(clock, RENEWAL_INTERVAL, signal)) {
    try {
      const next = await tls.identity();
      if (next.certificate === current.certificate && next.privateKey === current.privateKey) continue;
      server.setSecureContext(contextOf(tls, next));
      current = next;
      reported = undefined;
      logger.info(`serving ${purpose} with another certificate`, { op: 'certificate' });
    } catch (error) {
      const reason = describeError(error);
      if (reason !== reported) logger.error(`${purpose} stay with the last good certificate: ${reason}`, { op: 'certificate' });
      reported = reason;
    }
  }
}

function contextOf(tls: EndpointTls, { certificate, privateKey }: TlsIdentity): TlsSettings & { cert: string; key: string } {
  return { ...tls.settings, cert: certificate, key: privateKey };
}
