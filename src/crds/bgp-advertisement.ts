import type { ConfigurationStatus, CustomResource, Int32, LabelSelector } from './meta.ts';

/**
 * Announces addresses of pools to BGP peers.
 *
 * @plural bgpadvertisements
 * @printerColumns [
 *   {name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools'},
 *   {name: 'IPAddressPool Selectors', type: 'string', jsonPath: '.spec.ipAddressPoolSelectors'},
 *   {name: 'Peers', type: 'string', jsonPath: '.spec.peers'},
 *   {name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10},
 * ]
 */
export interface BGPAdvertisement extends CustomResource<'metallb.io/v1beta1', 'BGPAdvertisement'> {
  /** Which routes are announced, to whom and with which attributes; absent means one route an address, to all peers. */
  readonly spec?: BGPAdvertisementSpec;
  /** Whether the advertisement is in use. */
  readonly status?: ConfigurationStatus;
}

/**
 * Which routes are announced, to whom and with which attributes.
 *
 * @validations [{
 *   rule: "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
 *   message: "serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default aggregationLength (32) and aggregationLengthV6 (128)",
 * }]
 */
export interface BGPAdvertisementSpec {
  /**
   * Prefix length of the IPv4 routes: 32 announces each address by itself, less announces the network around it, at most 32.
   *
   * @minimum 1
   * @default 32
   */
  readonly aggregationLength?: Int32;
  /**
   * Prefix length of the IPv6 routes: 128 announces each address by itself, less announces the network around it, at most 128.
   *
   * @default 128
   */
  readonly aggregationLengthV6?: Int32;
  /** LOCAL_PREF of the routes, sent to peers of the same AS only; higher is preferred. */
  readonly localPref?: Int32;
  /** Communities of the routes: 65535:65281, large:65000:1:2, extended:rt:65000:1, extended:soo:65000:1, or the name of an alias in a Community object. */
  readonly communities?: readonly string[];
  /** Names of pools to announce. With no name and no pool selector given, all pools are announced. */
  readonly ipAddressPools?: readonly string[];
  /** Selects further pools to announce by their labels; one match is enough. */
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  /** Selects the nodes that announce, and so attract the traffic, by their labels; one match is enough, empty means all nodes. */
  readonly nodeSelectors?: readonly LabelSelector[];
  /** Names of the BGPPeers to announce to; empty means all. */
  readonly peers?: readonly string[];
  /** Selects the Services whose addresses are announced by their labels; one match is enough, empty means all Services of the pools. */
  readonly serviceSelectors?: readonly LabelSelector[];
  /**
   * Whether routes carry the link bandwidth of 1 Gbit/s for each ready endpoint on their node, so that routers give each node
   * its share of the traffic: None, which is the default, NonTransitive, or Transitive for a router that passes it on to
   * another AS. The annotation metallb.io/weight-by-endpoints on a Service says otherwise for that Service.
   */
  readonly weightByEndpoints?: 'None' | 'NonTransitive' | 'Transitive';
}
