/** What may be wrong with the configuration, and what is said of it: for the unit tests, and through a real API server. */

/** An object of the configuration, or a Secret that one names. */
export interface ConfigurationDraft {
  readonly kind: 'IPAddressPool' | 'L2Advertisement' | 'BGPAdvertisement' | 'BGPPeer' | 'BFDProfile' | 'Community' | 'Secret';
  readonly name: string;
  readonly spec?: object;
  /** Fields beside the metadata, of a Secret. */
  readonly fields?: object;
}

/** A fault of the last object given; names rise, so that it is the younger one also at equal age. */
export interface ConfigurationRow {
  readonly fault: string;
  readonly given: readonly ConfigurationDraft[];
  readonly says: string;
  /** Whether a later object may mend it. */
  readonly transient?: boolean;
  /** Who is at fault, where that is not the last one given. */
  readonly at?: string;
  /** The server's own words, where it does not let the object in. */
  readonly server?: string;
}

const NAME = 'subject';
const draft =
  (kind: ConfigurationDraft['kind']) =>
  (spec: object, name: string = NAME): ConfigurationDraft => ({ kind, name, spec });
const pool = draft('IPAddressPool');
const l2 = draft('L2Advertisement');
const advertisement = draft('BGPAdvertisement');
const profile = draft('BFDProfile');
const community = draft('Community');
const rawPeer = draft('BGPPeer');
const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };
const peer = (spec: object, name: string = NAME): ConfigurationDraft => rawPeer({ ...PEER, ...spec }, name);
const secret = (type: string, stringData: object): ConfigurationDraft => ({ kind: 'Secret', name: 'key', fields: { type, stringData } });
const row = (fault: string, given: ConfigurationDraft | readonly ConfigurationDraft[], says: string): ConfigurationRow => ({
  fault,
  given: 'kind' in given ? [given] : given,
  says,
});
/** What the definition of the kind refuses already. */
const stopped = (fault: string, given: ConfigurationDraft, says: string, server: string): ConfigurationRow => ({
  ...row(fault, given, says),
  server,
});
const transient = (fault: string, given: ConfigurationDraft | readonly ConfigurationDraft[], says: string): ConfigurationRow => ({
  ...row(fault, given, says),
  transient: true,
});

const TWICE = [{ matchLabels: { a: 'b' } }, { matchLabels: { a: 'b' } }];
const NO_OPERATOR = [{ matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] }];
const GOOD = { addresses: ['198.18.0.0/28'] };

const ofPool = (text: string, fault: string): string => `parsing address pool ${NAME}: invalid CIDR "${text}" in pool "${NAME}": ${fault}`;
const badEntry = (text: string, fault: string): ConfigurationRow =>
  row(`the entry ${text}`, pool({ addresses: [text] }), ofPool(text, fault));
const allocation = (fault: string, serviceAllocation: object, says: string): ConfigurationRow =>
  row(fault, pool({ ...GOOD, serviceAllocation }), `parsing address pool ${NAME}: ${says}`);

/** One pool, or two. */
const POOLS: readonly ConfigurationRow[] = [
  row('a pool without addresses', pool({ addresses: [] }), `parsing address pool ${NAME}: pool has no prefixes defined`),
  badEntry('rubbish/24', 'invalid CIDR "rubbish/24": "rubbish" is not an IP address'),
  badEntry('198.18.0.1', 'invalid CIDR "198.18.0.1": no prefix length given'),
  badEntry('198.18.0.x-198.18.0.9', 'invalid IP range "198.18.0.x-198.18.0.9": invalid start IP "198.18.0.x"'),
  badEntry('198.18.0.1-nowhere', 'invalid IP range "198.18.0.1-nowhere": invalid end IP "nowhere"'),
  badEntry('198.18.0.9-198.18.0.1', 'invalid IP range "198.18.0.9-198.18.0.1": start IP "198.18.0.9" is after the end IP "198.18.0.1"'),
  badEntry(
    '198.18.0.1-2001:db8::1',
    'invalid IP range "198.18.0.1-2001:db8::1": start IP "198.18.0.1" and end IP "2001:db8::1" are of different families',
  ),
  allocation('a namespace twice', { namespaces: ['a', 'a'] }, 'duplicate definition in namespaces field'),
  allocation(
    'a namespace selector that does not convert',
    { namespaceSelectors: NO_OPERATOR },
    `invalid namespace label selector "a Near (b)" in ip pool ${NAME}: "Near" is not a valid label selector operator`,
  ),
  allocation(
    'a service selector that does not convert',
    { serviceSelectors: NO_OPERATOR },
    `invalid service label selector "a Near (b)" in ip pool ${NAME}: "Near" is not a valid label selector operator`,
  ),
  allocation('a namespace selector twice', { namespaceSelectors: TWICE }, 'duplicate definition of namespaceSelectors "a=b"'),
  allocation('a service selector twice', { serviceSelectors: TWICE }, 'duplicate definition of serviceSelectors "a=b"'),
  row(
    'two pools that overlap',
    [pool(GOOD, 'older'), pool({ addresses: ['198.18.0.8/30'] })],
    `CIDR "198.18.0.8/30" in pool "${NAME}" overlaps with already defined CIDR "198.18.0.0/28"`,
  ),
  row(
    'a pool that overlaps itself',
    pool({ addresses: ['198.18.0.0/28', '198.18.0.8/30'] }),
    `CIDR "198.18.0.8/30" in pool "${NAME}" overlaps with already defined CIDR "198.18.0.0/28"`,
  ),
];

const VALUE_TWICE = [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'b'] }] }];
const EXPRESSION_TWICE = [
  {
    matchExpressions: [
      { key: 'a', operator: 'Exists' },
      { key: 'a', operator: 'Exists' },
    ],
  },
];

const hygiene = (kind: string, make: (spec: object) => ConfigurationDraft): readonly ConfigurationRow[] => [
  row(`${kind} with a pool twice`, make({ ipAddressPools: ['a', 'a'] }), 'duplicate definition of ipAddressPools "a"'),
  ...['ipAddressPoolSelectors', 'nodeSelectors', 'serviceSelectors'].flatMap((field) => [
    row(`${kind} with one of its ${field} twice`, make({ [field]: TWICE }), `duplicate definition of ${field} "a=b"`),
    row(
      `${kind} with ${field} that do not convert`,
      make({ [field]: NO_OPERATOR }),
      'invalid label selector "a Near (b)": "Near" is not a valid label selector operator',
    ),
  ]),
  row(
    `${kind} with a value twice`,
    make({ nodeSelectors: VALUE_TWICE }),
    'duplicate definition of match expression value in label selector "b"',
  ),
  row(`${kind} with an expression twice`, make({ nodeSelectors: EXPRESSION_TWICE }), 'duplicate definition of match expressions "a"'),
];

const ADVERTISEMENTS: readonly ConfigurationRow[] = [
  ...hygiene('an L2Advertisement', l2),
  ...hygiene('a BGPAdvertisement', advertisement),
  row(
    'a preferred selector that does not convert',
    l2({ preferredNodeSelectors: [{ weight: 1, preference: NO_OPERATOR[0] }] }),
    `failed to parse preferred node selectors for ${NAME}: "Near" is not a valid label selector operator`,
  ),
  row('a community twice', advertisement({ communities: ['1:2', '1:2'] }), 'duplicate definition of community "1:2"'),
  row('a peer twice', advertisement({ peers: ['a', 'a'] }), 'duplicate definition of peers "a"'),
  transient(
    'a community that nobody has named',
    advertisement({ communities: ['unheard-of'] }),
    'invalid community format: unheard-of\ninvalid community "unheard-of" in BGP advertisement',
  ),
  row(
    'a community with a section that is too large',
    advertisement({ communities: ['70000:1'] }),
    'invalid community value: invalid section "70000" of community "70000:1", err: value out of range\ninvalid community "70000:1" in BGP advertisement',
  ),
  row('an IPv4 route that is too long', advertisement({ aggregationLength: 33 }), 'invalid aggregation length 33 for IPv4'),
  row('an IPv6 route that is too long', advertisement({ aggregationLengthV6: 129 }), 'invalid aggregation length 129 for IPv6'),
  row('the route to all of IPv6', advertisement({ aggregationLengthV6: 0 }), 'invalid aggregation length 0 for IPv6'),
  stopped(
    'service selectors and a length',
    advertisement({ serviceSelectors: [{}], aggregationLength: 24 }),
    `serviceSelectors and aggregationLength are mutually exclusive, both cannot be set in ${NAME}`,
    'serviceSelectors and aggregationLength are mutually exclusive',
  ),
  stopped(
    'service selectors and an IPv6 length',
    advertisement({ serviceSelectors: [{}], aggregationLengthV6: 64 }),
    `serviceSelectors and aggregationLengthV6 are mutually exclusive, both cannot be set in ${NAME}`,
    'serviceSelectors and aggregationLength are mutually exclusive',
  ),
  row(
    'a route that is wider than the pool',
    [pool({ addresses: ['198.18.0.0/28'] }, 'small'), advertisement({ ipAddressPools: ['small'], aggregationLength: 26 })],
    'invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 198.18.0.0/28',
  ),
  row(
    'an IPv6 route that is wider than the pool',
    [pool({ addresses: ['2001:db8:1::/64'] }, 'six'), advertisement({ ipAddressPools: ['six'], aggregationLengthV6: 48 })],
    'invalid aggregation length 48: prefix 64 in this pool is more specific than the aggregation length for addresses 2001:db8:1::/64',
  ),
  row(
    'another local preference for the same routes',
    [
      pool(GOOD, 'both'),
      advertisement({ ipAddressPools: ['both'], localPref: 100 }, 'first'),
      advertisement({ ipAddressPools: ['both'], localPref: 200 }),
    ],
    'invalid local preference 200: local preferernce 100 was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths',
  ),
];

const names = (...communities: readonly object[]): ConfigurationDraft => community({ communities });

const COMMUNITIES: readonly ConfigurationRow[] = [
  row(
    'a community with a section that is no number',
    names({ name: 'n', value: 'x:1' }),
    'parsing community "n": invalid community value: invalid section "x" of community "x:1", err: invalid syntax',
  ),
  row(
    'a large community with a section that is too large',
    names({ name: 'n', value: 'large:1:2:4294967296' }),
    'parsing community "n": invalid community value: invalid section "4294967296" of community "large:1:2:4294967296", err: value out of range',
  ),
  row(
    'a large community with another marker',
    names({ name: 'n', value: 'huge:1:2:3' }),
    'parsing community "n": invalid community value: invalid marker for large community, expected community to be of format large:<uint32>:<uint32>:<uint32> but got "huge:1:2:3" instead',
  ),
  row('a community of three parts', names({ name: 'n', value: '1:2:3' }), 'parsing community "n": invalid community format: 1:2:3'),
  row('a name without a value', names({ name: 'n' }), 'parsing community "n": invalid community format: '),
  row('a name twice', names({ name: 'n', value: '1:2' }, { name: 'n', value: '1:3' }), 'duplicate definition of community "n"'),
  row(
    'a name of another object',
    [community({ communities: [{ name: 'n', value: '1:2' }] }, 'older'), names({ name: 'n', value: '1:2' })],
    'duplicate definition of community "n"',
  ),
];

const interval = (what: string, field: string, value: number, range: string): ConfigurationRow =>
  stopped(
    `a ${what} of ${value}`,
    profile({ [field]: value }),
    `parsing bfd profile "${NAME}": invalid value ${value}, must be in ${range} range\ninvalid ${what} value`,
    `spec.${field}`,
  );

const PROFILES: readonly ConfigurationRow[] = [
  interval('detect multiplier', 'detectMultiplier', 1, '2-255'),
  interval('receive interval', 'receiveInterval', 9, '10-60000'),
  interval('transmit interval', 'transmitInterval', 60001, '10-60000'),
  interval('minimum ttl', 'minimumTtl', 255, '1-254'),
  interval('echo interval', 'echoInterval', 9, '10-60000'),
];

const badPeer = (fault: string, spec: object, says: string): ConfigurationRow => row(fault, peer(spec), `parsing peer ${NAME} ${says}`);
const withSecret = { passwordSecret: { name: 'key' } };
const QUOTED = `"metallb-system"/"${NAME}"`;
const AND_PASSWORD = `\nfailed to parse peer ${NAME} password secret`;

const PEERS: readonly ConfigurationRow[] = [
  row('a peer without a spec', { kind: 'BGPPeer', name: NAME }, `parsing peer ${NAME} missing local ASN`),
  badPeer('no AS number of its own', { myASN: 0 }, 'missing local ASN'),
  row('no AS number of the peer', rawPeer({ myASN: 1, peerAddress: '192.0.2.1' }), `parsing peer ${NAME} missing peer ASN and dynamicASN`),
  badPeer('two kinds of AS number', { dynamicASN: 'internal' }, 'both peer ASN and dynamicASN specified'),
  stopped(
    'a dynamic AS of another word',
    rawPeer({ myASN: 1, peerAddress: '192.0.2.1', dynamicASN: 'auto' }),
    `parsing peer ${NAME} invalid dynamicASN auto`,
    'Unsupported value: "auto"',
  ),
  badPeer('several hops within an AS', { peerASN: 64512, ebgpMultiHop: true }, 'invalid ebgp-multihop parameter set for an ibgp peer'),
  row('nowhere', rawPeer({ myASN: 1, peerASN: 2 }), `parsing peer ${NAME} peer has no Address or Interface specified`),
  badPeer('two places', { interface: 'eth0' }, 'peer has both Address and Interface specified'),
  badPeer('a short hold time', { holdTime: '2s' }, 'invalid BGPPeer timers: invalid hold time "2s": must be 0 or >=3s'),
  badPeer(
    'a short keepalive time alone',
    { keepaliveTime: '500ms' },
    'invalid BGPPeer timers: invalid hold time "1.5s": must be 0 or >=3s',
  ),
  badPeer('a long hold time', { holdTime: '65536s' }, 'invalid BGPPeer timers: invalid hold time "65536s": must be at most 65535s'),
  badPeer(
    'a keepalive time longer than the hold time',
    { holdTime: '9s', keepaliveTime: '10s' },
    'invalid BGPPeer timers: invalid keepaliveTime "10s", must be lower than holdTime "9s"',
  ),
  badPeer('a hold time in words', { holdTime: 'long' }, 'invalid BGPPeer timers: invalid hold time "long": not a duration such as 90s'),
  badPeer(
    'a negative keepalive time',
    { holdTime: '9s', keepaliveTime: '-1s' },
    'invalid BGPPeer timers: invalid keepaliveTime "-1s": must not be negative',
  ),
  stopped(
    'a connect time too long',
    peer({ connectTime: '65536s' }),
    `parsing peer ${NAME} connect time should be between 1 seconds to 65535`,
    'connect time should be between 1 seconds to 65535',
  ),
  stopped(
    'a connect time with a fraction',
    peer({ connectTime: '1500ms' }),
    `parsing peer ${NAME} connect time should contain a whole number of seconds`,
    'connect time should contain a whole number of seconds',
  ),
  badPeer('what is no address', { peerAddress: 'router' }, 'invalid BGPPeer address "router"'),
  badPeer('what is no router id', { routerID: 'one' }, 'invalid router ID "one"'),
  badPeer('an IPv6 router id', { routerID: '2001:db8::1' }, 'invalid router ID "2001:db8::1"'),
  badPeer('the router id 0', { routerID: '0.0.0.0' }, 'invalid router ID "0.0.0.0"'),
  badPeer('what is no source address', { sourceAddress: 'here' }, 'invalid source IP "here"'),
  badPeer('a node selector twice', { nodeSelectors: TWICE }, 'duplicate definition of nodeSelectors "a=b"'),
  badPeer(
    'a node selector that does not convert',
    { nodeSelectors: NO_OPERATOR },
    `invalid label selector "a Near (b)": "Near" is not a valid label selector operator\nfailed to convert peer ${NAME} node selector`,
  ),
  row(
    'an interface with a blank',
    rawPeer({ myASN: 1, peerASN: 2, interface: 'eth 0' }),
    `parsing peer ${NAME} interface for peer ${QUOTED} contains invalid characters`,
  ),
  badPeer('a VRF with a line end', { vrf: 'red\n' }, `VRF name for peer ${QUOTED} contains invalid characters`),
  badPeer(
    'a password and a Secret',
    { password: 'x', ...withSecret },
    `can not have both password and secret ref set in peer config ${QUOTED}`,
  ),
  badPeer('a password of 81 octets', { password: 'x'.repeat(81) }, `password for peer ${QUOTED} is longer than 80 octets`),
  transient(
    'a Secret that is not there',
    peer(withSecret),
    `parsing peer ${NAME} secret ref not found for peer config ${QUOTED}${AND_PASSWORD}`,
  ),
  transient(
    'a Secret of another type',
    [secret('Opaque', { password: 'x' }), peer(withSecret)],
    `parsing peer ${NAME} secret type mismatch on "metallb-system"/"key", type "kubernetes.io/basic-auth" is expected ${AND_PASSWORD}`,
  ),
  transient(
    'a Secret without the key',
    [secret('kubernetes.io/basic-auth', { username: 'x' }), peer(withSecret)],
    `parsing peer ${NAME} password not specified in the secret "metallb-system"/"key"${AND_PASSWORD}`,
  ),
  transient('a profile that is not there', peer({ bfdProfile: 'fast' }), `peer ${NAME} referencing non existing bfd profile fast`),
  row(
    'a session that another peer holds',
    [peer({}, 'older'), peer({ holdTime: '30s' })],
    `peer ${NAME} already exists: peer older selects the same node with the same address or interface, port, VRF and source address`,
  ),
  {
    ...row(
      'echo packets to a peer that IPv6 routes are announced to',
      [
        pool({ addresses: ['2001:db8:2::/64'] }, 'six'),
        profile({ echoMode: true }, 'echo'),
        peer({ bfdProfile: 'echo' }),
        advertisement({ ipAddressPools: ['six'] }, 'sixth'),
      ],
      `pool six has bgpadvertisement sixth which references peer ${NAME} which has bfd echo enabled, which is not possible`,
    ),
    at: NAME,
  },
];

/** All of them. */
export const CONFIGURATION_ROWS: readonly ConfigurationRow[] = [...POOLS, ...ADVERTISEMENTS, ...COMMUNITIES, ...PROFILES, ...PEERS];

/** Name and kind of the object at fault. */
export function subjectOf({ given, at }: ConfigurationRow): ConfigurationDraft {
  const subject = at === undefined ? given.at(-1) : given.find(({ name }) => name === at);
  if (subject === undefined) throw new Error('a row without an object at fault');
  return subject;
}
