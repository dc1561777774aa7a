import type { Api } from '../../src/kubernetes/api.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ApiError } from '../../src/kubernetes/api-error.ts';
import { LeaseElector } from '../../src/kubernetes/lease-elector.ts';
import type { LeaseTerm } from '../../src/kubernetes/lease-term.ts';
import { PermittedApi } from '../../src/kubernetes/permitted-api.ts';
import type { Resource } from '../../src/kubernetes/resource.ts';
import { WatchedStores } from '../../src/kubernetes/resource-stores.ts';
import type { Store } from '../../src/kubernetes/store.ts';
import { milliseconds } from '../../src/lib/clock.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { FakeApiServer } from './fake-api-server.ts';
import type { FakeClock } from './fake-clock.ts';
import { RecordingLogger } from './recording-logger.ts';
import { SERVICES, whole } from './runtime-scene.ts';

/** The Lease of the scenes. */
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace: 'metallb-system' };

/** A term as its work has seen it. */
export interface SeenTerm {
  readonly term: LeaseTerm;
  readonly api: PermittedApi;
  /** What was known of Services when it began to lead. */
  known: readonly string[] | undefined;
  ended: boolean;
}

/** One of several processes with the same work: a candidate, a store of Services, and terms that keep a diary. */
export class Replica {
  readonly name: string;
  readonly clock: FakeClock;
  readonly log: RecordingLogger = new RecordingLogger();
  readonly api: ApiClient;
  readonly terms: SeenTerm[] = [];
  readonly services: Store<JsonObject>;
  readonly elector: LeaseElector;
  /** The work of a term waits for this before it ends. */
  lastWords: (term: SeenTerm) => Promise<void> = async () => undefined;
  readonly #end = new AbortController();
  readonly #running: Promise<unknown>;
  #dead: boolean = false;

  constructor(name: string, server: FakeApiServer, clock: FakeClock) {
    this.name = name;
    this.clock = clock;
    const ports = { config: server.kubeConfig, clock, random: () => 0.5, log: this.log };
    this.api = new ApiClient({ ...ports, userAgent: name });
    const stores = new WatchedStores({ ...ports, api: this.api });
    this.services = stores.open(SERVICES, whole);
    const candidacy = {
      deployment: '',
      namespace: 'metallb-system',
      name: 'metallb-controller',
      identity: `${name}_1`,
      leaseDuration: milliseconds(15_000),
      renewDeadline: milliseconds(10_000),
      retryPeriod: milliseconds(2_000),
    };
    this.elector = new LeaseElector(candidacy, { api: this.#unlessDead(), stores, clock, log: this.log });
    const election = this.elector.run((term) => this.#work(term), this.#end.signal);
    this.#running = Promise.all([stores.run(this.#end.signal), election]);
  }

  get leads(): boolean {
    const last = this.terms.at(-1);
    return last !== undefined && !last.ended && last.known !== undefined && last.term.remaining() > 0;
  }

  /** A clean end. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.api[Symbol.dispose]();
  }

  /** From now on nothing more is heard of it. */
  die(): void {
    this.#dead = true;
  }

  #unlessDead(): Api {
    const { api } = this;
    return {
      get reachable() {
        return api.reachable;
      },
      whenReachable: (signal) => api.whenReachable(signal),
      request: (call, signal) =>
        this.#dead ? Promise.reject(new ApiError('dead', { status: 0, reason: 'Timeout' })) : api.request(call, signal),
      stream: (...call) => api.stream(...call),
    };
  }

  #work(term: LeaseTerm): (signal: AbortSignal) => Promise<void> {
    const seen: SeenTerm = { term, api: new PermittedApi(this.api, term), known: undefined, ended: false };
    this.terms.push(seen);
    return async (signal) => {
      await term.whenLeading(signal);
      if (!signal.aborted) seen.known = [...this.services.keys()];
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      await promise;
      await this.lastWords(seen);
      seen.ended = true;
    };
  }
}
