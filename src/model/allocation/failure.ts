import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import type { FamilySet } from '../ip-families.ts';
import { quoteAddresses } from '../quote.ts';

/** Why a Service has no address: a stable word for programs, and upstream's sentence for people. */
export interface AllocationFailure {
  readonly reason: FailureReason;
  readonly message: string;
}

/** What is in the way, coarsely. */
export type FailureReason = 'NoPool' | 'PoolExhausted' | 'NotAllowedByPool' | 'AddressInUse' | 'SharingKeyMismatch' | 'InvalidRequest';

/** The family names of upstream's sentences. */
const FAMILY_WORDS: Readonly<Record<FamilySet, string>> = { IPv4: 'ipv4', IPv6: 'ipv6', dual: 'dual' };

/** All sentences about failed allocations, to the letter where upstream has them: users and tools match on them. */
export const failures = {
  noPools: (): AllocationFailure => ({ reason: 'NoPool', message: 'no IPAddressPool is defined' }),
  unknownPool: (pool: string): AllocationFailure => ({ reason: 'NoPool', message: `unknown pool "${pool}"` }),
  refusedPool: (pool: string, fault: string): AllocationFailure => ({
    reason: 'NoPool',
    message: `pool "${pool}" is not in use: ${fault}`,
  }),
  exhausted: (): AllocationFailure => ({ reason: 'PoolExhausted', message: 'no available IPs' }),
  poolExhausted: (pool: string): AllocationFailure => ({ reason: 'PoolExhausted', message: `no available IPs in pool ${pool}` }),
  familyExhausted: (pool: string, families: FamilySet): AllocationFailure => ({
    reason: 'PoolExhausted',
    message: `no available IPs in pool ${pool} for ${FAMILY_WORDS[families]} IPFamily`,
  }),
  notInConfig: (addresses: readonly IpAddress[]): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `${quoteAddresses(addresses)} is not allowed in config`,
  }),
  notAccepted: (pool: string): AllocationFailure => ({
    reason: 'NotAllowedByPool',
    message: `pool ${pool} not compatible for ip assignment`,
  }),
  otherFamily: (addresses: readonly IpAddress[]): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `requested loadBalancer IP(s) ${quoteAddresses(addresses)} does not match the ipFamily of the service`,
  }),
  otherPool: (addresses: readonly IpAddress[], pool: string): AllocationFailure => ({
    reason: 'InvalidRequest',
    message: `requested loadBalancer IP(s) ${quoteAddresses(addresses)} is not compatible with requested address pool ${pool}`,
  }),
  sharingKey: (service: string, others: readonly string[]): AllocationFailure => ({
    reason: 'SharingKeyMismatch',
    message: `can't change sharing key for "${service}", address also in use by ${others.join(',')}`,
  }),
  portInUse: (port: string, address: IpAddress): AllocationFailure => ({
    reason: 'AddressInUse',
    message: `port ${port} is already in use on "${formatAddress(address)}"`,
  }),
  invalid: (message: string): AllocationFailure => ({ reason: 'InvalidRequest', message }),
} as const;
