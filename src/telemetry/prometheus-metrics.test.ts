import { describe, expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import type { Metrics } from './metrics.ts';
import { createPrometheusMetrics } from './prometheus-metrics.ts';

/** What the text format says of the series themselves. */
async function seriesOf(metrics: Metrics): Promise<string[]> {
  return (await metrics.expose()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe.each<{ kind: string; make: () => Metrics }>([
  { kind: 'prom-client', make: () => createPrometheusMetrics({ processMetrics: false }) },
  { kind: 'recording', make: () => new RecordingMetrics() },
])('the contract of Metrics, $kind', ({ make }) => {
  test('a counter adds up, a gauge is set, each by its labels', async () => {
    const metrics = make();
    const requests = metrics.counter('metallb_layer2_requests_received', 'Requests', ['ip']);
    const announced = metrics.gauge('metallb_speaker_announced', 'Announced', ['ip']);
    requests.add(2, { ip: '192.0.2.1' });
    requests.add(3, { ip: '192.0.2.1' });
    requests.add(1, { ip: '192.0.2.2' });
    announced.set(1, { ip: '192.0.2.1' });
    announced.set(7, { ip: '192.0.2.1' });
    expect(await seriesOf(metrics)).toEqual([
      'metallb_layer2_requests_received{ip="192.0.2.1"} 5',
      'metallb_layer2_requests_received{ip="192.0.2.2"} 1',
      'metallb_speaker_announced{ip="192.0.2.1"} 7',
    ]);
  });

  test('remove forgets one series and no other', async () => {
    const metrics = make();
    const gauge = metrics.gauge('g', 'G', ['ip']);
    const counter = metrics.counter('c', 'C', ['ip']);
    for (const ip of ['a', 'b']) {
      gauge.set(1, { ip });
      counter.add(1, { ip });
    }
    gauge.remove({ ip: 'a' });
    counter.remove({ ip: 'b' });
    gauge.remove({ ip: 'never set' });
    expect(await seriesOf(metrics)).toEqual(['g{ip="b"} 1', 'c{ip="a"} 1']);
  });

  test('a measured gauge is what it reads when somebody asks, and no more', async () => {
    const metrics = make();
    let waiting = new Map([['Service', 2]]);
    let reads = 0;
    metrics.measured('depth', 'Depth', ['controller'], () => {
      reads++;
      return Array.from(waiting, ([controller, value]) => ({ labels: { controller }, value }));
    });
    metrics.measured('reachable', 'Reachable', [], () => [{ value: 1 }]);
    expect(reads).toBe(0);
    const withoutBraces = async (): Promise<string[]> => (await seriesOf(metrics)).map((line) => line.replace('{}', ''));
    expect(await withoutBraces()).toEqual(['depth{controller="Service"} 2', 'reachable 1']);
    waiting = new Map([['IPAddressPool', 7]]);
    expect(await withoutBraces()).toEqual(['depth{controller="IPAddressPool"} 7', 'reachable 1']);
  });

  test('a metric with labels has no series at first, one without counts from zero', async () => {
    const metrics = make();
    metrics.counter('metallb_allocator_services_allocated_total', 'Never set', ['pool']);
    metrics.counter('metallb_k8s_client_updates_total', 'Updates');
    expect((await seriesOf(metrics)).map((line) => line.replace('{}', ''))).toEqual(['metallb_k8s_client_updates_total 0']);
  });

  test.each<{ mistake: string; make: (metrics: Metrics) => void }>([
    { mistake: 'a name registered twice', make: (metrics) => void metrics.gauge('twice', 'Again') },
    { mistake: 'a label that was not declared', make: (metrics) => metrics.gauge('other', 'O', ['ip']).set(1, { pool: 'p' }) },
    { mistake: 'a counter that goes down', make: (metrics) => metrics.counter('down', 'D').add(-1) },
  ])('$mistake is a bug and throws', ({ make: mistake }) => {
    const metrics = make();
    metrics.counter('twice', 'Once');
    expect(() => mistake(metrics)).toThrow();
  });
});

test('help texts and types are exposed', async () => {
  const metrics = createPrometheusMetrics({ processMetrics: false });
  metrics.gauge('metallb_speaker_announced', 'Services being announced from this node.', ['ip']);
  expect(await metrics.expose()).toContain(
    '# HELP metallb_speaker_announced Services being announced from this node.\n# TYPE metallb_speaker_announced gauge\n',
  );
});

test('two registries of one process do not mix, and process metrics are asked for', async () => {
  const bare = createPrometheusMetrics({ processMetrics: false });
  const full = createPrometheusMetrics({ processMetrics: true });
  expect(await bare.expose()).not.toContain('process_resident_memory_bytes');
  expect(await full.expose()).toContain('process_resident_memory_bytes');
});
