import type { ConfigurationStatus } from '../../crds/meta.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator, type ResourceWatch } from '../../kubernetes/resource-operator.ts';
import type { StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Store } from '../../kubernetes/store.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type ConfigurationKind, type ConfigurationObjects, faultLine } from '../../model/configuration.ts';
import { type NodeFacts, nodeFacts } from '../../model/node-facts.ts';
import type { Pool } from '../../model/pool.ts';
import { type SecretFacts, secretFacts } from '../../model/secret-facts.ts';
import { type Configuration, planConfiguration, planObject } from './plan.ts';
import { type KeptObject, keptObject } from './projection.ts';

/** What keeping the configuration needs of the world. */
export interface ConfigurationWorld {
  /** Where the configuration lies; objects of other namespaces are none of ours. */
  readonly namespace: string;
  /** The pools in use. */
  readonly pools: () => readonly Pool[];
  /** Resolves when those that were there at the start are known; early when `signal` is aborted. */
  readonly poolsLoaded: (signal: AbortSignal) => Promise<void>;
  readonly statuses: StatusWriter;
  /** Told what is wrong whenever the configuration was read, one line a fault. */
  readonly faultsFound: (faults: readonly string[]) => void;
}

/** The kinds whose objects get a condition here, and the lists that the rules take them from. */
const KINDS = [
  { kind: 'L2Advertisement', list: 'l2Advertisements', plural: 'l2advertisements', version: 'v1beta1' },
  { kind: 'BGPAdvertisement', list: 'bgpAdvertisements', plural: 'bgpadvertisements', version: 'v1beta1' },
  { kind: 'BGPPeer', list: 'peers', plural: 'bgppeers', version: 'v1beta2' },
  { kind: 'BFDProfile', list: 'bfdProfiles', plural: 'bfdprofiles', version: 'v1beta1' },
  { kind: 'Community', list: 'communities', plural: 'communities', version: 'v1beta1' },
] as const satisfies readonly { kind: ConfigurationKind; list: keyof ConfigurationObjects; plural: string; version: string }[];

interface WatchedKind {
  readonly kind: ConfigurationKind;
  readonly list: (typeof KINDS)[number]['list'];
  readonly resource: Resource;
  readonly store: Store<KeptObject>;
}

/** The turn of nobody: only whatever has changed is to be read. */
const READ = 'configuration';

/** Reads advertisements, peers, BFD profiles and communities, and writes into their statuses whether they are in use. */
export class ConfigurationOperator extends ResourceOperator {
  readonly #world: ConfigurationWorld;
  readonly #clock: Clock;
  #kinds: readonly WatchedKind[] = [];
  #nodes: Store<NodeFacts> | undefined;
  #secrets: Store<SecretFacts> | undefined;
  /** Whether something that decides has come, changed or gone since the configuration was read. */
  #unread: boolean = true;
  /** What decides, of each thing that was looked at, by name. */
  readonly #versions = new Map<string, string>();
  #configuration: Configuration | undefined;
  /** By the name of its turn. */
  #refusals: ReadonlyMap<string, string> = new Map();
  readonly #decided = new Map<string, ConfigurationStatus>();

  constructor(world: ConfigurationWorld, ports: OperatorPorts) {
    super('configuration', ports);
    this.#world = world;
    this.#clock = ports.clock;
  }

  /** Takes notice that other pools are in use. */
  poolsChanged(): void {
    this.#unread = true;
    this.queue.add(READ);
  }

  protected override async init(): Promise<void> {
    const { namespace } = this.#world;
    const kinds: WatchedKind[] = [];
    for (const { kind, list, plural, version } of KINDS) {
      const resource = { group: 'metallb.io', version, plural };
      const names = (key: string, store: Store<KeptObject>): string[] => {
        this.#notice(`${kind} ${key}`, versionOf(store.get(key)));
        return [`${kind} ${key}`];
      };
      const store = await this.watchResource('metallb.io', version, plural, { project: keptObject, names }, namespace);
      kinds.push({ kind, list, resource, store });
    }
    this.#kinds = kinds;
    this.#nodes = await this.watchResource(
      '',
      'v1',
      'nodes',
      this.#beside('Node', nodeFacts, ({ labels }) => labels),
    );
    this.#secrets = await this.watchResource(
      '',
      'v1',
      'secrets',
      this.#beside('Secret', secretFacts, (facts) => facts),
      namespace,
    );
  }

  protected override async prepare(signal: AbortSignal): Promise<void> {
    await this.#world.poolsLoaded(signal);
    if (!signal.aborted) this.#read();
  }

  override async reconcile(name: string, signal: AbortSignal): Promise<void> {
    if (this.#unread) this.#read();
    const [kind = '', key = ''] = name.split(' ', 2);
    const watched = this.#kinds.find((each) => each.kind === kind);
    const object = watched?.store.get(key);
    if (watched === undefined || object === undefined) {
      this.#decided.delete(name);
      return;
    }
    const now = new Date(this.#clock.wallMilliseconds()).toISOString().replace(/\.\d+Z$/, 'Z');
    const status = planObject({ object, refusal: this.#refusals.get(name), now, lastDecided: this.#decided.get(name) });
    if (status === undefined) return;
    this.#decided.set(name, status);
    await this.#write(watched.resource, object, status, signal);
  }

  /** How things are watched that decide over objects and get no condition themselves. */
  #beside<Facts>(what: string, project: (object: JsonObject) => Facts, decisive: (facts: Facts) => unknown): ResourceWatch<Facts> {
    const names = (key: string, store: Store<Facts>): string[] => {
      const facts = store.get(key);
      return this.#notice(`${what} ${key}`, facts === undefined ? undefined : JSON.stringify(decisive(facts))) ? [READ] : [];
    };
    return { project, names };
  }

  /** Takes a thing as it is now, `undefined` when it is gone. Says whether anything about it changed that decides. */
  #notice(name: string, version: string | undefined): boolean {
    if (this.#versions.get(name) === version) return false;
    if (version === undefined) this.#versions.delete(name);
    else this.#versions.set(name, version);
    this.#unread = true;
    return true;
  }

  #read(): void {
    const { pools, faultsFound, namespace } = this.#world;
    const lists = Object.fromEntries(this.#kinds.map(({ list, store }) => [list, valuesOf(store)]));
    const objects = { ...lists, nodes: valuesOf(this.#nodes), secrets: valuesOf(this.#secrets) } as unknown as ConfigurationObjects;
    const { configuration, lines } = planConfiguration(objects, pools(), this.#configuration);
    for (const { level, message, fields } of lines) this.logger[level](message, fields);
    this.#configuration = configuration;
    this.#refusals = new Map(configuration.faults.map(({ kind, name, text }) => [`${kind} ${namespace}/${name}`, text]));
    this.#unread = false;
    faultsFound(configuration.faults.map(faultLine));
    for (const { kind, store } of this.#kinds) for (const key of store.keys()) this.queue.add(`${kind} ${key}`);
  }

  /** What did not arrive because the object changed meanwhile is decided anew by that change. */
  async #write(resource: Resource, { metadata }: KeptObject, status: ConfigurationStatus, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid = '', resourceVersion = '' } = metadata;
    const target = { name, namespace, uid, resourceVersion };
    await this.#world.statuses.write(resource, target, { status: status as unknown as JsonObject }, signal);
  }
}

function valuesOf<Projection>(store: Store<Projection> | undefined): Projection[] {
  return Array.from(store?.entries() ?? [], ([, projection]) => projection);
}

/** Differs when something that decides over an object does: all but its status. */
function versionOf(object: KeptObject | undefined): string | undefined {
  return object === undefined ? undefined : JSON.stringify([object.metadata.uid, object.metadata.generation, object.metadata.labels]);
}
