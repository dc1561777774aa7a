import type { L2Advertisement as L2AdvertisementObject, PreferredNodeSelector } from '../crds/l2-advertisement.ts';
import type { TextMap } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type AdvertisementScope, parseScope, selectsNode } from './advertisement-scope.ts';
import type { InterfaceScope } from './plan.ts';
import { findDuplicate, matches, parseSelector, type Selector } from './selector.ts';
import { checkSpec, LABEL_SELECTOR, listShape, objectShape, type Shape, TEXT, WHOLE_NUMBER } from './shape.ts';

/** An L2Advertisement that was checked. */
export interface L2Advertisement extends AdvertisementScope {
  readonly name: string;
  readonly interfaces: InterfaceScope;
  readonly preferredNodes: readonly PreferredNode[];
}

/** A weight, 1 to 100, for the nodes that a selector takes. */
export interface PreferredNode {
  readonly weight: number;
  readonly selector: Selector;
}

/** How much the advertisement prefers a node with these labels: the sum of the weights that match; 0 for one it does not select. */
export function preferredNodeScore(advertisement: L2Advertisement, nodeLabels: TextMap): number {
  if (!selectsNode(advertisement, nodeLabels)) return 0;
  return advertisement.preferredNodes.reduce((sum, { weight, selector }) => (matches(selector, nodeLabels) ? sum + weight : sum), 0);
}

/** The advertisements in use, by name, and why the others are refused. */
export interface L2AdvertisementSet {
  readonly advertisements: ReadonlyMap<string, L2Advertisement>;
  readonly refused: ReadonlyMap<string, string>;
}

/** Checks each L2Advertisement by itself; a refused one goes on as it last was in `previous`. */
export function parseL2Advertisements(objects: readonly L2AdvertisementObject[], previous?: L2AdvertisementSet): L2AdvertisementSet {
  const advertisements = new Map<string, L2Advertisement>();
  const refused = new Map<string, string>();
  for (const object of [...objects].sort((left, right) => compareTexts(left.metadata.name, right.metadata.name))) {
    const { name } = object.metadata;
    const parsed = parseL2Advertisement(object);
    if (!parsed.ok) refused.set(name, parsed.error);
    const inUse = parsed.ok ? parsed.value : previous?.advertisements.get(name);
    if (inUse !== undefined) advertisements.set(name, inUse);
  }
  return { advertisements, refused };
}

const SELECTORS = listShape(LABEL_SELECTOR);

/** The spec of an L2Advertisement. */
export const L2_ADVERTISEMENT_SPEC: Shape = objectShape({
  ipAddressPools: listShape(TEXT),
  ipAddressPoolSelectors: SELECTORS,
  nodeSelectors: SELECTORS,
  interfaces: listShape(TEXT),
  serviceSelectors: SELECTORS,
  preferredNodeSelectors: listShape(objectShape({ weight: WHOLE_NUMBER, preference: LABEL_SELECTOR }, ['weight', 'preference'])),
});

/** Checks one L2Advertisement, whatever its spec is: never throws. The error is upstream's text. */
export function parseL2Advertisement({ metadata, spec = {} }: L2AdvertisementObject): Result<L2Advertisement, string> {
  const shaped = checkSpec(spec, L2_ADVERTISEMENT_SPEC);
  if (!shaped.ok) return shaped;
  const duplicate = findDuplicate('ipAddressPools', spec.ipAddressPools ?? []);
  if (duplicate !== undefined) return err(duplicate);
  const scope = parseScope(spec);
  if (!scope.ok) return scope;
  const preferredNodes = preferredNodesOf(metadata.name, spec.preferredNodeSelectors ?? []);
  if (!preferredNodes.ok) return preferredNodes;
  return ok({
    name: metadata.name,
    ...scope.value,
    interfaces: interfaceScope(spec.interfaces ?? []),
    preferredNodes: preferredNodes.value,
  });
}

function interfaceScope(names: readonly string[]): InterfaceScope {
  return names.length === 0 ? { all: true } : { all: false, names: [...new Set(names)].sort(compareTexts) };
}

function preferredNodesOf(advertisement: string, sources: readonly PreferredNodeSelector[]): Result<readonly PreferredNode[], string> {
  const preferredNodes: PreferredNode[] = [];
  for (const { weight, preference } of sources) {
    const selector = parseSelector(preference);
    if (!selector.ok) return err(`failed to parse preferred node selectors for ${advertisement}: ${selector.error}`);
    preferredNodes.push({ weight, selector: selector.value });
  }
  return ok(preferredNodes);
}
