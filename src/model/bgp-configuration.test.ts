import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { configurationOf, objectOfDraft } from '../../test/support/configuration-objects.ts';
import type { ConfigurationDraft } from '../../test/support/configuration-rows.ts';
import type { BGPAdvertisement } from '../crds/bgp-advertisement.ts';
import type { BGPPeer } from '../crds/bgp-peer.ts';
import { parseAddress } from '../lib/ip.ts';
import { type BgpConfiguration, objectsOfNode, parseBgpConfiguration } from './bgp-configuration.ts';
import { faultsOf } from './configuration.ts';
import { parsePools } from './pool-set.ts';

const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };
const peer = (name: string, spec: object = {}): ConfigurationDraft => ({ kind: 'BGPPeer', name, spec: { ...PEER, ...spec } });
const advertisement = (name: string, spec: object = {}): ConfigurationDraft => ({ kind: 'BGPAdvertisement', name, spec });
const profile = (name: string, spec: object = {}): ConfigurationDraft => ({ kind: 'BFDProfile', name, spec });
const pool = (name: string, ...addresses: string[]): ConfigurationDraft => ({ kind: 'IPAddressPool', name, spec: { addresses } });

function parse(given: readonly ConfigurationDraft[], previous?: BgpConfiguration): BgpConfiguration {
  const objects = configurationOf(given);
  return parseBgpConfiguration(objects, [...parsePools(objects.pools).pools.values()], previous);
}

test('the values of a peer with everything', () => {
  const spec = {
    localASN: 64999,
    sourceAddress: '192.0.2.8',
    peerPort: 1790,
    holdTime: '90.9s',
    keepaliveTime: '1500ms',
    connectTime: '1m5s',
    routerID: '10.0.0.1',
    nodeSelectors: [{ matchLabels: { rack: 'a' } }],
    password: 'secret',
    bfdProfile: 'fast',
    enableGracefulRestart: true,
    ebgpMultiHop: true,
    vrf: 'red',
    dualStackAddressFamily: true,
  };
  const { peers } = parse([peer('a', spec), profile('fast', { receiveInterval: 100, echoMode: true })]);
  expect(peers.inUse.get('a')).toEqual({
    name: 'a',
    uid: 'uid-BGPPeer-a',
    localAsn: 64512,
    shownAsn: 64999,
    remoteAs: { kind: 'number', asn: 64513 },
    neighbor: { kind: 'address', address: parseAddress('192.0.2.1') },
    port: 1790,
    sourceAddress: parseAddress('192.0.2.8'),
    timers: { holdTimeSeconds: 90, keepaliveTimeMilliseconds: 1_500 },
    connectTimeSeconds: 65,
    routerId: 0x0a000001,
    nodeSelectors: [{ requirements: [{ kind: 'in', key: 'rack', values: new Set(['a']) }], text: 'rack=a' }],
    password: { kind: 'text', text: 'secret' },
    bfd: {
      name: 'fast',
      uid: 'uid-BFDProfile-fast',
      receiveIntervalMilliseconds: 100,
      transmitIntervalMilliseconds: 300,
      detectMultiplier: 3,
      echoIntervalMilliseconds: 50,
      echoMode: true,
      passiveMode: false,
      minimumTtl: 254,
    },
    gracefulRestart: true,
    ebgpMultiHop: true,
    vrf: 'red',
    dualStack: true,
  });
});

test('the values of a peer with the least, as the old version stored it too', () => {
  const absent = { shownAsn: undefined, timers: undefined, connectTimeSeconds: undefined, routerId: undefined, bfd: undefined };
  const none = { sourceAddress: undefined, password: undefined, vrf: undefined, gracefulRestart: false, dualStack: false };
  for (const spec of [{}, { peerPort: 0, password: '', passwordSecret: {}, vrf: '', routerID: '', bfdProfile: '' }]) {
    expect(parse([peer('a', spec)]).peers.inUse.get('a')).toMatchObject({ ...absent, ...none, port: 179, nodeSelectors: [] });
  }
});

test.each<[spec: object, timers: object | undefined]>([
  [{ holdTime: '90s' }, { holdTimeSeconds: 90, keepaliveTimeMilliseconds: 30_000 }],
  [{ keepaliveTime: '10s' }, { holdTimeSeconds: 30, keepaliveTimeMilliseconds: 10_000 }],
  [{ holdTime: '0s' }, { holdTimeSeconds: 0, keepaliveTimeMilliseconds: 0 }],
  [{ holdTime: '999ms' }, { holdTimeSeconds: 0, keepaliveTimeMilliseconds: 0 }],
  [
    { holdTime: '3s', keepaliveTime: '3s' },
    { holdTimeSeconds: 3, keepaliveTimeMilliseconds: 3_000 },
  ],
  [{ holdTime: '65535s' }, { holdTimeSeconds: 65_535, keepaliveTimeMilliseconds: 21_845_000 }],
  [{}, undefined],
])('the values of timers %j', (spec, timers) => expect(parse([peer('a', spec)]).peers.inUse.get('a')?.timers).toEqual(timers));

test('the values of other ends', () => {
  const inside = { kind: 'BGPPeer', name: 'a', spec: { myASN: 1, dynamicASN: 'internal', interface: 'eth0' } } as const;
  const expected = { remoteAs: { kind: 'internal' }, neighbor: { kind: 'interface', name: 'eth0' } };
  expect(parse([inside]).peers.inUse.get('a')).toMatchObject(expected);
});

test('the values of an advertisement', () => {
  const spec = {
    aggregationLength: 24,
    aggregationLengthV6: 64,
    localPref: 200,
    communities: ['1:2', 'large:1:2:3', 'named'],
    peers: ['a'],
    weightByEndpoints: 'Transitive',
  } as const;
  const named: ConfigurationDraft = { kind: 'Community', name: 'c', spec: { communities: [{ name: 'named', value: '65535:65281' }] } };
  expect(parse([advertisement('a', spec), named]).bgpAdvertisements.inUse.get('a')).toMatchObject({
    aggregationLength: { IPv4: 24, IPv6: 64 },
    localPreference: 200,
    communities: [
      { kind: 'standard', value: 0x0001_0002 },
      { kind: 'large', globalAdministrator: 1, localData1: 2, localData2: 3 },
      { kind: 'standard', value: 0xffff_ff01 },
    ],
    peers: ['a'],
    weightByEndpoints: 'Transitive',
    pools: [],
    leftOut: new Set(),
  });
  const plain = {
    aggregationLength: { IPv4: 32, IPv6: 128 },
    localPreference: undefined,
    communities: [],
    peers: [],
    weightByEndpoints: 'None',
  };
  expect(parse([advertisement('a', { localPref: 0 })]).bgpAdvertisements.inUse.get('a')).toMatchObject(plain);
});

describe('what was good before', () => {
  const good = [peer('a', { bfdProfile: 'fast' }), profile('fast'), advertisement('a', { localPref: 7 })];

  test('goes on when it is spoiled, with what it referred to', () => {
    const first = parse(good);
    const second = parse([peer('a', { bfdProfile: 'fast', holdTime: '1s' }), advertisement('a', { localPref: -1 })], first);
    expect([...second.peers.refused.keys(), ...second.bgpAdvertisements.refused.keys()]).toEqual(['a', 'a']);
    expect(second.peers.inUse.get('a')).toEqual(first.peers.inUse.get('a'));
    expect(second.bgpAdvertisements.inUse.get('a')).toMatchObject({ localPreference: 7 });
    const third = parse([peer('a', { bfdProfile: 'fast' })], second);
    expect(third.peers.refused.get('a')?.transient).toBe(true);
    expect(third.peers.inUse.get('a')?.bfd?.name).toBe('fast');
  });

  test('is forgotten when it is deleted, and by another object of its name', () => {
    expect(parse([], parse(good)).peers.inUse.size).toBe(0);
    const objects = configurationOf([]);
    const anew = objectOfDraft(peer('a', { holdTime: '1s' }), { uid: 'another' }) as BGPPeer;
    expect(parseBgpConfiguration({ ...objects, peers: [anew] }, [], parse(good)).peers.inUse.size).toBe(0);
  });

  test('goes when an older one now holds its session', () => {
    const first = parse([peer('a', { peerPort: 1790 }), peer('b')]);
    const second = parse([peer('a'), peer('b', { holdTime: '1s' })], first);
    expect([...second.peers.inUse.keys()]).toEqual(['a']);
  });
});

test('of two that conflict the younger is refused, whatever their names', () => {
  const objects = configurationOf([]);
  const at = (name: string, creationTimestamp: string): BGPPeer => objectOfDraft(peer(name), { creationTimestamp }) as BGPPeer;
  const peers = [at('a', '2026-02-01T00:00:00Z'), at('b', '2026-01-01T00:00:00Z')];
  expect([...parseBgpConfiguration({ ...objects, peers }, []).peers.inUse.keys()]).toEqual(['b']);
});

describe('an advertisement that does not fit', () => {
  const leftOut = (given: readonly ConfigurationDraft[], name: string): readonly string[] => [
    ...(parse(given).bgpAdvertisements.inUse.get(name)?.leftOut ?? ['not in use']),
  ];

  test('goes on for the pools that it fits', () => {
    const given = [pool('large', '10.0.0.0/16'), pool('small', '10.1.0.0/28'), advertisement('all', { aggregationLength: 24 })];
    expect(leftOut(given, 'all')).toEqual(['small']);
    expect(parse(given).bgpAdvertisements.refused.get('all')?.text).toContain('addresses 10.1.0.0/28');
  });

  test('says of each pool why, once', () => {
    const given = [pool('a', '10.0.0.0/28'), pool('b', '10.1.0.0/29'), advertisement('all', { aggregationLength: 24 })];
    expect(parse(given).bgpAdvertisements.refused.get('all')?.text.split('\n')).toHaveLength(2);
  });

  test.each<{ what: string; addresses: string[]; spec: object; fits: boolean }>([
    { what: 'a range of which one prefix holds the route', addresses: ['10.0.0.0-10.0.1.3'], spec: { aggregationLength: 24 }, fits: true },
    { what: 'a range of which none does', addresses: ['10.0.0.0-10.0.0.200'], spec: { aggregationLength: 24 }, fits: false },
    { what: 'an entry beside a good one', addresses: ['10.0.0.0/24', '10.0.1.0/28'], spec: { aggregationLength: 24 }, fits: false },
    { what: 'the other family', addresses: ['2001:db8::/120'], spec: { aggregationLength: 24 }, fits: true },
    { what: 'the whole entry', addresses: ['10.0.0.0/24'], spec: { aggregationLength: 24 }, fits: true },
  ])('a pool with $what: $fits', ({ addresses, spec, fits }) => {
    expect(leftOut([pool('p', ...addresses), advertisement('a', spec)], 'a')).toEqual(fits ? [] : ['p']);
  });

  test.each<{ what: string; addresses?: string[]; first: object; second: object; conflict: boolean }>([
    { what: 'equal preferences', first: { localPref: 1 }, second: { localPref: 1 }, conflict: false },
    { what: 'different ones', first: { localPref: 1 }, second: { localPref: 2 }, conflict: true },
    { what: 'one and the default', first: { localPref: 1 }, second: {}, conflict: true },
    { what: 'other lengths', first: { localPref: 1 }, second: { aggregationLength: 28 }, conflict: false },
    { what: 'other lengths of the other family', first: { localPref: 1 }, second: { aggregationLengthV6: 64 }, conflict: true },
    {
      what: 'other lengths of one of both families',
      addresses: ['10.0.0.0/24', '2001:db8::/64'],
      first: { localPref: 1 },
      second: { aggregationLength: 28 },
      conflict: true,
    },
    {
      what: 'other lengths of both families',
      addresses: ['10.0.0.0/24', '2001:db8::/64'],
      first: { localPref: 1 },
      second: { aggregationLength: 28, aggregationLengthV6: 96 },
      conflict: false,
    },
    { what: 'other peers', first: { localPref: 1, peers: ['a'] }, second: { peers: ['b'] }, conflict: false },
    { what: 'a common peer', first: { localPref: 1, peers: ['a', 'c'] }, second: { peers: ['b', 'c'] }, conflict: true },
    { what: 'all peers and one', first: { localPref: 1 }, second: { peers: ['b'] }, conflict: true },
    { what: 'no common node', first: { localPref: 1 }, second: { nodeSelectors: [{ matchLabels: { a: 'b' } }] }, conflict: false },
    { what: 'no common pool', first: { localPref: 1 }, second: { ipAddressPools: ['other'] }, conflict: false },
    { what: 'Service selectors', first: { localPref: 1, serviceSelectors: [{}] }, second: {}, conflict: false },
    { what: 'Service selectors of the second', first: { localPref: 1 }, second: { serviceSelectors: [{}] }, conflict: false },
  ])('two advertisements with $what conflict: $conflict', ({ addresses = ['10.0.0.0/24'], first, second, conflict }) => {
    const given = [pool('p', ...addresses), advertisement('a', first), advertisement('b', second)];
    expect([leftOut(given, 'a'), leftOut(given, 'b')]).toEqual([[], conflict ? ['p'] : []]);
  });

  test('takes no room from a third', () => {
    const given = [
      pool('p', '10.0.0.0/24'),
      advertisement('a', { localPref: 1, peers: ['x'] }),
      advertisement('b', { localPref: 2 }),
      advertisement('c', { localPref: 3, peers: ['y'] }),
    ];
    expect(['a', 'b', 'c'].map((name) => leftOut(given, name))).toEqual([[], ['p'], []]);
  });
});

describe('echo mode', () => {
  const given = [peer('a', { bfdProfile: 'echo' }), profile('echo', { echoMode: true, receiveInterval: 100 })];
  const six = [pool('six', '2001:db8::/64'), advertisement('all')];

  test('is taken from a peer that hears of IPv6, and nothing else is', () => {
    const { inUse, refused } = parse([...given, ...six]).peers;
    expect(refused.size).toBe(1);
    expect(inUse.get('a')?.bfd).toMatchObject({ echoMode: false, receiveIntervalMilliseconds: 100 });
  });

  test.each<{ what: string; more: readonly ConfigurationDraft[] }>([
    { what: 'IPv4 alone', more: [pool('four', '10.0.0.0/24'), advertisement('all')] },
    { what: 'no advertisement', more: [pool('six', '2001:db8::/64')] },
    { what: 'an advertisement to others', more: [pool('six', '2001:db8::/64'), advertisement('all', { peers: ['b'] })] },
    {
      what: 'an advertisement that is not used for the pool',
      more: [pool('six', '2001:db8::/64'), advertisement('all', { aggregationLengthV6: 48 })],
    },
  ])('stays with $what', ({ more }) => {
    const { inUse, refused } = parse([...given, ...more]).peers;
    expect([inUse.get('a')?.bfd?.echoMode, refused.size]).toEqual([true, 0]);
  });
});

describe('the objects of a node', () => {
  const elsewhere = { nodeSelectors: [{ matchLabels: { rack: 'b' } }] };
  const here = { nodeSelectors: [{ matchLabels: { rack: 'b' } }, { matchLabels: { rack: 'a' } }] };
  const unreadable = { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Near' }] }] };

  test('are those that select it, and those that nobody can read', () => {
    const given = [peer('all'), peer('elsewhere', elsewhere), peer('here', here), peer('unreadable', unreadable)];
    const objects = configurationOf([
      ...given,
      ...['all', 'elsewhere'].map((name) => advertisement(name, name === 'all' ? {} : elsewhere)),
    ]);
    const kept = objectsOfNode(objects, { rack: 'a' });
    expect(kept.peers.map(({ metadata }) => metadata.name)).toEqual(['all', 'here', 'unreadable']);
    expect(kept.bgpAdvertisements.map(({ metadata }) => metadata.name)).toEqual(['all']);
  });
});

test('whatever stands in a spec is refused or used, and never ends the process', () => {
  const spec = fc.oneof(
    fc.dictionary(
      fc.constantFrom(
        'myASN',
        'peerASN',
        'peerAddress',
        'nodeSelectors',
        'holdTime',
        'passwordSecret',
        'communities',
        'peers',
        'aggregationLength',
        'weightByEndpoints',
      ),
      fc.jsonValue(),
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(spec, (anything) => {
      const kinds = ['BGPPeer', 'BGPAdvertisement', 'BFDProfile', 'Community', 'L2Advertisement', 'IPAddressPool'] as const;
      const objects = configurationOf(kinds.map((kind) => ({ kind, name: 'a', spec: anything as object })));
      expect(faultsOf(objects).every(({ text }) => text !== '')).toBe(true);
      expect(objectsOfNode(objects, {}).bgpAdvertisements as readonly BGPAdvertisement[]).toBeDefined();
    }),
  );
});
