import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { serveMetrics } from './metrics-server.ts';
import { createPrometheusMetrics } from './prometheus-metrics.ts';

test('the registry is served as text, on the loopback address', async () => {
  const metrics = createPrometheusMetrics({ processMetrics: false });
  metrics.counter('metallb_k8s_client_updates_total', 'Updates').add(4);
  const logger = new RecordingLogger();
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<number>();
  const closed = serveMetrics({ metrics, port: 0, logger, clock: new FakeClock(), onListening: resolve }, stop.signal);
  const port = await promise;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(await response.text()).toContain('\nmetallb_k8s_client_updates_total 4\n');
  expect(logger.lines).toEqual([{ level: 'info', message: 'serving metrics', fields: { op: 'listen', address: `127.0.0.1:${port}` } }]);
  stop.abort();
  await closed;
});
