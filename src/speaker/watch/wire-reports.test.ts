import { expect, test } from '@jest/globals';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { WireReports } from './wire-reports.ts';

const ip = '203.0.113.10';

test('each report goes where it belongs', () => {
  const log = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const heard: string[] = [];
  const reports = new WireReports(log, metrics, {
    interfacesChanged: (names) => void heard.push(names.join()),
    addressesOwned: (addresses, certain) => void heard.push(`owned ${addresses.join()} ${certain}`),
    sessionsChanged: (sessions) => void heard.push(`${sessions.length} sessions`),
    ownersKnown: ({ claims, met }) => void heard.push(`${claims.length} claims ${met}`),
    conflictFound: ({ what, node }) => void heard.push(`${what} ${node}`),
    addressTaken: ({ ip: taken, from }) => void heard.push(`${taken} from ${from}`),
    broken: () => void heard.push('broken'),
  });
  reports.take({ kind: 'ready' });
  reports.take({ kind: 'interfaces', names: ['eth0', 'eth1'] });
  reports.take({ kind: 'gone', nodes: ['node-2'] });
  reports.take({ kind: 'owned', addresses: [ip], certain: true });
  reports.take({ kind: 'sessions', sessions: [], refused: 2 });
  reports.take({ kind: 'claims', claims: [], met: true });
  reports.take({ kind: 'conflict', what: 'kernel', address: ip, mac: '02:00:00:00:00:02', node: 'node-2' });
  reports.take({ kind: 'taken', takings: [{ ip, from: 'node-2', reason: 'gone', silentMilliseconds: 300 }] });
  reports.take({ kind: 'segment', counts: { sent: { hello: 4 }, received: {}, refused: {}, verdicts: {} } });
  reports.take({ kind: 'broken', message: 'three faults in 10 s' });
  reports.take({ kind: 'log', level: 'warn', message: 'careful', fields: { interface: 'eth0' } });
  reports.take({ kind: 'counts', counts: [{ ip, requestsReceived: 3, responsesSent: 2, gratuitousSent: 0 }] });
  reports.take({ kind: 'counts', counts: [{ ip, requestsReceived: 1, responsesSent: 1, gratuitousSent: 4 }] });
  expect(heard).toEqual(['eth0,eth1', `owned ${ip} true`, '0 sessions', '0 claims true', 'kernel node-2', `${ip} from node-2`, 'broken']);
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: `${ip} is answered for here: node "node-2" is gone`,
      fields: { event: 'addressTaken', ip, from: 'node-2', reason: 'gone', milliseconds: 300 },
    },
    expect.objectContaining({ level: 'error', fields: { op: 'wireThread', error: 'three faults in 10 s' } }),
    { level: 'warn', message: 'careful', fields: { interface: 'eth0' } },
  ]);
  for (const refused of [2, 5, 1]) reports.take({ kind: 'sessions', sessions: [], refused });
  expect(metrics.value('typemetal_bgp_refused_connections_total', {})).toBe(6);
  for (const [addresses, begun] of [
    [3, 1],
    [0, 1],
    [2, 4],
    [1, 1],
  ] as const)
    reports.take({ kind: 'standing-in', addresses, begun });
  expect(['stood_in_addresses', 'stand_ins_total'].map((name) => metrics.value(`typemetal_layer2_${name}`, {}))).toEqual([1, 5]);
  expect(metrics.value('typemetal_layer2_conflicts_total', { ip, kind: 'kernel' })).toBe(1);
  expect(metrics.value('typemetal_layer2_frames_sent_total', { kind: 'hello' })).toBe(4);
  expect(metrics.value('typemetal_layer2_fail_over_seconds_count')).toBe(1);
  const value = (name: string): number | undefined => metrics.value(`metallb_layer2_${name}`, { ip });
  expect([value('requests_received'), value('responses_sent'), value('gratuitous_sent')]).toEqual([4, 3, 4]);
});
