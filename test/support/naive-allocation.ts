import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import type { LabelSelector } from '../../src/crds/meta.ts';
import type { JsonObject, TextMap } from '../../src/lib/json.ts';
import { type AddressTexts, allAddresses, familyOf, givenOut, normalAddress } from './naive-addresses.ts';

/** Everything that decides who may have which address, as the API gives it. */
export interface NaiveWorld {
  readonly services: readonly NaiveService[];
  /** By name; those in use. */
  readonly pools: ReadonlyMap<string, IPAddressPool>;
  /** Names of pools that are refused and of which no good version is known. */
  readonly frozen: ReadonlySet<string>;
  readonly namespaces: ReadonlyMap<string, TextMap>;
}

/** A Service as the API gives it, as far as it counts. */
export interface NaiveService {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: TextMap;
    readonly annotations?: TextMap;
  };
  readonly spec: {
    readonly type: string;
    readonly loadBalancerClass?: string;
    readonly loadBalancerIP?: string;
    readonly clusterIPs: readonly string[];
    readonly ipFamilies: readonly string[];
    readonly ipFamilyPolicy?: string;
    readonly externalTrafficPolicy?: string;
    readonly selector?: TextMap;
    readonly ports: readonly { readonly protocol?: string; readonly port: number }[];
  };
  readonly status: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string; readonly ipMode?: string }[] };
    readonly conditions?: readonly JsonObject[];
  };
}

/** What the rules give a Service: addresses of a pool, or a reason why none. */
export type NaiveChoice = { readonly addresses: AddressTexts; readonly pool: string } | { readonly reason: string };

/** `namespace/name`. */
export const nameOf = ({ metadata }: NaiveService): string => `${metadata.namespace}/${metadata.name}`;
/** The addresses in a status. */
export const statedBy = ({ status }: NaiveService): AddressTexts => (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip);

/** A user's annotation under either prefix, the present one first. */
export function asked({ metadata: { annotations = {} } }: NaiveService, name: string): string {
  return annotations[`metallb.io/${name}`] ?? annotations[`metallb.universe.tf/${name}`] ?? '';
}

/** The pools in use and those that are not, told from all of them and from how each was last in use. */
export function naivePools(
  pools: readonly IPAddressPool[],
  lastGood: ReadonlyMap<string, IPAddressPool>,
): Pick<NaiveWorld, 'pools' | 'frozen'> {
  const inUse = new Map<string, IPAddressPool>();
  const frozen = new Set<string>();
  const fits = (pool: IPAddressPool): boolean => {
    const own = allAddresses(pool.spec);
    const taken = new Set([...inUse.values()].flatMap(({ spec }) => allAddresses(spec) ?? []));
    return own?.every((text) => !taken.has(text)) === true;
  };
  const age = ({ metadata: { creationTimestamp = '', name } }: IPAddressPool): string => `${creationTimestamp} ${name}`;
  for (const pool of [...pools].sort((left, right) => (age(left) < age(right) ? -1 : 1))) {
    const { name } = pool.metadata;
    const chosen = [pool, lastGood.get(name)].find((each) => each !== undefined && fits(each));
    if (chosen === undefined) frozen.add(name);
    else inUse.set(name, chosen);
  }
  return { pools: inUse, frozen };
}

/** Whether two Services may have one address, told from what users wrote. */
export function mayShare(left: NaiveService, right: NaiveService): boolean {
  return sharingFault(left, right) === undefined;
}

function sharingFault(left: NaiveService, right: NaiveService): 'AddressInUse' | 'SharingKeyMismatch' | undefined {
  const [key, otherKey] = [asked(left, 'allow-shared-ip'), asked(right, 'allow-shared-ip')];
  const foreign = [left, right].some(({ spec }) => spec.loadBalancerClass !== undefined);
  if (key === '' || otherKey === '' || foreign) return 'AddressInUse';
  const backends = ({ spec: { externalTrafficPolicy = 'Cluster', selector = {} } }: NaiveService): string =>
    externalTrafficPolicy === 'Local' ? `Local ${Object.entries(selector).map(String).sort().join(' ')}` : 'Cluster';
  if (key !== otherKey || backends(left) !== backends(right)) return 'SharingKeyMismatch';
  const ports = ({ spec }: NaiveService): string[] => spec.ports.map(({ protocol = 'TCP', port }) => `${protocol}/${port}`);
  return ports(left).some((port) => ports(right).includes(port)) ? 'AddressInUse' : undefined;
}

function selects(selectors: readonly LabelSelector[], labels: TextMap): boolean {
  return selectors.some(({ matchLabels = {} }) => Object.entries(matchLabels).every(([label, value]) => labels[label] === value));
}

/** Whether a pool takes a Service. */
export function takes(world: NaiveWorld, { spec: { serviceAllocation } }: IPAddressPool, { metadata }: NaiveService): boolean {
  if (serviceAllocation === undefined) return true;
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = serviceAllocation;
  const anyNamespace = namespaces.length === 0 && namespaceSelectors.length === 0;
  const labels = world.namespaces.get(metadata.namespace) ?? {};
  const namespaceFits = anyNamespace || namespaces.includes(metadata.namespace) || selects(namespaceSelectors, labels);
  return namespaceFits && (serviceSelectors.length === 0 || selects(serviceSelectors, metadata.labels ?? {}));
}

/** Whether two lists hold the same, in whatever order. */
export function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text) => right.includes(text)) && right.every((text) => left.includes(text));
}

/** The families that a Service has. */
export function familiesOf({ spec }: NaiveService): readonly string[] {
  return spec.clusterIPs.map(familyOf);
}

/** The addresses that a Service asks for, `undefined` for none, or a word for a request that makes no sense. */
export function requestOf(service: NaiveService): AddressTexts | 'nonsense' | undefined {
  const [list, single = ''] = [asked(service, 'loadBalancerIPs'), service.spec.loadBalancerIP];
  if (list === '' && single === '') return undefined;
  if (list !== '' && single !== '') return 'nonsense';
  const texts = (list === '' ? [single] : list.split(',')).map(normalAddress);
  const families = texts.map((text) => text && familyOf(text));
  const sane = texts.every((text) => text !== undefined) && texts.length <= 2 && new Set(families).size === texts.length;
  return sane ? texts.filter((text) => text !== undefined).sort() : 'nonsense';
}

/** Why a Service may not have an address beside those whose statuses name it. */
export function conflict(world: NaiveWorld, service: NaiveService, address: string): string | undefined {
  const holders = world.services.filter((other) => nameOf(other) !== nameOf(service) && statedBy(other).includes(address));
  const faults = holders.map((holder) => sharingFault(service, holder));
  return faults.find((fault) => fault === 'AddressInUse') ?? faults.find((fault) => fault !== undefined);
}

function firstOf(world: NaiveWorld, service: NaiveService, pool: IPAddressPool, family: string): string | undefined {
  return givenOut(pool).find((text) => familyOf(text) === family && conflict(world, service, text) === undefined);
}

/** What the rules give a Service that has nothing now, by looking at every pool and every address. */
export function naiveChoice(world: NaiveWorld, service: NaiveService): NaiveChoice {
  const { pools, frozen } = world;
  const families = familiesOf(service);
  if (pools.size === 0 && frozen.size === 0) return { reason: 'NoPool' };
  if (service.spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) return { reason: 'InvalidRequest' };
  const request = requestOf(service);
  if (request !== undefined) return request === 'nonsense' ? { reason: 'InvalidRequest' } : requested(world, service, request);
  const wanted = asked(service, 'address-pool');
  if (wanted === '') return automatic(world, service);
  const pool = pools.get(wanted);
  if (pool === undefined) return { reason: 'NoPool' };
  const chosen = bestOf(world, service, [pool]);
  if (chosen === undefined) return { reason: 'PoolExhausted' };
  return takes(world, pool, service) ? chosen : { reason: 'NotAllowedByPool' };
}

function requested(world: NaiveWorld, service: NaiveService, request: AddressTexts): NaiveChoice {
  const families = familiesOf(service);
  if (!sameTexts(request.map(familyOf), families)) return { reason: 'InvalidRequest' };
  const pool = [...world.pools.values()].find((each) => request.every((text) => givenOut(each).includes(text)));
  if (pool === undefined) return { reason: 'InvalidRequest' };
  if (!takes(world, pool, service)) return { reason: 'NotAllowedByPool' };
  const reason = request.map((text) => conflict(world, service, text)).find((fault) => fault !== undefined);
  if (reason !== undefined) return { reason };
  const wanted = asked(service, 'address-pool');
  return wanted === '' || wanted === pool.metadata.name ? { addresses: request, pool: pool.metadata.name } : { reason: 'InvalidRequest' };
}

function automatic(world: NaiveWorld, service: NaiveService): NaiveChoice {
  const ready = [...world.pools.values()].filter(({ spec }) => spec.autoAssign !== false);
  const order = (pool: IPAddressPool): number => pool.spec.serviceAllocation?.priority || Number.POSITIVE_INFINITY;
  const byName = ready.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  const pinned = byName.filter((pool) => pool.spec.serviceAllocation !== undefined && takes(world, pool, service));
  const sorted = pinned.sort((left, right) => (order(left) === order(right) ? 0 : order(left) - order(right)));
  const open = ready.filter(({ spec }) => spec.serviceAllocation === undefined);
  if (pinned.length + open.length === 0) return { reason: 'NotAllowedByPool' };
  return bestOf(world, service, sorted) ?? bestOf(world, service, open) ?? { reason: 'PoolExhausted' };
}

function bestOf(world: NaiveWorld, service: NaiveService, pools: readonly IPAddressPool[]): NaiveChoice | undefined {
  const families = ['IPv4', 'IPv6'].filter((family) => familiesOf(service).includes(family));
  const offers = pools.map((pool) => ({
    pool: pool.metadata.name,
    IPv4: firstOf(world, service, pool, 'IPv4'),
    IPv6: firstOf(world, service, pool, 'IPv6'),
  }));
  const pick = (...wanted: readonly string[]): NaiveChoice | undefined => {
    for (const { pool, IPv4, IPv6 } of offers) {
      const addresses = wanted.map((family) => (family === 'IPv4' ? IPv4 : IPv6));
      if (addresses.every((text) => text !== undefined)) return { pool, addresses: addresses.filter((text) => text !== undefined) };
    }
    return undefined;
  };
  const all = pick(...families);
  if (all !== undefined || families.length < 2 || service.spec.ipFamilyPolicy !== 'PreferDualStack') return all;
  // Of the pool that a Service asks for IPv4 comes first; of several the Service's own first family does.
  const primary = pools.length > 1 && service.spec.ipFamilies[0] === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
  return pick(primary[0] ?? '') ?? pick(primary[1] ?? '');
}
