import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import { AllocationTable } from '../../src/model/allocation/table.ts';
import { parsePools } from '../../src/model/pool-set.ts';
import { hasOtherAddresses } from '../../src/operators/services/desired.ts';
import { planService, type ServiceObservation, type ServicePlan } from '../../src/operators/services/plan.ts';
import type { AddressableFacts } from '../../src/operators/services/projection.ts';
import { allocatedCondition, facts, pool, type ServiceOptions } from './objects.ts';

/** The annotation that names the pool of the addresses. */
export const POOL = 'metallb.io/ip-allocated-from-pool';
/** The annotation that asks for addresses. */
export const REQUEST = 'metallb.io/loadBalancerIPs';

/** A pool of both families. */
export const P: IPAddressPool = pool('p', ['10.0.0.0/29', '2001:db8::/125']);

/** A table over these pools, in which nobody holds anything. */
export function tableOf(...pools: IPAddressPool[]): AllocationTable {
  const table = new AllocationTable();
  table.setPools(parsePools(pools));
  return table;
}

/** The time of all plans. */
export const NOW = '2026-02-02T00:00:00Z';

/** A plan, and the Service that it is for. */
export interface PlanFor extends ServicePlan {
  readonly service: AddressableFacts;
}

/** The plan for a Service as it is described. */
export function plan(table: AllocationTable, options: ServiceOptions, more: Partial<ServiceObservation> = {}): PlanFor {
  return planFor(table, facts(options), more);
}

/** The plan for a Service as a cache has it. */
export function planFor(table: AllocationTable, service: AddressableFacts, more: Partial<ServiceObservation> = {}): PlanFor {
  const known = { namespaceLabels: {}, ownClass: undefined, lastLack: undefined, lastCondition: undefined, now: NOW };
  return { ...planService(table, { key: service.key, facts: service, ...known, ...more }), service };
}

/** A Service that has addresses of a pool, as a restarted controller finds it. */
export function settled(ips: string[], options: ServiceOptions = {}, from = 'p'): ServiceOptions {
  const conditions = ips.length === 0 ? [] : [allocatedCondition(ips, from)];
  return { conditions, ...options, ips, annotations: { [POOL]: from, ...options.annotations } };
}

/** The write, the events and the log lines of a plan, as one readable list. */
export function told({ service, write, events, lines }: PlanFor): string[] {
  return [
    written(service, write),
    ...events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    ...lines.map(({ level, fields, message }) => `${level} ${String(fields.event ?? fields.op)} ${message}`),
  ];
}

/** A write of addresses, with or without the condition; or of the condition alone. */
function written(service: AddressableFacts, write: ServicePlan['write']): string {
  if (write === undefined) return 'no write';
  const { addresses, condition } = write;
  if (addresses !== undefined && hasOtherAddresses(service, addresses)) {
    return `write ${addresses.pool ?? '-'} ${addresses.ingress.map(({ ip }) => ip).join(' ')}`.trim();
  }
  return condition === undefined ? 'write no condition' : `write ${condition.status} ${condition.reason}`;
}
