import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { keyOf, type Resource } from '../../src/kubernetes/resource.ts';
import { WatchedStores } from '../../src/kubernetes/resource-stores.ts';
import type { Project, Store } from '../../src/kubernetes/store.ts';
import type { Micros } from '../../src/lib/clock.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { eventually } from './eventually.ts';
import { FakeApiServer, type FakeApiServerOptions } from './fake-api-server.ts';
import { FakeClock } from './fake-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

/** The kind that scenes are mostly about. */
export const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' };

/** Nearly the whole object: what a cache must equal in the end. Whether the kind is named depends on how it was listed. */
export const whole: Project<JsonObject> = (object) => cacheable(object);

function cacheable(object: JsonObject): JsonObject {
  return { ...object, apiVersion: undefined, kind: undefined };
}

/** A fake API server, a clock that stands still, and the runtime that follows the one by the other. */
export class RuntimeScene implements AsyncDisposable {
  readonly server: FakeApiServer;
  readonly clock: FakeClock = new FakeClock();
  readonly log: RecordingLogger = new RecordingLogger();
  readonly api: ApiClient;
  readonly stores: WatchedStores;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(server: FakeApiServer) {
    this.server = server;
    const random = (): number => 0.5;
    this.api = new ApiClient({ config: server.kubeConfig, clock: this.clock, random, log: this.log, userAgent: 'test' });
    this.stores = new WatchedStores({ api: this.api, clock: this.clock, random, log: this.log });
    this.#running = this.stores.run(this.#end.signal);
  }

  static async open(options?: FakeApiServerOptions): Promise<RuntimeScene> {
    return new RuntimeScene(await FakeApiServer.start(options));
  }

  service(name: string, port: number = 80): void {
    this.server.put(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'LoadBalancer', port },
    });
  }

  watch(resource: Resource = SERVICES): Store<JsonObject> {
    return this.stores.open(resource, whole);
  }

  /** A synced store of Services whose watch is open. */
  async watched(): Promise<Store<JsonObject>> {
    const store = this.watch();
    await this.synced(store);
    await eventually(this.clock, 'the watch is open', () => this.server.openWatches === 1);
    return store;
  }

  async synced(store: Store<unknown>, step?: Micros): Promise<void> {
    await eventually(this.clock, 'the store is synced', () => store.synced, step);
  }

  /** The cache equals the server's content. */
  async equal(store: Store<JsonObject>, resource: Resource = SERVICES, step?: Micros): Promise<void> {
    const wanted = (): Map<string, JsonObject> =>
      new Map(this.server.list(resource).map((object) => [keyOf(object.metadata), cacheable(object)]));
    const text = (entries: Iterable<[string, JsonObject]>): string =>
      JSON.stringify([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
    await eventually(this.clock, 'the cache equals the server', () => text(store.entries()) === text(wanted()), step);
  }

  lists(): number {
    return this.server.requests.filter(({ verb, query }) => verb === 'list' || query.includes('sendInitialEvents')).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.api[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
