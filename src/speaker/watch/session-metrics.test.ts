import { expect, test } from '@jest/globals';
import { parseExposition } from '../../../test/support/exposition.ts';
import { BGP_METRICS, rowsOf } from '../../../test/support/metric-table.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { NO_MESSAGES as NONE, sessionReport as session } from '../../../test/support/session-reports.ts';
import { createPrometheusMetrics } from '../../telemetry/prometheus-metrics.ts';
import { SessionMetrics } from './session-metrics.ts';

const LABELS = { peer: '198.51.100.1:179', vrf: 'default' };

test('they are those of all modes of MetalLB, to the letter', async () => {
  const metrics = createPrometheusMetrics({ processMetrics: false });
  new SessionMetrics(metrics).take([session()]);
  const families = parseExposition(await metrics.expose());
  expect(rowsOf(families, BGP_METRICS)).toEqual(BGP_METRICS);
  expect(new Set(families.keys())).toEqual(new Set(BGP_METRICS.map(({ name }) => name)));
});

test('gauges tell how it is, counters what went over it', () => {
  const metrics = new RecordingMetrics();
  const sessions = new SessionMetrics(metrics);
  const value = (name: string): number | undefined => metrics.value(`metallb_bgp_${name}`, LABELS);
  sessions.take([session({ state: 'connect', announced: 0 })]);
  expect([value('session_up'), value('announced_prefixes_total'), value('pending_prefixes_total')]).toEqual([0, 0, 4]);
  sessions.take([session({ sent: { ...NONE, open: 1, update: 2 }, received: { ...NONE, keepalive: 1 } })]);
  sessions.take([session({ sent: { ...NONE, open: 1, update: 5 }, received: { ...NONE, keepalive: 2 } })]);
  expect([value('session_up'), value('updates_total'), value('opens_sent'), value('keepalives_received')]).toEqual([1, 5, 1, 2]);
  expect([value('total_sent'), value('total_received')]).toEqual([6, 2]);
});

test.each([
  { address: '198.51.100.1:179', vrf: undefined, peer: '198.51.100.1', of: 'default' },
  { address: '[2001:db8::1]:1179', vrf: 'red', peer: '2001:db8::1', of: 'red' },
])('as frr-k8s names them, $address is $peer', ({ address, vrf, peer, of }) => {
  const metrics = new RecordingMetrics();
  new SessionMetrics(metrics).take([session({ address, vrf, sent: { ...NONE, update: 7 } })]);
  const value = (name: string): number | undefined => metrics.value(`frrk8s_bgp_${name}`, { peer, vrf: of });
  expect([value('session_up'), value('updates_total'), value('announced_prefixes_total'), value('received_prefixes_total')]).toEqual([
    1, 7, 3, 0,
  ]);
});

test('a session that begins anew goes on counting, and one that is gone or is another leaves nothing', () => {
  const metrics = new RecordingMetrics();
  const sessions = new SessionMetrics(metrics);
  const value = (name: string, vrf: string = 'default'): number | undefined => metrics.value(`metallb_bgp_${name}`, { ...LABELS, vrf });
  sessions.take([session({ sent: { ...NONE, update: 5 } })]);
  sessions.take([session({ sent: { ...NONE, update: 2 } })]);
  expect(value('updates_total')).toBe(7);
  sessions.take([session({ vrf: 'red' })]);
  expect([value('session_up'), value('updates_total'), value('session_up', 'red')]).toEqual([undefined, undefined, 1]);
  sessions.take([]);
  expect(value('session_up', 'red')).toBeUndefined();
});
