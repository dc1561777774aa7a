import type { IPAddressPool, IPAddressPoolSpec } from '../../src/crds/ip-address-pool.ts';
import type { L2Advertisement, L2AdvertisementSpec } from '../../src/crds/l2-advertisement.ts';
import type { ObjectMeta } from '../../src/crds/meta.ts';
import { type AddressableFacts, readService } from '../../src/operators/services/projection.ts';

const NAMESPACE = 'metallb-system';
const CREATED = '2026-01-01T00:00:00Z';

/** What a test says about a Service; the rest is a plain one of type LoadBalancer with one IPv4 cluster address. */
export interface ServiceOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Texts of the addresses in its status. */
  readonly ips?: readonly string[];
  /** Conditions in its status. */
  readonly conditions?: readonly Readonly<Record<string, unknown>>[];
}

/** A Service as the API gives it. */
export function service(options: ServiceOptions = {}): Record<string, unknown> {
  const { name = 'web', namespace = 'default', ips = [], conditions } = options;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      uid: options.uid ?? `uid-${namespace}-${name}`,
      creationTimestamp: options.created ?? CREATED,
      labels: options.labels ?? {},
      annotations: options.annotations ?? {},
    },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ protocol: 'TCP', port: 80 }],
      ...options.spec,
    },
    status: { loadBalancer: ips.length === 0 ? {} : { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) }, conditions },
  };
}

/** The same Service as a cache keeps it. */
export function facts(options: ServiceOptions = {}): AddressableFacts {
  return readService(service(options));
}

/** The condition of a Service that has addresses of a pool. */
export function allocatedCondition(ips: readonly string[], pool = 'p'): Readonly<Record<string, unknown>> {
  return {
    type: 'metallb.io/AddressAllocated',
    status: 'True',
    lastTransitionTime: CREATED,
    reason: 'Allocated',
    message: `Has ${ips.join(' and ')} of IPAddressPool "${pool}".`,
  };
}

/** The fields of a spec with both families, IPv4 first. */
export function dualStack(ipFamilyPolicy: 'PreferDualStack' | 'RequireDualStack'): Readonly<Record<string, unknown>> {
  return { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10', 'fd00::10'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy };
}

/** The fields of a spec with one IPv6 cluster address. */
export const IPV6_ONLY: Readonly<Record<string, unknown>> = { clusterIP: 'fd00::10', clusterIPs: ['fd00::10'], ipFamilies: ['IPv6'] };

/** An IPAddressPool with these addresses. */
export function pool(
  name: string,
  addresses: readonly string[],
  spec: Partial<IPAddressPoolSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): IPAddressPool {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, generation: 1, creationTimestamp: CREATED, ...metadata },
    spec: { addresses, ...spec },
  };
}

/** An L2Advertisement. */
export function l2Advertisement(name: string, spec: L2AdvertisementSpec = {}): L2Advertisement {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name, namespace: NAMESPACE, creationTimestamp: CREATED },
    spec,
  };
}
