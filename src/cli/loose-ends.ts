import type { BGPAdvertisement } from '../crds/bgp-advertisement.ts';
import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../crds/l2-advertisement.ts';
import { listOf, textMapOf, textsOf } from '../lib/json.ts';
import { parseScope, selectsPool } from '../model/advertisement-scope.ts';
import type { ConfigurationKind, ConfigurationObjects } from '../model/configuration.ts';
import { checkSpec, LABEL_SELECTOR, listShape, objectShape, TEXT } from '../model/shape.ts';

/** Something that no rule forbids, and that a person hardly meant. */
export interface LooseEnd {
  readonly kind: ConfigurationKind;
  readonly name: string;
  /** One sentence. */
  readonly text: string;
}

const SELECTORS = listShape(LABEL_SELECTOR);
const SCOPE = objectShape({
  ipAddressPools: listShape(TEXT),
  ipAddressPoolSelectors: SELECTORS,
  nodeSelectors: SELECTORS,
  serviceSelectors: SELECTORS,
});

type Advertisement = L2Advertisement | BGPAdvertisement;

/** Pools that nobody announces, and names of pools and peers that are not there. Objects whose spec has another shape are left out. */
export function looseEnds({ pools, l2Advertisements, bgpAdvertisements, peers }: ConfigurationObjects): readonly LooseEnd[] {
  const of = (kind: ConfigurationKind) => (advertisement: Advertisement) => ({ kind, advertisement });
  const advertisements = [...l2Advertisements.map(of('L2Advertisement')), ...bgpAdvertisements.map(of('BGPAdvertisement'))];
  const poolNames = new Set(pools.map(({ metadata }) => metadata.name));
  const peerNames = new Set(peers.map(({ metadata }) => metadata.name));
  const missing = advertisements.flatMap(({ kind, advertisement: { metadata, spec } }) => {
    const absentPools = textsOf(spec?.ipAddressPools).filter((name) => !poolNames.has(name));
    const absentPeers = textsOf(listOf((spec as { readonly peers?: unknown } | undefined)?.peers)).filter((name) => !peerNames.has(name));
    const names = [...absentPools.map((name) => `IPAddressPool ${name}`), ...absentPeers.map((name) => `BGPPeer ${name}`)];
    return names.map((named) => ({ kind, name: metadata.name, text: `names ${named}, which is not here` }));
  });
  const scopes = advertisements.map(({ advertisement }) => advertisement);
  return [...pools.filter((pool) => !isAnnounced(pool, scopes)).map(unannounced), ...missing];
}

function unannounced({ metadata: { name } }: IPAddressPool): LooseEnd {
  const text = `no L2Advertisement or BGPAdvertisement here selects it: Services would get its addresses, and nobody would announce them`;
  return { kind: 'IPAddressPool', name, text };
}

function isAnnounced({ metadata: { name, labels } }: IPAddressPool, advertisements: readonly Advertisement[]): boolean {
  return advertisements.some(({ spec = {} }) => {
    // What cannot be read is refused with a sentence of its own, and may mean this pool.
    if (!checkSpec(spec, SCOPE).ok) return true;
    const scope = parseScope(spec);
    return !scope.ok || selectsPool(scope.value, { name, labels: textMapOf(labels) });
  });
}
