import type { Resource } from '../../kubernetes/resource.ts';
import type { ResourceStores } from '../../kubernetes/resource-stores.ts';
import type { Store } from '../../kubernetes/store.ts';
import type { JsonObject } from '../../lib/json.ts';
import { objectOf } from '../../lib/json.ts';
import type { BgpObjects } from '../../model/bgp-configuration.ts';
import { nodeFacts } from '../../model/node-facts.ts';
import { secretFacts } from '../../model/secret-facts.ts';
import type { ConfigurationSource } from './configuration.ts';
import { l2AdvertisementSource, poolSource } from './projections.ts';

/** An object about BGP as it is kept; what its spec is, the rules find out. */
export type BgpObject = BgpObjects['peers'][number] | BgpObjects['bgpAdvertisements'][number] | BgpObjects['bfdProfiles'][number];

/** The kinds about BGP, and the lists that the rules take them from. */
export const BGP_KINDS = [
  { list: 'bgpAdvertisements', plural: 'bgpadvertisements', version: 'v1beta1' },
  { list: 'peers', plural: 'bgppeers', version: 'v1beta2' },
  { list: 'bfdProfiles', plural: 'bfdprofiles', version: 'v1beta1' },
  { list: 'communities', plural: 'communities', version: 'v1beta1' },
] as const;

/** What decides over an object about BGP. The server vouches for the metadata. */
export function bgpObject({ metadata, spec }: JsonObject): BgpObject {
  const { name, namespace, uid, labels, generation, creationTimestamp } = objectOf(metadata);
  return { metadata: { name, namespace, uid, labels, generation, creationTimestamp }, spec } as unknown as BgpObject;
}

/** The configuration as the stores of the process hold it: the same stores that the operators look at. */
export function configurationSource(stores: ResourceStores, namespace: string): ConfigurationSource {
  const ofMetallb = (plural: string, version: string): Resource => ({ group: 'metallb.io', version, plural, namespace });
  const pools = stores.open(ofMetallb('ipaddresspools', 'v1beta1'), poolSource);
  const advertisements = stores.open(ofMetallb('l2advertisements', 'v1beta1'), l2AdvertisementSource);
  const bgp = BGP_KINDS.map(({ list, plural, version }) => ({ list, store: stores.open(ofMetallb(plural, version), bgpObject) }));
  const nodes = stores.open({ group: '', version: 'v1', plural: 'nodes' }, nodeFacts);
  const secrets = stores.open({ group: '', version: 'v1', plural: 'secrets', namespace }, secretFacts);
  return {
    pools: () => valuesOf(pools),
    advertisements: () => valuesOf(advertisements),
    bgp: () => {
      const lists = Object.fromEntries(bgp.map(({ list, store }) => [list, valuesOf(store)]));
      return { ...lists, nodes: valuesOf(nodes), secrets: valuesOf(secrets) } as unknown as BgpObjects;
    },
    whenBgpKnown: async (signal) => {
      await Promise.all([pools, nodes, secrets, ...bgp.map(({ store }) => store)].map((store) => store.whenSynced(signal)));
    },
  };
}

function valuesOf<Projection>(store: Store<Projection>): Projection[] {
  return Array.from(store.entries(), ([, projection]) => projection);
}
