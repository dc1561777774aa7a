import { describeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Cache } from './cache.ts';
import { type Resource, titleOf } from './resource.ts';
import type { Project, Store } from './store.ts';
import { Watcher, type WatcherPorts, type WatchSink } from './watcher.ts';

/** The stores of one process, so that all who look at one resource share one watch. */
export interface ResourceStores {
  /**
   * The store of `resource`; the first call starts its watch. The same resource with another projection function is
   * another store with a watch of its own, so export the projection and share it.
   */
  open<Projection>(resource: Resource, project: Project<Projection>): Store<Projection>;
  /** Whether all open stores are. */
  readonly synced: boolean;
}

interface OpenStore {
  readonly project: unknown;
  readonly store: Store<unknown>;
  readonly watcher: Watcher;
}

/** The stores that follow an API server by a {@link Watcher} each. */
export class WatchedStores implements ResourceStores {
  readonly #ports: WatcherPorts;
  readonly #open = new Map<string, OpenStore[]>();
  readonly #bug = Promise.withResolvers<never>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(ports: WatcherPorts) {
    this.#ports = ports;
  }

  get synced(): boolean {
    return this.#all().every(({ store }) => store.synced);
  }

  /** The resources whose stores are not synced yet, as `kubectl` names them. */
  get missing(): readonly string[] {
    return this.#all().flatMap(({ store }) => (store.synced ? [] : [titleOf(store.resource)]));
  }

  open<Projection>(resource: Resource, project: Project<Projection>): Store<Projection> {
    const id = identityOf(resource);
    const others = this.#open.get(id) ?? [];
    const shared = others.find((one) => one.project === project);
    // The same function made it, so it holds what that function gives.
    if (shared !== undefined) return shared.store as Store<Projection>;
    const cache = new Cache<Projection>(resource);
    const sink = new ProjectingSink(cache, project, this.#ports.log);
    const opened: OpenStore = { project, store: cache, watcher: new Watcher(resource, this.#ports, sink) };
    this.#open.set(id, [...others, opened]);
    if (this.#signal !== undefined) this.#start(opened.watcher, this.#signal);
    return cache;
  }

  /**
   * Follows all stores, those opened later too, until `signal` is aborted; then resolves when all watches have ended.
   * Rejects with the AssertionError of a listener. Once only.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const { watcher } of this.#all()) this.#start(watcher, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await Promise.race([promise, this.#bug.promise]);
    await Promise.all(this.#running);
  }

  /**
   * Makes all open stores at least as new as the server is at this moment, by a list each; resolves when they are, or
   * early when `signal` is aborted.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map(({ watcher }) => watcher.refresh(signal)));
  }

  #start(watcher: Watcher, signal: AbortSignal): void {
    const run = watcher.run(signal);
    this.#running.add(run);
    run.catch((bug) => this.#bug.reject(bug));
  }

  #all(): OpenStore[] {
    return [...this.#open.values()].flat();
  }
}

function identityOf({ group, version, plural, namespace, fieldSelector, labelSelector }: Resource): string {
  return JSON.stringify([group, version, plural, namespace ?? '', fieldSelector ?? '', labelSelector ?? '']);
}

/** Puts projections into a cache. */
class ProjectingSink<Projection> implements WatchSink {
  readonly #cache: Cache<Projection>;
  readonly #project: Project<Projection>;
  readonly #log: Logger;
  /** Objects whose projection threw, so that each is logged once: a list repeats them. */
  readonly #faulty = new Set<string>();

  constructor(cache: Cache<Projection>, project: Project<Projection>, log: Logger) {
    this.#cache = cache;
    this.#project = project;
    this.#log = log;
  }

  present(key: string, object: JsonObject): void {
    this.#cache.set(key, this.#projectionOf(key, object));
  }

  gone(key: string): void {
    this.#faulty.delete(key);
    this.#cache.set(key, undefined);
  }

  listed(keys: ReadonlySet<string>): void {
    for (const key of this.#faulty) if (!keys.has(key)) this.#faulty.delete(key);
    this.#cache.finishList(keys);
  }

  #projectionOf(key: string, object: JsonObject): Projection | undefined {
    try {
      return this.#project(object);
    } catch (thrown) {
      if (!this.#faulty.has(key)) {
        this.#log.error(`${titleOf(this.#cache.resource)} ${key} cannot be understood and is treated as absent: this is a bug`, {
          op: 'watch',
          error: describeError(thrown),
        });
      }
      this.#faulty.add(key);
      return undefined;
    }
  }
}
