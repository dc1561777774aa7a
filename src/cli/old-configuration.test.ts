import { expect, test } from '@jest/globals';
import { translate } from './old-configuration.ts';

const one = (list: string, fields: object): object => ({ [list]: [fields] });
const translated = (configuration: unknown): readonly string[] =>
  translate(configuration, 'ns').objects.map(({ kind, metadata, spec }) => `${kind} ${JSON.stringify(metadata)} ${JSON.stringify(spec)}`);
const object = (kind: string, name: string, spec: object): string => `${kind} {"name":"${name}","namespace":"ns"} ${JSON.stringify(spec)}`;

test.each<{ what: string; configuration: unknown; objects: readonly string[] }>([
  { what: 'nothing', configuration: {}, objects: [] },
  {
    what: 'a peer with all its fields',
    configuration: one('peers', {
      'my-asn': 64512,
      'peer-asn': 64513,
      'peer-address': '192.0.2.1',
      'source-address': '192.0.2.2',
      'peer-port': 1179,
      'hold-time': '120s',
      'keepalive-time': '40s',
      'router-id': '10.0.0.1',
      'ebgp-multihop': true,
      'bfd-profile': 'Fast',
      'node-selectors': [{ 'match-labels': { rack: 1 }, 'match-expressions': [{ key: 'a', operator: 'In', values: ['b', true] }] }],
    }),
    objects: [
      object('BGPPeer', 'peer1', {
        myASN: 64512,
        peerASN: 64513,
        peerAddress: '192.0.2.1',
        sourceAddress: '192.0.2.2',
        peerPort: 1179,
        holdTime: '120s',
        keepaliveTime: '40s',
        routerID: '10.0.0.1',
        ebgpMultiHop: true,
        bfdProfile: 'fast',
        nodeSelectors: [{ matchLabels: { rack: '1' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'true'] }] }],
      }),
    ],
  },
  {
    what: 'pools of layer 2, each with an advertisement',
    configuration: {
      'address-pools': [
        { name: 'a', protocol: 'layer2', addresses: ['192.0.2.0/24'], 'auto-assign': 'no', 'avoid-buggy-ips': true },
        { name: 'b', protocol: 'layer2', addresses: ['198.51.100.1-198.51.100.9'] },
      ],
    },
    objects: [
      object('IPAddressPool', 'a', { addresses: ['192.0.2.0/24'], autoAssign: false, avoidBuggyIPs: true }),
      object('IPAddressPool', 'b', { addresses: ['198.51.100.1-198.51.100.9'] }),
      object('L2Advertisement', 'l2advertisement1', { ipAddressPools: ['a'] }),
      object('L2Advertisement', 'l2advertisement2', { ipAddressPools: ['b'] }),
    ],
  },
  {
    what: 'a pool of BGP without an advertisement',
    configuration: one('address-pools', { name: 'a', protocol: 'bgp', addresses: ['192.0.2.0/24'] }),
    objects: [
      object('IPAddressPool', 'a', { addresses: ['192.0.2.0/24'] }),
      object('BGPAdvertisement', 'bgpadvertisement1', { ipAddressPools: ['a'] }),
    ],
  },
  {
    what: 'a pool of BGP with two',
    configuration: one('address-pools', {
      name: 'a',
      protocol: 'bgp',
      addresses: ['192.0.2.0/24'],
      'bgp-advertisements': [
        { 'aggregation-length': 32, 'aggregation-length-v6': 128, localpref: 100, communities: ['no-export', '65000:1'] },
        { 'aggregation-length': 24 },
      ],
    }),
    objects: [
      object('IPAddressPool', 'a', { addresses: ['192.0.2.0/24'] }),
      object('BGPAdvertisement', 'bgpadvertisement1', {
        ipAddressPools: ['a'],
        aggregationLength: 32,
        aggregationLengthV6: 128,
        localPref: 100,
        communities: ['no-export', '65000:1'],
      }),
      object('BGPAdvertisement', 'bgpadvertisement2', { ipAddressPools: ['a'], aggregationLength: 24 }),
    ],
  },
  {
    what: 'communities, by name',
    configuration: { 'bgp-communities': { 'no-export': '65535:65281', a: '1:2' } },
    objects: [
      object('Community', 'communities', {
        communities: [
          { name: 'a', value: '1:2' },
          { name: 'no-export', value: '65535:65281' },
        ],
      }),
    ],
  },
  {
    what: 'a BFD profile with all its fields',
    configuration: one('bfd-profiles', {
      name: 'Fast',
      'receive-interval': 100,
      'transmit-interval': 101,
      'detect-multiplier': 3,
      'echo-interval': 50,
      'echo-mode': true,
      'passive-mode': false,
      'minimum-ttl': 254,
    }),
    objects: [
      object('BFDProfile', 'fast', {
        receiveInterval: 100,
        transmitInterval: 101,
        detectMultiplier: 3,
        echoInterval: 50,
        echoMode: true,
        passiveMode: false,
        minimumTtl: 254,
      }),
    ],
  },
])('$what', ({ configuration, objects }) => {
  expect(translated(configuration)).toEqual(objects);
  expect(translate(configuration, 'ns').lost).toEqual([]);
});

test('a password goes into a Secret, which stands first, and nowhere else', () => {
  const { objects } = translate({ peers: [{ 'peer-address': '192.0.2.1' }, { password: 'hush' }] }, 'ns');
  expect(objects.map(({ kind }) => kind)).toEqual(['Secret', 'BGPPeer', 'BGPPeer']);
  expect(objects[0]).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'peer2-password', namespace: 'ns' },
    type: 'kubernetes.io/basic-auth',
    stringData: { password: 'hush' },
  });
  expect(objects[2]).toMatchObject({ metadata: { name: 'peer2' }, spec: { passwordSecret: { name: 'peer2-password' } } });
  expect(JSON.stringify(objects.slice(1))).not.toContain('hush');
});

test.each([
  { configuration: [], lost: [': is no object, and left out'] },
  { configuration: { 'address-pool': [] }, lost: ['address-pool: is no field that is known, and left out'] },
  {
    configuration: one('peers', { 'peer-autodiscovery': {} }),
    lost: ['peers[0].peer-autodiscovery: is no field that is known, and left out'],
  },
  {
    configuration: one('address-pools', { name: 'a', protocol: 'arp' }),
    lost: ['address-pools[0].protocol: "arp" is neither layer2 nor bgp: nobody will announce this pool'],
  },
  {
    configuration: one('address-pools', { name: 'a', protocol: 'layer2', 'bgp-advertisements': [{}] }),
    lost: ['address-pools[0].bgp-advertisements: is left out: the protocol is layer2'],
  },
  {
    configuration: one('address-pools', { name: '1_', protocol: 'bgp' }),
    lost: ['address-pools[0].name: "1_" has no letter: give the pool a name'],
  },
  { configuration: one('bfd-profiles', {}), lost: ['bfd-profiles[0].name: "" has no letter: give the profile a name'] },
])('$configuration loses what it says', ({ configuration, lost }) => {
  expect(translate(configuration, 'ns').lost).toEqual(lost);
});

test('a pool that is called otherwise is said, for Services name it', () => {
  const pools = [
    { name: 'My_Pool', protocol: 'bgp' },
    { name: 'my-pool', protocol: 'layer2' },
  ];
  const { objects, notes } = translate({ 'address-pools': pools }, 'ns');
  expect(objects.slice(0, 2).map(({ metadata }) => (metadata as { readonly name: string }).name)).toEqual(['my-pool', 'my-pool-2']);
  expect(notes).toEqual([
    'address pool "My_Pool" is now IPAddressPool my-pool: change the annotation of Services that name it',
    'address pool "my-pool" is now IPAddressPool my-pool-2: change the annotation of Services that name it',
  ]);
});
