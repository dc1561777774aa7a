import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import type { FamilySet } from '../ip-families.ts';
import { quoteAddresses } from '../quote.ts';
import type { Claim, Holding } from './claim.ts';

/** Why a Service has no address. */
export interface AllocationFailure {
  /** A stable word for programs. */
  readonly reason: FailureReason;
  /** Upstream's sentence, for events and the log. */
  readonly message: string;
  /**
   * The cause and the way out, for the condition of the Service. It names nothing that comes and goes while the cause
   * stays, such as other Services: of thousands that wait none is written again for a change among those that do not.
   */
  readonly advice: string;
}

/** What is in the way, coarsely. */
export type FailureReason = 'NoPool' | 'PoolExhausted' | 'NotAllowedByPool' | 'AddressInUse' | 'SharingKeyMismatch' | 'InvalidRequest';

/** The family names of upstream's sentences. */
const FAMILY_WORDS: Readonly<Record<FamilySet, string>> = { IPv4: 'ipv4', IPv6: 'ipv6', dual: 'dual' };
const FREE_WORDS: Readonly<Record<FamilySet, string>> = {
  IPv4: 'no free IPv4 address',
  IPv6: 'no free IPv6 address',
  dual: 'no free addresses of both families',
};

/** Ten thousand Services may share an address: more names than these help nobody. */
const MOST_NAMED = 32;

/** All sentences about failed allocations, to the letter where upstream has them: users and tools match on them. */
export const failures = {
  noPools: (): AllocationFailure => ({
    reason: 'NoPool',
    message: 'no IPAddressPool is defined',
    advice: 'There is no IPAddressPool: create one in the namespace of the controller.',
  }),
  unknownPool: (pool: string): AllocationFailure => ({
    reason: 'NoPool',
    message: `unknown pool "${pool}"`,
    advice: `There is no IPAddressPool "${pool}": create it, or correct the annotation metallb.io/address-pool.`,
  }),
  refusedPool: (pool: string, fault: string): AllocationFailure => ({
    reason: 'NoPool',
    message: `pool "${pool}" is not in use: ${fault}`,
    advice: `IPAddressPool "${pool}" is refused: mend it, or ask for another pool. The fault: ${fault}`,
  }),
  frozen: (pool: string | undefined, fault: string | undefined): AllocationFailure => ({
    reason: 'NoPool',
    message: pool === undefined ? 'a pool is not in use' : `pool "${pool}" is not in use: ${fault}`,
    advice:
      pool === undefined
        ? 'Left as it is because an IPAddressPool is refused that its addresses may be of: mend that pool.'
        : `Left as it is because IPAddressPool "${pool}" is refused: mend it. The fault: ${fault}`,
  }),
  exhausted: (families: FamilySet): AllocationFailure => ({
    reason: 'PoolExhausted',
    message: 'no available IPs',
    advice: `The pools that this Service gets addresses of have ${FREE_WORDS[families]}: add addresses to one of them, or delete Services that hold some.`,
  }),
  noPoolTakes: (): AllocationFailure => ({
    reason: 'NotAllowedByPool',
    message: 'no available IPs',
    advice:
      'No IPAddressPool gives addresses to this Service by itself, for each has autoAssign: false or a serviceAllocation that does not fit: change one, or ask for a pool by the annotation metallb.io/address-pool.',
  }),
  poolExhausted: (pool: string): AllocationFailure => ({
    reason: 'PoolExhausted',
    message: `no available IPs in pool ${pool}`,
    advice: `IPAddressPool "${pool}" has no free address: add addresses to it, or ask for another pool.`,
  }),
  familyExhausted: (pool: string, families: FamilySet): AllocationFailure => ({
    reason: 'PoolExhausted',
    message: `no available IPs in pool ${pool} for ${FAMILY_WORDS[families]} IPFamily`,
    advice: `IPAddressPool "${pool}" has ${FREE_WORDS[families]}: add addresses to it, or ask for another pool.`,
  }),
  notInConfig: (addresses: readonly IpAddress[]): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `${quoteAddresses(addresses)} is not allowed in config`,
    advice: `No IPAddressPool in use has ${listAddresses(addresses)}: add what is missing to one pool, or request other addresses.`,
  }),
  notAccepted: (pool: string): AllocationFailure => ({
    reason: 'NotAllowedByPool',
    message: `pool ${pool} not compatible for ip assignment`,
    advice: `IPAddressPool "${pool}" does not take this Service: change its serviceAllocation or the labels it selects by, or ask for another pool.`,
  }),
  otherFamily: (addresses: readonly IpAddress[]): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `requested loadBalancer IP(s) ${quoteAddresses(addresses)} does not match the ipFamily of the service`,
    advice: `The Service asks for ${listAddresses(addresses)}, which is not one address of each of its families: request one of each, or change spec.ipFamilies.`,
  }),
  otherPool: (addresses: readonly IpAddress[], pool: string): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `requested loadBalancer IP(s) ${quoteAddresses(addresses)} is not compatible with requested address pool ${pool}`,
    advice: `The Service asks for ${listAddresses(addresses)} and for IPAddressPool "${pool}", which does not have it: correct one of the two annotations.`,
  }),
  sharingKey: (claim: Claim, address: IpAddress, others: readonly Holding[]): AllocationFailure => {
    const message = `can't change sharing key for "${claim.service}", address also in use by ${namesOf(others)}`;
    const text = formatAddress(address);
    if (claim.sharing !== '' && others.every(({ sharing }) => sharing !== '')) {
      return {
        reason: 'SharingKeyMismatch',
        message,
        advice: `Services share ${text} whose annotation metallb.io/allow-shared-ip, externalTrafficPolicy or, with the policy Local, selector is another: make them equal, or request another address.`,
      };
    }
    return {
      reason: 'AddressInUse',
      message,
      advice: `Another Service has ${text}: request another address, or give both the same annotation metallb.io/allow-shared-ip.`,
    };
  },
  portInUse: (port: string, address: IpAddress): AllocationFailure => ({
    reason: 'AddressInUse',
    message: `port ${port} is already in use on "${formatAddress(address)}"`,
    advice: `A Service that shares ${formatAddress(address)} has port ${port} too: change the port of one of them, or request another address.`,
  }),
  noClusterIPs: (): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: 'No ClusterIPs',
    advice:
      'The Service has no cluster address, by which its families are told: the API server gives it one unless spec.clusterIP is None.',
  }),
  tooFewClusterIPs: (message: string): AllocationFailure => ({
    reason: 'InvalidRequest',
    message,
    advice:
      'The Service requires both families and has cluster addresses of one: set spec.ipFamilyPolicy to SingleStack or PreferDualStack, or let the cluster serve both.',
  }),
  noFamilies: (message: string): AllocationFailure => ({
    reason: 'InvalidRequest',
    message,
    advice: `The cluster addresses of the Service, by which its families are told, cannot be read: correct spec.clusterIPs. The fault: ${message}`,
  }),
  unreadableRequest: (message: string): AllocationFailure => ({
    reason: 'InvalidRequest',
    message,
    advice: `The addresses that the Service asks for cannot be read: correct the annotation metallb.io/loadBalancerIPs or spec.loadBalancerIP. The fault: ${message}`,
  }),
} as const;

/** Addresses in the middle of a sentence. */
export function listAddresses(addresses: readonly IpAddress[]): string {
  return addresses.map(formatAddress).join(' and ');
}

function namesOf(holdings: readonly Holding[]): string {
  const names = holdings.map(({ service }) => service).sort(compareTexts);
  const named = names.slice(0, MOST_NAMED).join(',');
  return names.length > MOST_NAMED ? `${named} and ${names.length - MOST_NAMED} more` : named;
}
