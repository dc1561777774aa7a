import { expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { configurationGauges } from './configuration-gauges.ts';

const LOADED = 'metallb_k8s_client_config_loaded_bool';
const STALE = 'metallb_k8s_client_config_stale_bool';

test('before a configuration was read the gauges say so, and each follows its own metric', () => {
  const metrics = new RecordingMetrics();
  const { loaded, stale } = configurationGauges(metrics);
  expect([metrics.value(LOADED), metrics.value(STALE)]).toEqual([0, 0]);
  loaded.set(1);
  expect([metrics.value(LOADED), metrics.value(STALE)]).toEqual([1, 0]);
  stale.set(1);
  expect([metrics.value(LOADED), metrics.value(STALE)]).toEqual([1, 1]);
});
