import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import { type JsonObject, objectOf, type TextMap } from '../../src/lib/json.ts';
import { POOL_ANNOTATION } from '../../src/model/service.ts';
import { mergePatch } from './fake-api-server/merge-patch.ts';
import { type ServiceOptions, service as serviceObject } from './objects.ts';
import { type Fate, SmallController, type StatusWrite } from './small-controller.ts';

/** Far more than any small cluster takes to come to rest. */
const MAX_TURNS = 2_000;
/** Wall clock of the first turn, in milliseconds. */
const BEGIN = Date.UTC(2026, 5, 1);

/** A server with Services, Namespaces and pools, and the controllers that serve them: one that leads, and perhaps its predecessor. */
export class SmallCluster {
  /** As the API gives them, by `namespace/name`. */
  readonly services: Map<string, JsonObject> = new Map();
  readonly namespaces: Map<string, TextMap> = new Map();
  readonly pools: Map<string, IPAddressPool> = new Map();
  /** Writes that have not arrived yet. */
  readonly late: StatusWrite[] = [];
  leader: SmallController;
  /** One that led before and has not noticed that it does not any more. */
  deposed: SmallController | undefined;
  #versions = 0;
  #now = BEGIN;

  constructor() {
    this.leader = new SmallController(this);
  }

  /** A second passes; the wall clock. */
  tick(): number {
    this.#now += 1_000;
    return this.#now;
  }

  versionOf(key: string): unknown {
    return objectOf(this.services.get(key)?.metadata).resourceVersion;
  }

  /** What a user does to a Service: the spec is replaced, status, identity and our annotation stay. */
  apply(options: ServiceOptions): void {
    const wanted = serviceObject({ uid: `uid-${++this.#versions}`, ...options });
    const { namespace, name, annotations } = objectOf(wanted.metadata);
    const key = `${String(namespace)}/${String(name)}`;
    const before = this.services.get(key);
    if (before === undefined) {
      this.#store(key, { ...wanted, metadata: { ...objectOf(wanted.metadata), generation: 1 } });
      return;
    }
    const { uid, creationTimestamp, generation, annotations: present } = objectOf(before.metadata);
    const ours = objectOf(present)[POOL_ANNOTATION];
    const kept = ours === undefined ? annotations : { ...objectOf(annotations), [POOL_ANNOTATION]: ours };
    const identity = { uid, creationTimestamp, generation: Number(generation) + 1, annotations: kept };
    this.#store(key, { ...wanted, status: before.status, metadata: { ...objectOf(wanted.metadata), ...identity } });
  }

  remove(key: string): void {
    this.services.delete(key);
  }

  relabel(namespace: string, labels: TextMap): void {
    this.namespaces.set(namespace, labels);
    for (const controller of this.#controllers()) controller.lookAgain((service) => service.namespace === namespace);
  }

  /** What a user does to a pool; `undefined` deletes it. */
  applyPool(name: string, object: IPAddressPool | undefined): void {
    if (object === undefined) this.pools.delete(name);
    else this.pools.set(name, { ...object, metadata: { ...object.metadata, generation: ++this.#versions } });
    for (const controller of this.#controllers()) controller.readPools();
  }

  /** The leader's cache learns of one Service. */
  deliver(key: string): void {
    this.leader.deliver(key);
  }

  /** A watch that was lost is replaced by a list: the cache learns of everything at once. */
  relist(): void {
    for (const key of [...this.services.keys(), ...this.leader.known]) this.leader.deliver(key);
  }

  turn(key: string, fate: Fate): void {
    this.leader.turn(key, fate);
  }

  /** A write arrives: it counts only if the Service is still what it was decided on. */
  receive({ key, resourceVersion, patch }: StatusWrite): void {
    const present = this.services.get(key);
    if (present === undefined || this.versionOf(key) !== resourceVersion) return;
    const { status, annotations } = patch;
    this.#store(key, objectOf(mergePatch(present, { status, metadata: annotations === undefined ? {} : { annotations } })));
  }

  /** All writes that are on their way arrive. */
  arrive(): void {
    for (const write of this.late.splice(0)) this.receive(write);
  }

  /** Another controller takes over from what is stored. What the last one still does is another's decision. */
  handOver(): void {
    this.deposed = this.leader;
    this.leader = new SmallController(this);
  }

  /** The one that was deposed gives a Service one more turn, by what it last saw. */
  straggle(key: string): void {
    this.deposed?.turn(key, 'unanswered');
  }

  /** Everything the controller knew is lost, and it starts from a complete list. Its last writes may still arrive. */
  restart(): void {
    this.leader = new SmallController(this);
  }

  /** Nobody else writes any more, all is delivered, and turns are given until none is due. */
  settle(): void {
    this.arrive();
    this.deposed = undefined;
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      this.relist();
      const { next } = this.leader;
      if (next === undefined) return;
      this.leader.turn(next, 'answered');
    }
    throw new Error('turns without end');
  }

  #controllers(): SmallController[] {
    return [this.leader, ...(this.deposed === undefined ? [] : [this.deposed])];
  }

  #store(key: string, service: JsonObject): void {
    const metadata = { ...objectOf(service.metadata), resourceVersion: String(++this.#versions) };
    this.services.set(key, { ...service, metadata });
  }
}
