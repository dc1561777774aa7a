import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../crds/l2-advertisement.ts';
import { type BgpConfiguration, type BgpObjects, parseBgpConfiguration } from './bgp-configuration.ts';
import { parseL2Advertisements } from './l2-advertisement.ts';
import type { Refusal } from './object-set.ts';
import { parsePools } from './pool-set.ts';

/** The kinds that people write. */
export type ConfigurationKind = 'IPAddressPool' | 'L2Advertisement' | 'BGPAdvertisement' | 'BGPPeer' | 'BFDProfile' | 'Community';

/** All objects that people write, and what else decides over them; of one namespace, but for the Nodes. */
export interface ConfigurationObjects extends BgpObjects {
  readonly pools: readonly IPAddressPool[];
  readonly l2Advertisements: readonly L2Advertisement[];
}

/** Why an object is not used as it stands. */
export interface ConfigurationFault extends Refusal {
  readonly kind: ConfigurationKind;
  readonly name: string;
}

/** What is wrong with these objects, each by itself and all together: kind by kind. */
export function faultsOf(objects: ConfigurationObjects): readonly ConfigurationFault[] {
  const pools = parsePools(objects.pools);
  return [
    ...faultsOfKind('IPAddressPool', pools.refused),
    ...faultsOfKind('L2Advertisement', parseL2Advertisements(objects.l2Advertisements).refused),
    ...bgpFaults(parseBgpConfiguration(objects, [...pools.pools.values()])),
  ];
}

/** What is wrong with objects about BGP. */
export function bgpFaults(configuration: BgpConfiguration): readonly ConfigurationFault[] {
  return [
    ...faultsOfKind('BGPAdvertisement', configuration.bgpAdvertisements.refused),
    ...faultsOfKind('BGPPeer', configuration.peers.refused),
    ...faultsOfKind('BFDProfile', configuration.bfdProfiles.refused),
    ...faultsOfKind('Community', configuration.communities.refused),
  ];
}

/** The refusals of one kind as faults; a plain text is a refusal for good. */
export function faultsOfKind(kind: ConfigurationKind, refused: ReadonlyMap<string, Refusal | string>): readonly ConfigurationFault[] {
  return Array.from(refused, ([name, why]) => ({ kind, name, ...(typeof why === 'string' ? { text: why, transient: false } : why) }));
}

/** A fault as one entry of a list of them all. */
export function faultLine({ kind, name, text }: ConfigurationFault): string {
  return `${kind} ${name}: ${text}`;
}
