import type { LabelSelector } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';
import { ok, type Result } from '../lib/result.ts';
import type { Pool } from './pool.ts';
import { matchesAny, parseSelectors, type Selector } from './selector.ts';

/** What an advertisement is about: which pools, from which nodes, which Services. */
export interface AdvertisementScope {
  /** Names of pools, which need not exist; with no name and no selector all pools are meant. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Nodes that may announce; none given means all. */
  readonly nodeSelectors: readonly Selector[];
  /** Services that are announced; none given means all of the pools. */
  readonly serviceSelectors: readonly Selector[];
}

/** The fields of a spec that an {@link AdvertisementScope} is read from. */
export interface ScopeSource {
  readonly ipAddressPools?: readonly string[];
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly serviceSelectors?: readonly LabelSelector[];
}

/** Reads the selectors of a scope. The error is upstream's text; whether a pool is named twice is for the caller to say. */
export function parseScope(spec: ScopeSource): Result<AdvertisementScope, string> {
  const poolSelectors = parseSelectors('ipAddressPoolSelectors', spec.ipAddressPoolSelectors);
  if (!poolSelectors.ok) return poolSelectors;
  const nodeSelectors = parseSelectors('nodeSelectors', spec.nodeSelectors);
  if (!nodeSelectors.ok) return nodeSelectors;
  const serviceSelectors = parseSelectors('serviceSelectors', spec.serviceSelectors);
  if (!serviceSelectors.ok) return serviceSelectors;
  return ok({
    pools: spec.ipAddressPools ?? [],
    poolSelectors: poolSelectors.value,
    nodeSelectors: nodeSelectors.value,
    serviceSelectors: serviceSelectors.value,
  });
}

/** Whether the advertisement is about the addresses of a pool. */
export function selectsPool({ pools, poolSelectors }: AdvertisementScope, pool: Pick<Pool, 'name' | 'labels'>): boolean {
  if (pools.length === 0 && poolSelectors.length === 0) return true;
  return pools.includes(pool.name) || matchesAny(poolSelectors, pool.labels);
}

/** Whether a node with these labels may announce for the advertisement. */
export function selectsNode({ nodeSelectors }: Pick<AdvertisementScope, 'nodeSelectors'>, nodeLabels: TextMap): boolean {
  return nodeSelectors.length === 0 || matchesAny(nodeSelectors, nodeLabels);
}

/** Whether the advertisement is about a Service with these labels. */
export function selectsService({ serviceSelectors }: AdvertisementScope, serviceLabels: TextMap): boolean {
  return serviceSelectors.length === 0 || matchesAny(serviceSelectors, serviceLabels);
}
