import type { Condition } from '../../src/crds/meta.ts';
import { rfc3339 } from '../../src/kubernetes/rfc3339.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { AllocationTable } from '../../src/model/allocation/table.ts';
import { type PoolSet, parsePools } from '../../src/model/pool-set.ts';
import { adoptServices } from '../../src/operators/services/adopt.ts';
import { patchOf } from '../../src/operators/services/desired.ts';
import { type Lack, planService, type ServicePlan } from '../../src/operators/services/plan.ts';
import { type AddressableFacts, addressableFacts } from '../../src/operators/services/projection.ts';
import type { SmallCluster } from './small-cluster.ts';

/** What became of a write: it may land without the writer learning of it, late, or not at all. */
export type Fate = 'answered' | 'unanswered' | 'late' | 'lost';

/** A write of a status that is on its way to the server. */
export interface StatusWrite {
  readonly key: string;
  /** The version that it was decided on. */
  readonly resourceVersion: string;
  readonly patch: JsonObject;
}

interface LastWrite {
  readonly resourceVersion: string;
  readonly answered: boolean;
}

interface Finding {
  readonly uid: string;
  readonly lack: Lack | undefined;
  readonly condition: Condition | undefined;
}

/**
 * A controller that sees the Services of a small cluster through a cache that lags. It is the shortest that keeps to the
 * protocol of the real one: who has a turn when is for the test to say.
 */
export class SmallController {
  readonly table: AllocationTable = new AllocationTable();
  readonly events: string[] = [];
  writes = 0;
  readonly #cluster: SmallCluster;
  readonly #cache = new Map<string, AddressableFacts>();
  /** Services that are to have a turn. */
  readonly #due: Set<string>;
  readonly #findings = new Map<string, Finding>();
  readonly #lastWrites = new Map<string, LastWrite>();
  #poolSet: PoolSet | undefined;

  /** Starts from all that is stored, and adopts it. */
  constructor(cluster: SmallCluster) {
    this.#cluster = cluster;
    for (const key of cluster.services.keys()) this.#read(key);
    this.#due = new Set();
    this.readPools();
    this.#due = new Set(adoptServices(this.table, this.#cache.values(), undefined).map(({ key }) => key));
  }

  /** The Services that it knows of. */
  get known(): Iterable<string> {
    return this.#cache.keys();
  }

  /** A Service that is to have a turn. */
  get next(): string | undefined {
    const [next] = this.#due;
    return next;
  }

  /** The pools are parsed at once: they are few, and what reads them is not under test here. */
  readPools(): void {
    this.#poolSet = parsePools([...this.#cluster.pools.values()], this.#poolSet);
    this.table.setPools(this.#poolSet);
    this.lookAgain(() => true);
  }

  /** Those Services are to have a turn. */
  lookAgain(concerns: (service: AddressableFacts) => boolean): void {
    for (const [key, service] of this.#cache) if (concerns(service)) this.#due.add(key);
  }

  /** The cache learns of one Service, if there is anything to learn. */
  deliver(key: string): void {
    if (this.#read(key)) this.#due.add(key);
  }

  /** One turn for a Service. */
  turn(key: string, fate: Fate): void {
    this.#due.delete(key);
    const facts = this.#cache.get(key);
    if (!this.#showsLastWrite(key, facts)) return;
    const plan = this.#plan(key, facts);
    const { lack, write } = plan;
    if (facts === undefined || (lack === undefined && write === undefined)) this.#findings.delete(key);
    else this.#findings.set(key, { uid: facts.uid, lack, condition: write?.condition });
    this.events.push(...plan.events.map(({ reason, message }) => `${key} ${reason}: ${message}`));
    if (facts !== undefined && write !== undefined) {
      const { resourceVersion } = facts;
      this.#write({ key, resourceVersion, patch: patchOf(facts, write) as unknown as JsonObject }, fate);
    }
    if (plan.eased) for (const [waiting, { lack: missed }] of this.#findings) if (missed !== undefined) this.#due.add(waiting);
  }

  /** If not, the server is past what the cache shows, and the next delivery decides; unless the write never got there. */
  #showsLastWrite(key: string, facts: AddressableFacts | undefined): boolean {
    const last = this.#lastWrites.get(key);
    if (last === undefined || last.resourceVersion !== facts?.resourceVersion) return true;
    if (last.answered || this.#cluster.versionOf(key) !== facts.resourceVersion) return false;
    this.#lastWrites.delete(key);
    return true;
  }

  #plan(key: string, facts: AddressableFacts | undefined): ServicePlan {
    const finding = this.#findings.get(key);
    const known = finding?.uid === facts?.uid ? finding : undefined;
    return planService(this.table, {
      key,
      facts,
      namespaceLabels: this.#cluster.namespaces.get(facts?.namespace ?? '') ?? {},
      ownClass: undefined,
      lastLack: known?.lack,
      lastCondition: known?.condition,
      now: rfc3339(this.#cluster.tick()),
    });
  }

  #write(write: StatusWrite, fate: Fate): void {
    this.writes++;
    this.#lastWrites.set(write.key, { resourceVersion: write.resourceVersion, answered: fate === 'answered' });
    // Whoever gets no answer tries again.
    if (fate !== 'answered') this.#due.add(write.key);
    if (fate === 'late') this.#cluster.late.push(write);
    else if (fate !== 'lost') this.#cluster.receive(write);
  }

  #read(key: string): boolean {
    const stored = this.#cluster.services.get(key);
    const facts = stored === undefined ? undefined : addressableFacts(stored);
    const before = this.#cache.get(key);
    if (facts?.resourceVersion === before?.resourceVersion) return false;
    if (facts === undefined) this.#cache.delete(key);
    else this.#cache.set(key, facts);
    return true;
  }
}
