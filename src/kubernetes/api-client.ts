import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Aborted } from './aborted.ts';
import { bodyOf, brokenError, linesOf, parseBody } from './answer.ts';
import type { Api, ApiCall, ApiStream, WritePermit } from './api.ts';
import { ApiError, isStatus } from './api-error.ts';
import type { Random } from './backoff.ts';
import { codeOf, describeConnectionFault } from './connection-fault.ts';
import { type Access, Credentials, describeCredentialFault } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { Places } from './places.ts';
import { Reachability } from './reachability.ts';
import { refusalOfAnswer } from './refusal.ts';
import { reset } from './resettable-agent.ts';

/** What a client is made of. */
export interface ApiClientOptions {
  readonly config: KubeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Program and version, for the server's audit log: `typemetal-controller/0.1.0`. */
  readonly userAgent: string;
  /** Requests that change something, at the same time; reads and watches are not counted. */
  readonly writesInFlight?: number;
}

/** The API server serves 200 changes at once to everybody; one client needs no more than this to keep it busy. */
const WRITES_IN_FLIGHT = 32;
const DEFAULT_DEADLINE: Micros = milliseconds(30_000);
/** Longer than any healthy connection takes to make, short enough to meet the moment the server returns. */
const PROBE_DEADLINE: Micros = milliseconds(2_000);

/** The connection could not be made, or broke before the answer began. */
class NoAnswer extends Error {}

/** The server closed a kept-alive connection just when a request went out on it: it has not seen the request. */
class StaleConnection extends NoAnswer {}

/** The time was over before there was a connection. */
class NotConnected extends Error {}

/** The time was over before there were credentials. */
class NoCredentials extends Error {}

const HANGING = 'the plug-in that the kubeconfig names has not given any yet';

/**
 * A client of one API server over HTTP/1.1 with kept-alive connections. It limits how many writes are under way, not
 * how many a second: that the server decides, and its Retry-After reaches the caller in the error. Nothing is retried
 * here but what certainly was not carried out, and a request whose credentials had become stale.
 */
export class ApiClient implements Api, Disposable {
  /** The server's URL, for logs. */
  readonly server: string;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #credentials: Credentials;
  readonly #reachability: Reachability;
  readonly #writes: Places;
  readonly #closing = new AbortController();

  constructor({ config, clock, random, log, userAgent, writesInFlight = WRITES_IN_FLIGHT }: ApiClientOptions) {
    this.server = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
    this.#clock = clock;
    this.#userAgent = userAgent;
    this.#credentials = new Credentials(config, clock);
    this.#reachability = new Reachability(this.server, { clock, random, log, probe: () => this.#probe() });
    this.#writes = new Places(writesInFlight);
  }

  /** Destroys all connections; requests under way fail. */
  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#reachability[Symbol.dispose]();
    this.#credentials.close();
  }

  get reachable(): boolean {
    return this.#reachability.reachable;
  }

  whenReachable(signal: AbortSignal): Promise<void> {
    return this.#reachability.whenReachable(signal);
  }

  async request(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    using deadline = this.#deadlineOf(call, signal);
    try {
      const unlimited = call.method === 'GET' || call.urgent === true;
      using _place = unlimited ? undefined : await this.#writes.take(deadline.signal);
      const answer = await this.#exchange(call, deadline);
      return parseBody(call, await bodyOf(call, answer));
    } catch (thrown) {
      throw this.#explain(call, thrown, deadline, signal);
    }
  }

  async stream(call: ApiCall, silence: Micros, signal: AbortSignal): Promise<ApiStream> {
    using deadline = this.#deadlineOf(call, signal);
    try {
      const answer = await this.#exchange(call, deadline);
      return { lines: () => linesOf(call, answer, { clock: this.#clock, silence, signal }) };
    } catch (thrown) {
      throw this.#explain(call, thrown, deadline, signal);
    }
  }

  /** What became of it is told by the attempt itself. */
  async #probe(): Promise<void> {
    const call: ApiCall = { method: 'GET', path: '/readyz', deadline: PROBE_DEADLINE };
    await this.request(call, this.#closing.signal).catch(() => undefined);
  }

  #deadlineOf({ deadline }: ApiCall, signal: AbortSignal): Deadline {
    return new Deadline(this.#clock, deadline ?? DEFAULT_DEADLINE, signal);
  }

  /** An answer that is a success; its body is still to come. */
  async #exchange(call: ApiCall, deadline: Deadline): Promise<http.IncomingMessage> {
    try {
      return await this.#attempt(call, deadline);
    } catch (thrown) {
      if (isStatus(thrown, 401)) this.#credentials.expire();
      else if (!(thrown instanceof StaleConnection) || call.method === 'POST') throw thrown;
      return await this.#attempt(call, deadline);
    }
  }

  async #attempt(call: ApiCall, deadline: Deadline): Promise<http.IncomingMessage> {
    const access = await this.#access(deadline.signal);
    deadline.signal.throwIfAborted();
    const answer = await this.#send(call, access, deadline);
    const status = answer.statusCode ?? 0;
    this.#reachability.answered(status);
    if (status >= 200 && status < 300) return answer;
    throw refusalOfAnswer(call, status, answer.headers, await bodyOf(call, answer), this.#clock);
  }

  /** A plug-in that hangs must keep nobody beyond the deadline; what it gives late is there for the next request. */
  async #access(signal: AbortSignal): Promise<Access> {
    using aborted = new Aborted(signal);
    const tooLate = aborted.promise.then(() => {
      throw new NoCredentials();
    });
    try {
      return await Promise.race([this.#credentials.current(), tooLate]);
    } catch (thrown) {
      if (thrown instanceof NoCredentials) throw thrown;
      throw this.#unreachable(this.#lackOfCredentials(describeCredentialFault(thrown)));
    }
  }

  #send(call: ApiCall, access: Access, deadline: Deadline): Promise<http.IncomingMessage> {
    const { method, path, query, body, contentType, permit } = call;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...access.headers,
      Accept: 'application/json',
      'User-Agent': this.#userAgent,
      ...(text === undefined ? {} : { 'Content-Type': contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    };
    const { request } = this.server.startsWith('https:') ? https : http;
    const sent = request(`${this.server}${path}${queryText(query)}`, { method, headers, agent: access.agent });
    const launch = (): void => {
      if (permit !== undefined) deadline.shorten(grantedTime(call, permit));
      sent.end(text);
    };
    return answerTo(sent, { launch, discard: permit !== undefined, signal: deadline.signal });
  }

  /** The error for the caller. An abort by the caller stays what it is. */
  #explain(call: ApiCall, thrown: unknown, deadline: Deadline, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (thrown instanceof ApiError) return thrown;
    const seconds = (call.deadline ?? DEFAULT_DEADLINE) / 1_000_000;
    // Without the seconds: requests and probes have other deadlines, and the same fault is to be said once.
    if (thrown instanceof NoCredentials) return this.#unreachable(this.#lackOfCredentials(HANGING));
    if (thrown instanceof NotConnected) return this.#unreachable(this.#absence(`no connection within ${seconds} s`));
    if (deadline.expired) {
      const limit = call.permit === undefined ? `${seconds} s` : `${seconds} s, or the time for which this process was permitted to write`;
      return new ApiError(`${call.method} ${call.path}: no answer within ${limit}`, { status: 0, reason: 'Timeout' });
    }
    if (thrown instanceof StaleConnection) return brokenError(call, thrown.cause, 'before');
    if (thrown instanceof NoAnswer) return this.#unreachable(this.#absence(describeConnectionFault(thrown.cause)));
    return brokenError(call, thrown, 'within');
  }

  #lackOfCredentials(fault: string): string {
    return `there are no credentials for the API server at ${this.server}: ${fault}`;
  }

  #absence(fault: string): string {
    return `the API server at ${this.server} cannot be reached: ${fault}`;
  }

  #unreachable(fault: string): ApiError {
    this.#reachability.failed(fault);
    return new ApiError(fault, { status: 0, reason: 'Unreachable' });
  }
}

function queryText(query: ApiCall['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** Throws when none is granted. */
function grantedTime({ method, path }: ApiCall, permit: WritePermit): Micros {
  const time = permit.remaining();
  if (time > 0) return time;
  throw new ApiError(`${method} ${path}: not sent, this process is not permitted to write now`, { status: 0, reason: 'NotPermitted' });
}

/** How a request goes out, and ends. */
interface Passage {
  /** Writes it; called when there is a connection, so that it leaves at once. What it throws is the outcome. */
  readonly launch: () => void;
  /** Whether what has not left when the signal is aborted must never leave: see {@link reset}. */
  readonly discard: boolean;
  readonly signal: AbortSignal;
}

/** The head of the answer. Aborting the signal destroys the connection, also while the body is under way. */
function answerTo(request: http.ClientRequest, { launch, discard, signal }: Passage): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    let connection: Socket | undefined;
    const abort = (): void => {
      if (discard && connection !== undefined) reset(connection);
      request.destroy(connection === undefined ? new NotConnected() : undefined);
    };
    const proceed = (socket: Socket): void => {
      connection = socket;
      try {
        launch();
      } catch (thrown) {
        reject(thrown);
        request.destroy();
      }
    };
    request.on('socket', (socket) => {
      if (socket.connecting) socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => proceed(socket));
      else proceed(socket);
    });
    request.once('response', resolve);
    request.on('error', (fault) => reject(faultBeforeAnswer(request, fault)));
    request.once('close', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort, { once: true });
  });
}

function faultBeforeAnswer(request: http.ClientRequest, fault: Error): Error {
  if (fault instanceof NotConnected) return fault;
  if (request.reusedSocket && codeOf(fault) === 'ECONNRESET') return new StaleConnection(fault.message, { cause: fault });
  return new NoAnswer(fault.message, { cause: fault });
}
