import { expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';

test('the version, and whether the API server answers, as they are when somebody asks', () => {
  const metrics = new RecordingMetrics();
  const api = { reachable: true };
  registerProcessMetrics(metrics, { version: '1.2.3', node: 'v24.0.0' }, api);
  expect(metrics.value('typemetal_build_info', { version: '1.2.3', node: 'v24.0.0' })).toBe(1);
  expect(metrics.value('typemetal_apiserver_reachable')).toBe(1);
  api.reachable = false;
  expect(metrics.value('typemetal_apiserver_reachable')).toBe(0);
});
