import type { ConfigurationStatus, CustomResource, Int64, Integer, LabelSelector } from './meta.ts';

/**
 * Addresses that may be given to Services of type LoadBalancer.
 *
 * @plural ipaddresspools
 * @printerColumns [
 *   {name: 'Auto Assign', type: 'boolean', jsonPath: '.spec.autoAssign'},
 *   {name: 'Avoid Buggy IPs', type: 'boolean', jsonPath: '.spec.avoidBuggyIPs'},
 *   {name: 'Addresses', type: 'string', jsonPath: '.spec.addresses'},
 *   {name: 'Assigned IPv4', type: 'integer', jsonPath: '.status.assignedIPv4', priority: 1},
 *   {name: 'Available IPv4', type: 'integer', jsonPath: '.status.availableIPv4', priority: 1},
 *   {name: 'Assigned IPv6', type: 'integer', jsonPath: '.status.assignedIPv6', priority: 1},
 *   {name: 'Available IPv6', type: 'integer', jsonPath: '.status.availableIPv6', priority: 1},
 * ]
 */
export interface IPAddressPool extends CustomResource<'metallb.io/v1beta1', 'IPAddressPool'> {
  /** Addresses of the pool, and which Services may have them. */
  readonly spec: IPAddressPoolSpec;
  /** How much of the pool is in use, and whether the pool is valid. */
  readonly status?: IPAddressPoolStatus;
}

/** Addresses of a pool, and which Services may have them. */
export interface IPAddressPoolSpec {
  /** Address ranges, each a CIDR (192.0.2.0/24) or a start and an end (192.0.2.10-192.0.2.20); IPv4 and IPv6 may be mixed. */
  readonly addresses: readonly string[];
  /**
   * Whether a Service that asks for nothing may get an address of this pool; when false, the pool or the address must be asked for.
   *
   * @default true
   */
  readonly autoAssign?: boolean;
  /**
   * Leaves out IPv4 addresses that end in .0 or .255, which some old equipment drops.
   *
   * @default false
   */
  readonly avoidBuggyIPs?: boolean;
  /** Pins the pool to some Services; when set, even to {}, the other Services do not get addresses of this pool by themselves. */
  readonly serviceAllocation?: ServiceAllocation;
}

/** Which Services a pool is pinned to, and in which order pinned pools are tried. */
export interface ServiceAllocation {
  /** Order among the pools pinned to a Service: lower numbers first, 0 or absent last. */
  readonly priority?: Integer;
  /** Names of namespaces whose Services may use the pool. */
  readonly namespaces?: readonly string[];
  /** Selects further namespaces whose Services may use the pool, by the labels of the Namespace; one match is enough. */
  readonly namespaceSelectors?: readonly LabelSelector[];
  /** Selects the Services that may use the pool by their labels; one match is enough. */
  readonly serviceSelectors?: readonly LabelSelector[];
}

/** How much of a pool is in use, and whether the pool is valid. */
export interface IPAddressPoolStatus extends ConfigurationStatus {
  /** How many IPv4 addresses are given to Services. */
  readonly assignedIPv4: Int64;
  /** How many IPv6 addresses are given to Services. */
  readonly assignedIPv6: Int64;
  /** How many IPv4 addresses are free. */
  readonly availableIPv4: Int64;
  /** How many IPv6 addresses are free. */
  readonly availableIPv6: Int64;
  /** Which Services hold which addresses, in the order in which the pool gives addresses out; the first hundred holders are listed. */
  readonly allocations?: readonly PoolAllocation[];
  /** How many holders there are, those that allocations does not list included; a Service with two addresses counts twice. */
  readonly allocationsTotal?: Int64;
}

/** An address of a pool, and who holds it. */
export interface PoolAllocation {
  /** The address. */
  readonly address: string;
  /** The Services that hold it, each as namespace/name; several where they share it. */
  readonly services: readonly string[];
}
