import { expect, test } from '@jest/globals';
import { l2Advertisement, pool } from '../../../test/support/objects.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../../crds/l2-advertisement.ts';
import { Configuration } from './configuration.ts';

const STALE = 'metallb_k8s_client_config_stale_bool';
const LOADED = 'metallb_k8s_client_config_loaded_bool';

test('a refused object keeps its last form, is said once and counts as stale until it is mended', () => {
  const objects: { pools: IPAddressPool[]; advertisements: L2Advertisement[] } = {
    pools: [pool('a', ['203.0.113.0/24']), pool('b', ['198.51.100.0/24'])],
    advertisements: [l2Advertisement('ad', { ipAddressPools: ['a'] })],
  };
  const log = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const configuration = new Configuration({ pools: () => objects.pools, advertisements: () => objects.advertisements }, log, metrics);
  expect(metrics.value(LOADED)).toBe(0);
  expect([...configuration.current.pools.pools.keys()]).toEqual(['a', 'b']);
  expect([metrics.value(LOADED), metrics.value(STALE)]).toEqual([1, 0]);

  objects.pools[0] = pool('a', ['203.0.113.0/33'], {}, { generation: 2 });
  objects.advertisements[0] = l2Advertisement('ad', { ipAddressPools: ['a', 'a'] });
  configuration.outdate();
  expect([...configuration.current.pools.pools.keys()]).toEqual(['a', 'b']);
  expect([...configuration.current.advertisements.advertisements.keys()]).toEqual(['ad']);
  configuration.outdate();
  expect([...configuration.current.pools.refused.keys()]).toEqual(['a']);
  expect(log.messages('error')).toEqual(['failed to parse the configuration', 'failed to parse the configuration']);
  expect(log.lines.map(({ fields }) => fields.object)).toEqual(['ipaddresspool a', 'l2advertisement ad']);
  expect(metrics.value(STALE)).toBe(1);

  objects.pools[0] = pool('a', ['203.0.113.0/25'], {}, { generation: 3 });
  objects.advertisements[0] = l2Advertisement('ad');
  configuration.outdate();
  expect(configuration.current.pools.refused.size).toBe(0);
  expect(metrics.value(STALE)).toBe(0);
});

test('a pool that was never read is known by name and labels, one that was goes on as it was', () => {
  const objects = [pool('good', ['203.0.113.0/24']), pool('bad', ['nonsense'], {}, { labels: { zone: 'a' } })];
  const source = { pools: () => objects, advertisements: () => [] };
  const configuration = new Configuration(source, new RecordingLogger(), new RecordingMetrics());
  expect([...configuration.current.unreadablePools.values()]).toEqual([{ name: 'bad', labels: { zone: 'a' } }]);
  objects[0] = pool('good', ['nonsense'], {}, { generation: 2 });
  configuration.outdate();
  expect([...configuration.current.unreadablePools.keys()]).toEqual(['bad']);
  expect([...configuration.current.pools.pools.keys()]).toEqual(['good']);
});
