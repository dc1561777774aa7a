import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import { AllocationTable } from '../../src/model/allocation/table.ts';
import { parsePools } from '../../src/model/pool-set.ts';
import { planService, type ServiceObservation, type ServicePlan } from '../../src/operators/services/plan.ts';
import { facts, pool, type ServiceOptions } from './objects.ts';

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

/** The plan for a Service as it is described. */
export function plan(table: AllocationTable, options: ServiceOptions, more: Partial<ServiceObservation> = {}): ServicePlan {
  const service = facts(options);
  return planService(table, { key: service.key, facts: service, namespaceLabels: {}, ownClass: undefined, lastLack: undefined, ...more });
}

/** A Service that has addresses of a pool, as a restarted controller finds it. */
export function settled(ips: string[], options: ServiceOptions = {}, from = 'p'): ServiceOptions {
  return { ...options, ips, annotations: { [POOL]: from, ...options.annotations } };
}

/** The write, the events and the log lines of a plan, as one readable list. */
export function told({ write, events, lines }: ServicePlan): string[] {
  return [
    write === undefined ? 'no write' : `write ${write.pool ?? '-'} ${write.ingress.map(({ ip }) => ip).join(' ')}`.trim(),
    ...events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    ...lines.map(({ level, fields, message }) => `${level} ${String(fields.event ?? fields.op)} ${message}`),
  ];
}
