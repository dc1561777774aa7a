import { expect, test } from '@jest/globals';
import { ConfigurationReport } from '../src/kubernetes/configuration-report.ts';
import { reconcileCounters } from '../src/kubernetes/work-queue.ts';
import { LeaderMetrics } from '../src/operators/leader-metrics.ts';
import { PoolMetrics } from '../src/operators/pools/pool-metrics.ts';
import { registerProcessMetrics } from '../src/program/process-metrics.ts';
import { createPrometheusMetrics } from '../src/telemetry/prometheus-metrics.ts';
import { parseExposition } from './support/exposition.ts';
import { settle } from './support/fake-clock.ts';
import { COMMON_METRICS, CONTROLLER_METRICS, rowsOf } from './support/metric-table.ts';

const NONE = { capacity: 0n, inUse: 0n };

test('the metrics of the controller are those of MetalLB to the letter, and few of our own', async () => {
  const metrics = createPrometheusMetrics({ processMetrics: false });
  const pools = new PoolMetrics(metrics);
  new ConfigurationReport(metrics, ['pools']).set('pools', []);
  reconcileCounters(metrics).queues.add({ title: 'Service', size: 1, failing: 0 });
  registerProcessMetrics(metrics, { version: '1', node: '24' }, { reachable: true });
  const leader = new LeaderMetrics(metrics);
  pools.setPools(new Set(['p']));
  pools.setCounters('p', { IPv4: NONE, IPv6: NONE }, 0);
  const end = new AbortController();
  const shown = leader.show(undefined, () => new Map([['NoPool', 1]]), end.signal);
  await settle();
  const families = parseExposition(await metrics.expose());
  const theirs = [...COMMON_METRICS, ...CONTROLLER_METRICS];
  expect(rowsOf(families, theirs)).toEqual(theirs);
  const known = new Set(theirs.map(({ name }) => name));
  const ours = [...families].filter(([name]) => !known.has(name)).map(([name, { samples }]) => [name, [...samples.keys()]] as const);
  expect(Object.fromEntries(ours)).toEqual({
    typemetal_apiserver_reachable: ['typemetal_apiserver_reachable'],
    typemetal_build_info: ['typemetal_build_info{version="1",node="24"}'],
    typemetal_leader: ['typemetal_leader'],
    typemetal_services_pending: ['typemetal_services_pending{reason="NoPool"}'],
    typemetal_workqueue_depth: ['typemetal_workqueue_depth{controller="Service"}'],
    typemetal_workqueue_failing: ['typemetal_workqueue_failing{controller="Service"}'],
  });
  end.abort();
  await shown;
});

test('a metric that is missing, and one without a sample, are not taken for the row', async () => {
  const metrics = createPrometheusMetrics({ processMetrics: false });
  new ConfigurationReport(metrics, ['layer2']).set('layer2', []);
  metrics.gauge('metallb_allocator_addresses_total', 'Number of usable IP addresses, per pool', ['pool']);
  const rows = rowsOf(parseExposition(await metrics.expose()), [...COMMON_METRICS, ...CONTROLLER_METRICS]);
  expect(rows.filter((row) => typeof row !== 'string')).toEqual(COMMON_METRICS.slice(2));
});
