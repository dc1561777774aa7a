import type { ConfigurationObject } from '../../src/model/admission.ts';
import type { ConfigurationObjects } from '../../src/model/configuration.ts';
import { secretFacts } from '../../src/model/secret-facts.ts';
import type { ConfigurationDraft } from './configuration-rows.ts';

/** A configuration without any object, on a cluster with one Node. */
export const NO_OBJECTS: ConfigurationObjects = {
  pools: [],
  l2Advertisements: [],
  bgpAdvertisements: [],
  peers: [],
  bfdProfiles: [],
  communities: [],
  nodes: [{ name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } }],
  secrets: [],
};

/** The object of a draft, as the server has it. */
export function objectOfDraft({ kind, name, spec }: ConfigurationDraft, metadata: object = {}): ConfigurationObject {
  const apiVersion = kind === 'BGPPeer' ? 'metallb.io/v1beta2' : 'metallb.io/v1beta1';
  const named = { name, namespace: 'metallb-system', uid: `uid-${kind}-${name}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion, kind, metadata: { ...named, ...metadata }, spec } as ConfigurationObject;
}

/** The objects of some drafts, sorted into their lists. */
export function configurationOf(drafts: readonly ConfigurationDraft[]): ConfigurationObjects {
  const ofKind = <Kept>(kind: ConfigurationDraft['kind']): readonly Kept[] =>
    drafts.filter((draft) => draft.kind === kind).map((draft) => objectOfDraft(draft) as unknown as Kept);
  const secrets = drafts.filter(({ kind }) => kind === 'Secret');
  return {
    ...NO_OBJECTS,
    pools: ofKind('IPAddressPool'),
    l2Advertisements: ofKind('L2Advertisement'),
    bgpAdvertisements: ofKind('BGPAdvertisement'),
    peers: ofKind('BGPPeer'),
    bfdProfiles: ofKind('BFDProfile'),
    communities: ofKind('Community'),
    secrets: secrets.map(({ name, fields }) => {
      const { type, stringData } = fields as { readonly type: string; readonly stringData: object };
      return secretFacts({ metadata: { name }, type, data: stringData });
    }),
  };
}
