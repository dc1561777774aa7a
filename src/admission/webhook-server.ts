import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, Server } from 'node:tls';
import { type Clock, type Micros, micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AdmissionHandler, type Reviewer } from './admission-handler.ts';
import type { KeyPair, ServingCertificate } from './serving-certificate.ts';

type Fault = Error & { readonly code?: string };
type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** What the server is made of. */
export interface WebhookServerSettings {
  /** All addresses of both families unless told. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether HTTP/2 is offered beside HTTP/1.1. */
  readonly http2: boolean;
  /** The least TLS version, and for 1.2 the cipher suites. */
  readonly tls: Pick<SecureContextOptions, 'minVersion' | 'ciphers' | 'ecdhCurve'>;
  readonly certificate: ServingCertificate;
  /** Who decides, by path. */
  readonly reviewers: ReadonlyMap<string, Reviewer>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Each API server keeps a few; sockets are memory. */
const MAX_CONNECTIONS = 128;
const MAX_STREAMS = 64;
/** A token and a few fields. */
const MAX_HEADER_BYTES = 16_384;
/** Whoever needs longer to say hello, or for a request, is no API server. */
const REQUEST_TIMEOUT_MILLISECONDS = 5_000;
const CHECK_MILLISECONDS = 1_000;
/** Longer than the 90 s after which an API server closes a connection it does not use: so no request meets our close. */
const KEEP_ALIVE_MILLISECONDS = 100_000;
/** How long a server that ends waits for the reviews under way. */
const LAST_ANSWERS: Micros = milliseconds(1_000);
const FIRST_RETRY: Micros = milliseconds(1_000);
const LAST_RETRY: Micros = milliseconds(30_000);
/** What is no HTTP. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
/** What OpenSSL calls the alerts of a client that refuses a certificate. */
const DISTRUST = /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE)/;
/** Different faults of connections that are logged; scanners know many. */
const MOST_FAULTS_SAID = 8;

/** The HTTPS server that the API server asks before it takes a change. It runs in every replica and shows the certificate of the day. */
export class WebhookServer {
  readonly #settings: WebhookServerSettings;
  readonly #handler: AdmissionHandler;
  readonly #faultsSaid = new Set<string>();
  /** Answers that have not left yet. */
  readonly #answers = new Set<Promise<void>>();
  /** Aborted when the reviews under way have had their time. */
  readonly #ending = new AbortController();
  #fault: string | undefined = 'there is no certificate yet';
  #port: number | undefined;

  constructor(settings: WebhookServerSettings) {
    this.#settings = settings;
    this.#handler = new AdmissionHandler(settings);
  }

  /** Why it does not serve, for the readiness probe; undefined when it does. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The port it listens on. */
  get port(): number | undefined {
    return this.#port;
  }

  /**
   * Serves from the first certificate on until `signal` is aborted; resolves when all connections are closed, and never
   * rejects. A port that cannot be bound is one line in the log and is tried again with growing pauses.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { certificate, clock, log } = this.#settings;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
      if (signal.aborted) resolve(undefined);
    });
    if ((await Promise.race([certificate.first, stopped])) === undefined) return;
    let delay = FIRST_RETRY;
    while (!signal.aborted) {
      const refusal = await this.#serveOnce(signal);
      if (refusal === undefined) return;
      if (refusal !== this.#fault) log.error(`${refusal}; trying again until it works`, { op: 'listen' });
      this.#fault = refusal;
      await pause(clock, delay, signal);
      delay = micros(Math.min(delay * 2, LAST_RETRY));
    }
  }

  /** What it resolves to is why the port could not be bound. */
  async #serveOnce(signal: AbortSignal): Promise<string | undefined> {
    const { certificate, host, port, log } = this.#settings;
    const server = this.#newServer(certificate.current ?? (await certificate.first));
    using _renewals = certificate.subscribe((pair) => this.#show(server, pair));
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const open = new Set<Socket>();
    server.on('connection', (socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    });
    server.on('error', (error) => {
      if (server.listening) log.warn(`admission webhooks: ${describeError(error)}`, { op: 'listen' });
      else resolve(describeRefusal(port, error));
    });
    server.on('listening', () => this.#listening(server));
    server.listen({ port, host });
    const stop = (): void => void this.#end(server, open).then(resolve);
    signal.addEventListener('abort', stop, { once: true });
    const refusal = await promise;
    signal.removeEventListener('abort', stop);
    return refusal;
  }

  #newServer(pair: KeyPair): Server {
    const { http2 } = this.#settings;
    const options = {
      ...this.#contextOf(pair),
      maxHeaderSize: MAX_HEADER_BYTES,
      handshakeTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      headersTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      connectionsCheckingInterval: CHECK_MILLISECONDS,
      keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    };
    const answer = (request: Request, response: Response): void => {
      const answering = this.#answer(request, response).finally(() => this.#answers.delete(answering));
      this.#answers.add(answering);
    };
    const server: Server = http2
      ? createSecureServer({ ...options, allowHTTP1: true, settings: { maxConcurrentStreams: MAX_STREAMS } }, answer)
      : createServer(options, answer);
    server.maxConnections = MAX_CONNECTIONS;
    server.on('tlsClientError', (fault: Fault) => this.#noteFault(fault));
    server.on('clientError', (fault: Fault, socket: Duplex) => {
      this.#noteFault(fault);
      if (socket.writable) socket.end(BAD_REQUEST);
      else socket.destroy();
    });
    return server;
  }

  #contextOf({ certificate, privateKey }: KeyPair): SecureContextOptions {
    return { minVersion: 'TLSv1.3', ...this.#settings.tls, cert: certificate, key: privateKey };
  }

  /** Connections that are open go on; each new one is shown the new certificate. */
  #show(server: Server, pair: KeyPair): void {
    server.setSecureContext(this.#contextOf(pair));
    this.#faultsSaid.clear();
  }

  #listening(server: Server): void {
    const { host, log } = this.#settings;
    const { port } = server.address() as AddressInfo;
    this.#port = port;
    this.#fault = undefined;
    log.info('serving admission webhooks', { op: 'listen', address: `${host ?? '*'}:${port}` });
  }

  /** Resolves when the answer has left, or the one who asked has. */
  async #answer(request: Request, response: Response): Promise<void> {
    const gone = new Promise<void>((resolve) =>
      response
        .once('finish', resolve)
        .once('close', resolve)
        .once('error', () => resolve()),
    );
    const { status, contentType, body } = await this.#handler.answer(request, this.#ending.signal);
    const bytes = Buffer.from(body);
    // Behind a request that was not read to its end nothing more can be read.
    if (!request.complete && 'shouldKeepAlive' in response) response.shouldKeepAlive = false;
    response.statusCode = status;
    response.setHeader('content-type', contentType);
    response.setHeader('content-length', bytes.length);
    response.end(bytes);
    await gone;
  }

  /** No new connections; what is under way gets its answer, or the time for last answers is over. */
  async #end(server: Server, open: ReadonlySet<Socket>): Promise<undefined> {
    this.#fault = 'it is ending';
    const closed = new Promise((resolve) => server.close(resolve));
    const answered = new AbortController();
    const late = pause(this.#settings.clock, LAST_ANSWERS, answered.signal);
    await Promise.race([late, Promise.all(this.#answers)]);
    answered.abort();
    this.#ending.abort();
    for (const socket of open) socket.destroy();
    await closed;
    return undefined;
  }

  /** Connections that come to nothing are somebody's scan, or an API server that was told to trust another authority. */
  #noteFault(fault: Fault): void {
    const code = fault.code ?? 'unknown';
    if (this.#faultsSaid.has(code) || this.#faultsSaid.size >= MOST_FAULTS_SAID) return;
    this.#faultsSaid.add(code);
    const fields = { op: 'listen', error: describeError(fault) };
    const distrust =
      'a client does not trust the certificate of the admission webhooks: the caBundle that it was given is not the ca.crt of the Secret';
    if (DISTRUST.test(code)) this.#settings.log.warn(distrust, fields);
    else this.#settings.log.debug('a connection to the admission webhooks came to nothing', fields);
  }
}

function describeRefusal(port: number, error: Fault): string {
  const where = `port ${port} for admission webhooks`;
  if (error.code === 'EADDRINUSE') return `${where} is taken by another process: stop that one, or choose another port with --webhook-port`;
  return `${where} cannot be bound: ${describeError(error)}`;
}
