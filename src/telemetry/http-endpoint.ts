import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, type Micros, micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from './logger.ts';
import { type EndpointTls, keepIdentity, secureServer, type TlsIdentity } from './secure-server.ts';

/** What an endpoint answers. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What an answer may depend on. */
export interface RequestHead {
  /** The header of that name. */
  readonly authorization: string | undefined;
}

/** An HTTP/1.1 server for a few fixed paths, read by the kubelet or by Prometheus. */
export interface HttpEndpointSettings {
  /** What is served, for the log: `health probes`. */
  readonly purpose: string;
  /** The flag that moves it to another port, for the log. */
  readonly portFlag: string;
  /** Address to bind; undefined binds all addresses of both families. */
  readonly host: string | undefined;
  /** 0 takes any free port, which `onListening` tells. */
  readonly port: number;
  /** Path to what GET and HEAD answer; all other paths are 404. */
  readonly routes: ReadonlyMap<string, (request: RequestHead) => Promise<Answer>>;
  /** How it speaks TLS; absent for plain HTTP. */
  readonly tls?: EndpointTls;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onListening?: (port: number) => void;
}

/** A probe and a scraper need one each; more is somebody else, and sockets are memory. */
const MAX_CONNECTIONS = 32;
/** A scraper sends a few hundred bytes. */
const MAX_HEADER_BYTES = 8_192;
/** Whoever needs longer to send a request without a body is not a probe. */
const REQUEST_TIMEOUT_MILLISECONDS = 5_000;
/** Longer than the pause between two probes, so that they share a connection. */
const KEEP_ALIVE_MILLISECONDS = 15_000;
/** A connection on which nothing moves, also because its reader does not read, is closed. */
const IDLE_MILLISECONDS = 20_000;
const FIRST_RETRY: Micros = milliseconds(1_000);
const LAST_RETRY: Micros = milliseconds(30_000);

/**
 * Serves until `signal` aborts; resolves once all connections are closed, and never rejects. A port that cannot be
 * bound is one line in the log and is tried again with growing pauses, for ever: the work of the process goes on
 * without it.
 */
export async function serveHttp(settings: HttpEndpointSettings, signal: AbortSignal): Promise<void> {
  let delay = FIRST_RETRY;
  let reported: string | undefined;
  while (!signal.aborted) {
    const refusal = await serveOnce(settings, signal);
    if (refusal === undefined) return;
    if (refusal !== reported) settings.logger.error(`${refusal}; trying again until it works`, { op: 'listen' });
    reported = refusal;
    await pause(settings.clock, delay, signal);
    delay = micros(Math.min(delay * 2, LAST_RETRY));
  }
}

/** Serves until `signal` aborts; what it resolves to is why it cannot, before it has begun. */
async function serveOnce(settings: HttpEndpointSettings, signal: AbortSignal): Promise<string | undefined> {
  const { tls, purpose, clock, logger } = settings;
  if (tls === undefined) return listenWith(settings, plainServer(settings), signal);
  const ending = new AbortController();
  try {
    const identity = await tls.identity();
    const server = secure(settings, tls, identity);
    const kept = keepIdentity({ server, tls, identity, purpose, clock, logger }, AbortSignal.any([signal, ending.signal]));
    const refusal = await listenWith(settings, server, signal);
    ending.abort();
    await kept;
    return refusal;
  } catch (error) {
    return `${purpose} cannot be served without a certificate: ${describeError(error)}`;
  }
}

/** Binds and serves until `signal` aborts; what it resolves to is why the port could not be bound. */
function listenWith(settings: HttpEndpointSettings, server: Server | SecureServer, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  server.on('error', (error) => {
    if (server.listening) return settings.logger.warn(`${settings.purpose}: ${describeError(error)}`, { op: 'listen' });
    signal.removeEventListener('abort', stop);
    resolve(describeRefusal(settings, error));
  });
  server.on('close', () => resolve(undefined));
  server.on('listening', () => {
    const { port } = server.address() as AddressInfo;
    settings.logger.info(`serving ${settings.purpose}`, { op: 'listen', address: `${settings.host ?? '*'}:${port}` });
    settings.onListening?.(port);
  });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) return Promise.resolve(undefined);
  server.listen({ port: settings.port, host: settings.host });
  return promise;
}

const LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
  headersTimeout: REQUEST_TIMEOUT_MILLISECONDS,
  keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
};

function plainServer(settings: HttpEndpointSettings): Server {
  return limited(createServer(LIMITS, (request, response) => void answer(settings, request, response)));
}

function secure(settings: HttpEndpointSettings, tls: EndpointTls, identity: TlsIdentity): SecureServer {
  return limited(secureServer(tls, identity, LIMITS, (request, response) => void answer(settings, request, response)));
}

function limited<Kind extends Server | SecureServer>(server: Kind): Kind {
  server.timeout = IDLE_MILLISECONDS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function answer(settings: HttpEndpointSettings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, contentType, body } = await answerTo(settings, request);
  const bytes = Buffer.from(body);
  // A body is never read: Node drops the connection that carries one behind the answer.
  if (bringsBody(request)) response.shouldKeepAlive = false;
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function answerTo(settings: HttpEndpointSettings, request: IncomingMessage): Promise<Answer> {
  if (bringsBody(request)) return plain(413, 'no request body is read here');
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD are answered');
  const route = settings.routes.get((request.url ?? '').split('?', 1)[0] ?? '');
  if (route === undefined) return plain(404, `not found; there is ${[...settings.routes.keys()].join(', ')}`);
  try {
    return await route({ authorization: request.headers.authorization });
  } catch (error) {
    settings.logger.error(`${settings.purpose}: cannot answer ${request.url}: ${describeError(error)}`, { op: 'serve' });
    return plain(500, 'internal error, see the log');
  }
}

/** An answer of one line of text. */
export function plain(status: number, line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}

function bringsBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
}

function describeRefusal(settings: HttpEndpointSettings, error: Error & { code?: string }): string {
  const where = `port ${settings.port} for ${settings.purpose}`;
  if (error.code === 'EADDRINUSE')
    return `${where} is taken by another process: stop that one, or choose another port with ${settings.portFlag}`;
  if (error.code === 'EACCES') return `${where} may not be bound by this user: choose one above 1023 with ${settings.portFlag}`;
  return `${where} cannot be bound: ${describeError(error)}`;
}
