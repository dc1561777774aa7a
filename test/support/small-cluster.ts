import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import { AllocationTable } from '../../src/model/allocation/table.ts';
import { type PoolSet, parsePools } from '../../src/model/pool-set.ts';
import { POOL_ANNOTATION, type ServiceFacts } from '../../src/model/service.ts';
import { adoptServices } from '../../src/operators/services/adopt.ts';
import type { DesiredStatus } from '../../src/operators/services/desired.ts';
import { type Lack, planService } from '../../src/operators/services/plan.ts';
import { facts, type ServiceOptions } from './objects.ts';

/** What became of a write: it may land without the writer learning of it. */
export type Fate = 'answered' | 'unanswered' | 'lost';

/** What a controller remembers of its last write for a Service. */
interface LastWrite {
  readonly resourceVersion: string;
  readonly answered: boolean;
}

/** Far more than any small cluster takes to come to rest. */
const MAX_TURNS = 1000;

/**
 * A server with Services, Namespaces and pools, and a controller that sees the Services through a cache that lags. The
 * controller's part is the shortest that keeps to the protocol: who writes when is for the test to say.
 */
export class SmallCluster {
  readonly services: Map<string, ServiceFacts> = new Map();
  readonly namespaces: Map<string, Readonly<Record<string, string>>> = new Map();
  readonly pools: Map<string, IPAddressPool> = new Map();
  writes = 0;
  events: string[] = [];
  table: AllocationTable = new AllocationTable();
  cache: Map<string, ServiceFacts> = new Map();
  /** Services that are to have a turn. */
  #due = new Set<string>();
  #poolSet: PoolSet | undefined;
  #lacks = new Map<string, { readonly uid: string; readonly lack: Lack }>();
  #lastWrites = new Map<string, LastWrite>();
  #versions = 0;

  /** What a user does to a Service: the spec is replaced, status, identity and our annotation stay. */
  apply(options: ServiceOptions): void {
    const wanted = facts({ ...options, uid: `uid-${++this.#versions}` });
    const before = this.services.get(wanted.key);
    const kept = before && { uid: before.uid, creationTimestamp: before.creationTimestamp, ingress: before.ingress };
    const ours = before?.annotations[POOL_ANNOTATION];
    const annotations = ours === undefined ? wanted.annotations : { ...wanted.annotations, [POOL_ANNOTATION]: ours };
    this.#store({ ...wanted, ...kept, annotations });
  }

  remove(key: string): void {
    this.services.delete(key);
  }

  relabel(namespace: string, labels: Readonly<Record<string, string>>): void {
    this.namespaces.set(namespace, labels);
    for (const [key, service] of this.cache) if (service.namespace === namespace) this.#due.add(key);
  }

  /** What a user does to a pool; `undefined` deletes it. */
  applyPool(name: string, object: IPAddressPool | undefined): void {
    if (object === undefined) this.pools.delete(name);
    else this.pools.set(name, { ...object, metadata: { ...object.metadata, generation: ++this.#versions } });
    this.reload();
  }

  /** The pools are parsed at once: they are few, and what reads them is not under test here. */
  reload(): void {
    this.#poolSet = parsePools([...this.pools.values()], this.#poolSet);
    this.table.setPools(this.#poolSet);
    for (const key of this.cache.keys()) this.#due.add(key);
  }

  /** The cache learns of one Service, if there is anything to learn. */
  deliver(key: string): void {
    const service = this.services.get(key);
    if (service === this.cache.get(key)) return;
    if (service === undefined) this.cache.delete(key);
    else this.cache.set(key, service);
    this.#due.add(key);
  }

  /** Delivers and gives the turns that are due until nothing changes any more. */
  settle(): void {
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      for (const key of [...this.services.keys(), ...this.cache.keys()]) this.deliver(key);
      const [next] = this.#due;
      if (next === undefined) return;
      this.turn(next, 'answered');
    }
    throw new Error('turns without end');
  }

  /** Everything the controller knew is lost, and it starts from a complete list. */
  restart(): void {
    this.table = new AllocationTable();
    this.#poolSet = undefined;
    this.#lacks = new Map();
    this.#lastWrites = new Map();
    this.cache = new Map(this.services);
    this.reload();
    this.#due = new Set(adoptServices(this.table, this.cache.values(), undefined).map(({ key }) => key));
  }

  /** One turn for a Service. */
  turn(key: string, fate: Fate): void {
    this.#due.delete(key);
    const service = this.cache.get(key);
    const last = this.#lastWrites.get(key);
    if (last !== undefined && last.resourceVersion === service?.resourceVersion) {
      // The server is past what the cache shows, and the next delivery decides; unless the write never got there.
      if (last.answered || this.services.get(key)?.resourceVersion !== service.resourceVersion) return;
      this.#lastWrites.delete(key);
    }
    const known = this.#lacks.get(key);
    const plan = planService(this.table, {
      key,
      facts: service,
      namespaceLabels: this.namespaces.get(service?.namespace ?? '') ?? {},
      ownClass: undefined,
      lastLack: known?.uid === service?.uid ? known?.lack : undefined,
    });
    this.#remember(key, service?.uid ?? '', plan.lack);
    this.events.push(...plan.events.map(({ reason, message }) => `${reason}: ${message}`));
    if (service !== undefined && plan.write !== undefined) this.#write(service, plan.write, fate);
    if (plan.eased) for (const waiting of this.#lacks.keys()) this.#due.add(waiting);
  }

  /** What a Service was last said to wait for. */
  lackOf(key: string): Lack | undefined {
    return this.#lacks.get(key)?.lack;
  }

  #remember(key: string, uid: string, lack: Lack | undefined): void {
    if (lack === undefined) this.#lacks.delete(key);
    else this.#lacks.set(key, { uid, lack });
  }

  #write(seen: ServiceFacts, status: DesiredStatus, fate: Fate): void {
    this.writes++;
    this.#lastWrites.set(seen.key, { resourceVersion: seen.resourceVersion, answered: fate === 'answered' });
    // Whoever gets no answer tries again.
    if (fate !== 'answered') this.#due.add(seen.key);
    const present = this.services.get(seen.key);
    if (fate === 'lost' || present === undefined || present.resourceVersion !== seen.resourceVersion) return;
    const { [POOL_ANNOTATION]: _, ...others } = present.annotations;
    const annotations = status.pool === undefined ? others : { ...others, [POOL_ANNOTATION]: status.pool };
    this.#store({ ...present, annotations, ingress: status.ingress.map((entry) => ({ ...entry, foreign: false })) });
  }

  #store(service: ServiceFacts): void {
    this.services.set(service.key, { ...service, resourceVersion: String(++this.#versions) });
  }
}
