import type { ConfigurationStatus, CustomResource, Int32, LabelSelector } from './meta.ts';

/**
 * Announces addresses of pools on the local segment, by ARP for IPv4 and NDP for IPv6.
 *
 * @plural l2advertisements
 * @printerColumns [
 *   {name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools'},
 *   {name: 'IPAddressPool Selectors', type: 'string', jsonPath: '.spec.ipAddressPoolSelectors'},
 *   {name: 'Interfaces', type: 'string', jsonPath: '.spec.interfaces'},
 *   {name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10},
 * ]
 */
export interface L2Advertisement extends CustomResource<'metallb.io/v1beta1', 'L2Advertisement'> {
  /** Which addresses are announced, by which nodes and where; absent means all of them, by all nodes, everywhere. */
  readonly spec?: L2AdvertisementSpec;
  /** Whether the advertisement is in use. */
  readonly status?: ConfigurationStatus;
}

/** Which addresses are announced on the local segment, by which nodes and where. */
export interface L2AdvertisementSpec {
  /** Names of pools to announce. With no name and no pool selector given, all pools are announced. */
  readonly ipAddressPools?: readonly string[];
  /** Selects further pools to announce by their labels; one match is enough. */
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  /** Selects the nodes that may announce by their labels; one match is enough, empty means all nodes. */
  readonly nodeSelectors?: readonly LabelSelector[];
  /** Names of the network interfaces to announce on; empty means all that are not excluded. */
  readonly interfaces?: readonly string[];
  /** Selects the Services whose addresses are announced by their labels; one match is enough, empty means all Services of the pools. */
  readonly serviceSelectors?: readonly LabelSelector[];
  /** Prefers some of the nodes that may announce: the one with the greatest sum of matching weights goes first. */
  readonly preferredNodeSelectors?: readonly PreferredNodeSelector[];
}

/** A weight for the nodes that a selector matches. */
export interface PreferredNodeSelector {
  /**
   * Weight that a matching node gets.
   *
   * @minimum 1
   * @maximum 100
   */
  readonly weight: Int32;
  /** Selects the nodes that get the weight; an empty selector selects every node that may announce. */
  readonly preference: LabelSelector;
}
