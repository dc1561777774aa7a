import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import type { AllocationFailure } from '../../model/allocation/failure.ts';
import type { PlannedEvent, PlannedLine } from '../../model/planned.ts';
import { quoteAddresses, quoteTexts } from '../../model/quote.ts';

/** The events on Services, to the letter those of upstream: users and tools match on them. */
export const events = {
  allocated: (addresses: readonly IpAddress[]): PlannedEvent => normal('IPAllocated', `Assigned IP ${quoteAddresses(addresses)}`),
  allocatedAdditional: (address: IpAddress): PlannedEvent => normal('IPAllocated', `Assigned additional IP "${formatAddress(address)}"`),
  clearAssignment: (service: string, { message }: AllocationFailure): PlannedEvent =>
    normal('ClearAssignment', `current IP for "${service}" not allowed by config, will attempt for new IP assignment: ${message}`),
  additionalFailed: ({ message }: AllocationFailure): PlannedEvent =>
    normal('AdditionalAssignFailed', `cannot assign additional IP in PreferDualStack: ${message}`),
  allocationFailed: (service: string, { message }: AllocationFailure): PlannedEvent =>
    warning('AllocationFailed', `Failed to allocate IP for "${service}": ${message}`),
  invalidRequest: (fault: string): PlannedEvent => warning('LoadBalancerFailed', `invalid requested loadbalancer IPs: ${fault}`),
  tooFewClusterIPs: (clusterIPs: readonly string[]): PlannedEvent =>
    warning('not enough clusterips', `Service requires dual stack but not enough clusterips [${clusterIPs.join(' ')}]`),
  currentFamily: (texts: readonly string[], fault: string): PlannedEvent =>
    warning('nolbIPsIPFamily', `Failed to retrieve LBIPs IPFamily for ${quoteTexts(texts)}: ${fault}`),
  clusterFamily: (clusterIPs: readonly string[], fault: string): PlannedEvent =>
    warning(
      'noclusterIPsIPFamily',
      `Failed to retrieve ClusterIPs IPFamily for ${quoteTexts(clusterIPs)} ${clusterIPs[0] ?? ''}: ${fault}`,
    ),
  deprecatedAnnotation: (key: string): PlannedEvent => warning('deprecatedAnnotation', `Service uses deprecated annotation ${key}`),
} as const;

/** The log lines about Services, with upstream's keys and texts. */
export const lines = {
  deleted: (): PlannedLine => line('info', 'service deleted', { event: 'serviceDeleted' }),
  allocated: (addresses: readonly IpAddress[]): PlannedLine =>
    line('info', 'IP address assigned by controller', { event: 'ipAllocated', ip: addresses.map(formatAddress) }),
  allocatedAdditional: (address: IpAddress): PlannedLine =>
    line('info', 'Additional IP address assigned by controller', { event: 'ipAllocated', ip: [formatAddress(address)] }),
  allocationFailed: ({ message }: AllocationFailure): PlannedLine =>
    line('error', 'IP allocation failed', { op: 'allocateIPs', error: message }),
  tryingAdditional: (): PlannedLine =>
    line('info', 'familyPolicy is PreferDualStack, trying to assign additional ip', { event: 'tryAssignAdditionalIP' }),
  noPools: (): PlannedLine => line('debug', 'pools are empty', { event: 'clearAssignment', reason: 'noConfig' }),
  noClusterIPs: (): PlannedLine => line('info', 'No ClusterIPs', { event: 'clearAssignment', reason: 'noClusterIPs' }),
  tooFewClusterIPs: (): PlannedLine =>
    line('error', 'Service requires dual stack but not enough clusterips', { event: 'clearAssignment', reason: 'not enough clusterips' }),
  currentFamily: (): PlannedLine =>
    line('error', 'Failed to retrieve lbIPs family', { event: 'clearAssignment', reason: 'nolbIPsIPFamily' }),
  clusterFamily: (): PlannedLine =>
    line('error', 'Failed to retrieve clusterIPs family', { event: 'clearAssignment', reason: 'noclusterIPsIPFamily' }),
  notAllowed: ({ message }: AllocationFailure): PlannedLine =>
    line('info', 'current IP not allowed by config, clearing', { event: 'clearAssignment', reason: 'notAllowedByConfig', error: message }),
  otherPoolRequested: (): PlannedLine =>
    line('info', 'user requested a different pool than the one currently assigned', {
      event: 'clearAssignment',
      reason: 'differentPoolRequested',
    }),
  otherAddressRequested: (): PlannedLine =>
    line('info', 'user requested a different IP than the one currently assigned', {
      event: 'clearAssignment',
      reason: 'differentIPRequested',
    }),
  invalidRequest: (fault: string): PlannedLine =>
    line('error', 'invalid requested loadbalancer IPs', { event: 'loadbalancerIP', error: fault }),
  frozen: (pool: string): PlannedLine =>
    line('debug', 'the pool of this service does not parse: the service is left as it is', { event: 'frozen', pool }),
  removed: (): PlannedLine => line('info', 'removed loadbalancer from service, services will be reprocessed', { event: 'serviceUpdated' }),
  deprecatedAnnotation: (key: string): PlannedLine =>
    line('warn', 'The used annotation is deprecated. Support might get removed in future versions', {
      event: 'deprecatedAnnotation',
      annotation: key,
    }),
} as const;

function normal(reason: string, message: string): PlannedEvent {
  return { type: 'Normal', reason, message };
}

function warning(reason: string, message: string): PlannedEvent {
  return { type: 'Warning', reason, message };
}

function line(level: PlannedLine['level'], message: string, fields: PlannedLine['fields']): PlannedLine {
  return { level, message, fields };
}
