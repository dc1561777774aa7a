import { beforeEach, expect, test } from '@jest/globals';
import { configurationOf } from '../../../test/support/configuration-objects.ts';
import type { ConfigurationDraft } from '../../../test/support/configuration-rows.ts';
import { l2Advertisement, pool } from '../../../test/support/objects.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../../crds/l2-advertisement.ts';
import { Configuration } from './configuration.ts';

let pools: IPAddressPool[];
let advertisements: L2Advertisement[];
let bgp: ConfigurationDraft[];
let labels: Record<string, Record<string, string>>;
let log: RecordingLogger;
let found: Record<string, readonly string[]>;
let configuration: Configuration;

beforeEach(() => {
  [pools, advertisements, bgp, found] = [[], [], [], {}];
  labels = { 'node-1': { zone: 'a' }, 'node-2': {} };
  log = new RecordingLogger();
  const source = {
    pools: () => pools,
    advertisements: () => advertisements,
    bgp: () => ({ ...configurationOf(bgp), nodes: Object.entries(labels).map(([name, own]) => ({ name, labels: own })) }),
    whenBgpKnown: () => Promise.resolve(),
  };
  const faultsFound = (part: string, faults: readonly string[]): void => {
    found[part] = faults;
  };
  configuration = new Configuration({ node: 'node-1', source, log, faultsFound });
});

test('a refused object keeps its last form, is said once and counts as a fault until it is mended', () => {
  pools = [pool('a', ['203.0.113.0/24']), pool('b', ['198.51.100.0/24'])];
  advertisements = [l2Advertisement('ad', { ipAddressPools: ['a'] })];
  expect([...configuration.current.pools.pools.keys()]).toEqual(['a', 'b']);
  expect(found).toEqual({ layer2: [] });

  pools[0] = pool('a', ['203.0.113.0/33'], {}, { generation: 2 });
  advertisements[0] = l2Advertisement('ad', { ipAddressPools: ['a', 'a'] });
  configuration.outdate();
  expect([...configuration.current.pools.pools.keys()]).toEqual(['a', 'b']);
  expect([...configuration.current.advertisements.advertisements.keys()]).toEqual(['ad']);
  configuration.outdate();
  configuration.read();
  expect([...configuration.current.pools.refused.keys()]).toEqual(['a']);
  expect(log.messages('error')).toEqual(['failed to parse the configuration', 'failed to parse the configuration']);
  expect(log.lines.map(({ fields }) => fields.object)).toEqual(['ipaddresspool a', 'l2advertisement ad']);
  expect(found.layer2).toEqual([
    expect.stringContaining('IPAddressPool a: parsing address pool a: '),
    'L2Advertisement ad: duplicate definition of ipAddressPools "a"',
  ]);

  pools[0] = pool('a', ['203.0.113.0/25'], {}, { generation: 3 });
  advertisements[0] = l2Advertisement('ad');
  configuration.outdate();
  expect(configuration.current.pools.refused.size).toBe(0);
  expect(found).toEqual({ layer2: [] });
});

test('a pool that was never read is known by name and labels, one that was goes on as it was', () => {
  pools = [pool('good', ['203.0.113.0/24']), pool('bad', ['nonsense'], {}, { labels: { zone: 'a' } })];
  expect([...configuration.current.unreadablePools.values()]).toEqual([{ name: 'bad', labels: { zone: 'a' } }]);
  pools[0] = pool('good', ['nonsense'], {}, { generation: 2 });
  configuration.outdate();
  expect([...configuration.current.unreadablePools.keys()]).toEqual(['bad']);
  expect([...configuration.current.pools.pools.keys()]).toEqual(['good']);
});

test('what is wrong about BGP is said once, for this node alone, beside the pools in use', () => {
  const hostname = (name: string): object => ({ nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': name } }] });
  labels = { 'node-1': { 'kubernetes.io/hostname': 'node-1' } };
  pools = [pool('small', ['203.0.113.0/28'])];
  bgp = [
    { kind: 'BGPPeer', name: 'here', spec: hostname('node-1') },
    { kind: 'BGPPeer', name: 'elsewhere', spec: hostname('node-2') },
    { kind: 'BGPAdvertisement', name: 'wide', spec: { aggregationLength: 24 } },
  ];
  configuration.readBgp();
  configuration.readBgp();
  expect(found.bgp).toEqual([
    expect.stringContaining('BGPAdvertisement wide: invalid aggregation length 24'),
    expect.stringContaining('BGPPeer here: parsing peer here'),
  ]);
  expect(log.lines.map(({ fields }) => fields.object)).toEqual(['bgpadvertisement wide', 'bgppeer here']);
});

test('labels of the own node that change are said, those that it came with and those of others are not', () => {
  configuration.readBgp();
  labels = { 'node-1': { zone: 'a' }, 'node-2': { zone: 'b' } };
  configuration.readBgp();
  expect(log.lines).toEqual([]);
  labels = { 'node-1': { zone: 'b' } };
  for (let time = 0; time < 2; time++) configuration.readBgp();
  const fields = { event: 'nodeLabelsChanged' };
  expect(log.lines).toMatchObject([{ level: 'info', message: 'Node labels changed, resyncing BGP peers', fields }]);
});
