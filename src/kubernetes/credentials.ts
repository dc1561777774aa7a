import { createHash } from 'node:crypto';
import http from 'node:http';
import type https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock, Micros } from '../lib/clock.ts';
import { ResettableAgent } from './resettable-agent.ts';

/** What a request carries to be let in, and the connections it goes over. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: http.Agent;
}

/** client-go reads token files as often; a token stays valid for many minutes after the next one is written. */
const FRESH_FOR = 60_000_000 as Micros;

/** Go's HTTP server closes idle connections after 90 s; ours go first, so that no request meets a closing one. */
const IDLE_MILLISECONDS = 60_000;

/**
 * The credentials of a kubeconfig, kept current: files (tokens, certificates) are read anew each minute, a plug-in is
 * run again when what it gave has expired, and all of it at once after `expire`. Over plain HTTP none are sent.
 */
export class Credentials {
  readonly #clock: Clock;
  #config: KubeConfig;
  #access: Promise<Access> | undefined;
  #readAt: Micros | undefined;
  #agent: http.Agent | undefined;
  #agentKey = '';

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Rejects with what client-node or the file system throws; that may quote a secret: see `describeCredentialFault`. */
  async current(): Promise<Access> {
    const now = this.#clock.now();
    if (this.#readAt !== undefined && now - this.#readAt >= FRESH_FOR) this.#access = undefined;
    if (this.#access === undefined) {
      this.#readAt = now;
      this.#access = this.#read();
      this.#access.catch(() => this.expire());
    }
    return await this.#access;
  }

  /** The server refused what we have: the next request starts from nothing. */
  expire(): void {
    this.#access = undefined;
    this.#config = copyOf(this.#config);
  }

  /** Closes the connections, used ones too. */
  close(): void {
    this.#agent?.destroy();
  }

  async #read(): Promise<Access> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster?.server.startsWith('http:') === true) return { headers: {}, agent: this.#agentFor('http', () => plainAgent()) };
    // A copy forgets the token it has read; one that comes from a plug-in is costly to get and says when it expires.
    if (this.#config.getCurrentUser()?.exec === undefined) this.#config = copyOf(this.#config);
    const options: https.RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers = headersOf(options);
    if (cluster?.proxyUrl !== undefined && options.agent instanceof http.Agent) return { headers, agent: options.agent };
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const tls = Object.fromEntries(
      Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
    );
    const agentKey = createHash('sha256').update([ca, cert, key, servername, rejectUnauthorized].join('\0')).digest('hex');
    return { headers, agent: this.#agentFor(agentKey, () => new ResettableAgent({ ...tls, ...CONNECTIONS })) };
  }

  /** The same agent while what it was made from is the same: its connections are worth keeping. */
  #agentFor(key: string, make: () => http.Agent): http.Agent {
    if (this.#agent === undefined || this.#agentKey !== key) {
      this.#agent = make();
      this.#agentKey = key;
    }
    return this.#agent;
  }
}

/** A peer that vanished is noticed after this and ten probes of a second each, on a silent watch too. */
const PROBE_AFTER_MILLISECONDS = 20_000;

const CONNECTIONS: http.AgentOptions = {
  keepAlive: true,
  keepAliveMsecs: PROBE_AFTER_MILLISECONDS,
  timeout: IDLE_MILLISECONDS,
};

function plainAgent(): http.Agent {
  return new http.Agent(CONNECTIONS);
}

function copyOf({ clusters, users, contexts, currentContext }: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}

function headersOf({ headers, auth }: https.RequestOptions): Record<string, string> {
  const texts = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
  const basic = auth === undefined || auth === null ? {} : { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  return { ...basic, ...Object.fromEntries(texts) };
}

/** Why there are no credentials, on one line, without what a plug-in printed to its standard output or a file holds. */
export function describeCredentialFault(thrown: unknown): string {
  const { code, path } = thrown as NodeJS.ErrnoException;
  if (code !== undefined) return path === undefined ? `${code}` : `${path}: ${code}`;
  // JSON.parse quotes what it could not read: here the credential.
  if (thrown instanceof SyntaxError) return 'the plug-in did not print an ExecCredential';
  return thrown instanceof Error ? (thrown.message.split('\n', 1)[0] ?? '') : 'unknown fault';
}
