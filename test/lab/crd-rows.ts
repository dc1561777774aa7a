/** What the server must say to objects of the kinds of config/crd, as rows. */

/** A kind and how `kubectl get` shows it; `wide` is what `-o wide` adds behind the columns. */
interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly versions?: readonly string[];
  readonly columns: string;
  readonly wide?: string;
  /** Its first object, a sample or one of {@link STATUSES}, as far as it does not tell its age; empty cells left out. */
  readonly row: string;
}

export const KINDS: readonly Kind[] = [
  {
    kind: 'IPAddressPool',
    plural: 'ipaddresspools',
    columns: 'NAME, AUTO ASSIGN, AVOID BUGGY IPS, ADDRESSES',
    wide: ', ASSIGNED IPV4, AVAILABLE IPV4, ASSIGNED IPV6, AVAILABLE IPV6',
    row: 'internal, true, false, ["192.0.2.128/27"]',
  },
  {
    kind: 'L2Advertisement',
    plural: 'l2advertisements',
    columns: 'NAME, IPADDRESSPOOLS, IPADDRESSPOOL SELECTORS, INTERFACES',
    wide: ', NODE SELECTORS',
    row: 'internal, ["internal"], ["eth0","eth1"], [{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"DoesNotExist"}]}]',
  },
  {
    kind: 'BGPAdvertisement',
    plural: 'bgpadvertisements',
    columns: 'NAME, IPADDRESSPOOLS, IPADDRESSPOOL SELECTORS, PEERS',
    wide: ', NODE SELECTORS',
    row: 'public, [{"matchLabels":{"reach":"public"}}], ["rack-router"]',
  },
  {
    kind: 'BGPPeer',
    plural: 'bgppeers',
    versions: ['v1beta1', 'v1beta2'],
    columns: 'NAME, ADDRESS, ASN, BFD PROFILE, MULTI HOPS',
    row: 'rack-router, 192.0.2.1, 64513, fast',
  },
  {
    kind: 'BFDProfile',
    plural: 'bfdprofiles',
    columns: 'NAME, PASSIVE MODE, TRANSMIT INTERVAL, RECEIVE INTERVAL, MULTIPLIER',
    row: 'fast, 100, 100, 3',
  },
  { kind: 'Community', plural: 'communities', columns: 'NAME, AGE', row: 'well-known' },
  {
    kind: 'ServiceL2Status',
    plural: 'servicel2statuses',
    columns: 'NAME, ALLOCATED NODE, SERVICE NAME, SERVICE NAMESPACE',
    row: 'stored, node-1, web, shop',
  },
  {
    kind: 'ServiceBGPStatus',
    plural: 'servicebgpstatuses',
    columns: 'NAME, NODE, SERVICE NAME, SERVICE NAMESPACE',
    row: 'stored, node-1, web, shop',
  },
  {
    kind: 'ConfigurationState',
    plural: 'configurationstates',
    columns: 'NAME, RESULT, ERRORSUMMARY, AGE',
    row: 'stored, Invalid, missing pool name',
  },
];

/** An object in the words of a row: the version is v1beta1, but that of BGPPeer v1beta2, where none is given. */
export interface Draft {
  readonly kind: string;
  readonly version?: string;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** One object of each kind that only programs write. */
export const STATUSES: readonly Draft[] = [
  { kind: 'ServiceL2Status', status: { node: 'node-1', serviceName: 'web', serviceNamespace: 'shop', interfaces: [{ name: 'eth0' }] } },
  { kind: 'ServiceBGPStatus', status: { node: 'node-1', serviceName: 'web', serviceNamespace: 'shop', peers: ['rack-router'] } },
  { kind: 'ConfigurationState', status: { result: 'Invalid', errorSummary: 'missing pool name' } },
];

const POOL = { addresses: ['192.0.2.0/24'] };
/** The least that a peer of either version has. */
export const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };
const NOT_TOGETHER =
  'serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default aggregationLength (32) and aggregationLengthV6 (128)';
/** A condition that is as it must be. */
export const CONDITION = { type: 'Ready', status: 'True', reason: 'Fine', message: '', lastTransitionTime: '2026-01-02T03:04:05Z' };
const COUNTERS = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 4294967296, availableIPv6: 4503599627370496 };

const pool = (spec: unknown): Draft => ({ kind: 'IPAddressPool', spec });
const poolStatus = (status: unknown): Draft => ({ kind: 'IPAddressPool', spec: POOL, status });
const l2 = (spec: unknown): Draft => ({ kind: 'L2Advertisement', spec });
const prefers = (preference: unknown): Draft => l2({ preferredNodeSelectors: [preference] });
const bgp = (spec: unknown): Draft => ({ kind: 'BGPAdvertisement', spec });
/** A peer with more than the least. */
export const peer = (spec: object): Draft => ({ kind: 'BGPPeer', spec: { ...PEER, ...spec } });
/** The same in the old version. */
export const oldPeer = (spec: object): Draft => ({ kind: 'BGPPeer', version: 'v1beta1', spec: { ...PEER, ...spec } });
const oldSelector = (expression: object): Draft => oldPeer({ nodeSelectors: [{ matchExpressions: [expression] }] });
const bfd = (spec: unknown): Draft => ({ kind: 'BFDProfile', spec });
const state = (status: unknown): Draft => ({ kind: 'ConfigurationState', status });

/** Every range of every number: the ends are taken, what lies beyond them is not. */
export const RANGES: readonly { field: string; least?: number; greatest?: number; draft: (value: number) => Draft }[] = [
  { field: 'weight', least: 1, greatest: 100, draft: (weight) => prefers({ weight, preference: {} }) },
  { field: 'aggregationLength', least: 1, draft: (aggregationLength) => bgp({ aggregationLength }) },
  { field: 'localPref', greatest: 2147483647, draft: (localPref) => bgp({ localPref }) },
  { field: 'aggregationLengthV6', least: -2147483648, greatest: 2147483647, draft: (aggregationLengthV6) => bgp({ aggregationLengthV6 }) },
  { field: 'myASN', least: 0, greatest: 4294967295, draft: (myASN) => peer({ myASN }) },
  { field: 'peerASN', least: 0, greatest: 4294967295, draft: (peerASN) => peer({ peerASN }) },
  { field: 'localASN', least: 1, greatest: 4294967295, draft: (localASN) => peer({ localASN }) },
  { field: 'peerPort', least: 1, greatest: 16384, draft: (peerPort) => peer({ peerPort }) },
  { field: 'v1beta1 myASN', least: 0, greatest: 4294967295, draft: (myASN) => oldPeer({ myASN }) },
  { field: 'v1beta1 peerASN', least: 0, greatest: 4294967295, draft: (peerASN) => oldPeer({ peerASN }) },
  { field: 'v1beta1 peerPort', least: 0, greatest: 16384, draft: (peerPort) => oldPeer({ peerPort }) },
  { field: 'receiveInterval', least: 10, greatest: 60000, draft: (receiveInterval) => bfd({ receiveInterval }) },
  { field: 'transmitInterval', least: 10, greatest: 60000, draft: (transmitInterval) => bfd({ transmitInterval }) },
  { field: 'detectMultiplier', least: 2, greatest: 255, draft: (detectMultiplier) => bfd({ detectMultiplier }) },
  { field: 'echoInterval', least: 10, greatest: 60000, draft: (echoInterval) => bfd({ echoInterval }) },
  { field: 'minimumTtl', least: 1, greatest: 254, draft: (minimumTtl) => bfd({ minimumTtl }) },
];

/** What an object may be, though it may look odd: the rest is for the controller to judge. */
export const TAKEN: readonly { name: string; draft: Draft }[] = [
  { name: 'a pool without any address', draft: pool({ addresses: [] }) },
  { name: 'a negative priority', draft: pool({ ...POOL, serviceAllocation: { priority: -1 } }) },
  { name: 'an empty allocation', draft: pool({ ...POOL, serviceAllocation: {} }) },
  { name: 'an advertisement without a spec, on the segment', draft: l2(undefined) },
  { name: 'an advertisement without a spec, by BGP', draft: bgp(undefined) },
  { name: 'an IPv6 aggregation length of 0', draft: bgp({ aggregationLengthV6: 0 }) },
  { name: 'service selectors with the lengths as they are', draft: bgp({ serviceSelectors: [{}] }) },
  {
    name: 'service selectors with the lengths said',
    draft: bgp({ serviceSelectors: [{}], aggregationLength: 32, aggregationLengthV6: 128 }),
  },
  { name: 'no service selector and another length', draft: bgp({ serviceSelectors: [], aggregationLength: 24, aggregationLengthV6: 64 }) },
  { name: 'a peer without a spec', draft: { kind: 'BGPPeer' } },
  { name: 'a peer without an address', draft: { kind: 'BGPPeer', spec: { myASN: 1, dynamicASN: 'internal', interface: 'eth0' } } },
  { name: 'an external peer', draft: { kind: 'BGPPeer', spec: { myASN: 1, dynamicASN: 'external' } } },
  { name: 'a connect time of a second', draft: peer({ connectTime: '1s' }) },
  { name: 'a connect time of the most seconds', draft: peer({ connectTime: '18h12m15s' }) },
  { name: 'a profile without a spec', draft: bfd(undefined) },
  { name: 'a community without a value', draft: { kind: 'Community', spec: { communities: [{ name: 'a' }] } } },
  { name: 'a status of a pool', draft: poolStatus({ ...COUNTERS, observedGeneration: 1, conditions: [CONDITION] }) },
  { name: 'no result yet', draft: state({ result: 'Unknown' }) },
  { name: 'a good result', draft: state({ result: 'Valid', errorSummary: '', conditions: [CONDITION] }) },
  { name: 'a bad result', draft: state({ result: 'Invalid', errorSummary: 'a\nb' }) },
  { name: 'a condition of a domain', draft: state({ conditions: [{ ...CONDITION, type: 'metallb.io/In-Use' }] }) },
];

/** What is wrong by itself, and what the server says to it. */
export const REFUSED: readonly { name: string; draft: Draft; says: string }[] = [
  { name: 'a pool without a spec', draft: pool(undefined), says: 'spec: Required value' },
  { name: 'a pool without addresses', draft: pool({}), says: 'spec.addresses: Required value' },
  {
    name: 'a priority that is no number',
    draft: pool({ ...POOL, serviceAllocation: { priority: 'high' } }),
    says: 'spec.serviceAllocation.priority',
  },
  {
    name: 'a status of a pool without a counter',
    draft: poolStatus({ ...COUNTERS, assignedIPv6: undefined }),
    says: 'status.assignedIPv6: Required value',
  },
  { name: 'a preference without a weight', draft: prefers({ preference: {} }), says: 'weight: Required value' },
  { name: 'a weight without a preference', draft: prefers({ weight: 1 }), says: 'preference: Required value' },
  {
    name: 'a selector without a key',
    draft: l2({ nodeSelectors: [{ matchExpressions: [{ operator: 'In' }] }] }),
    says: 'key: Required value',
  },
  {
    name: 'a selector without an operator',
    draft: bgp({ nodeSelectors: [{ matchExpressions: [{ key: 'a' }] }] }),
    says: 'operator: Required value',
  },
  { name: 'service selectors with another length', draft: bgp({ serviceSelectors: [{}], aggregationLength: 24 }), says: NOT_TOGETHER },
  {
    name: 'service selectors with another IPv6 length',
    draft: bgp({ serviceSelectors: [{}], aggregationLengthV6: 64 }),
    says: NOT_TOGETHER,
  },
  { name: 'a peer without an own AS', draft: { kind: 'BGPPeer', spec: {} }, says: 'spec.myASN: Required value' },
  {
    name: 'a dynamic AS of another word',
    draft: peer({ dynamicASN: 'auto' }),
    says: 'Unsupported value: "auto": supported values: "internal", "external"',
  },
  { name: 'a connect time too short', draft: peer({ connectTime: '0s' }), says: 'connect time should be between 1 seconds to 65535' },
  { name: 'a connect time too long', draft: peer({ connectTime: '65536s' }), says: 'connect time should be between 1 seconds to 65535' },
  {
    name: 'a connect time with a fraction',
    draft: peer({ connectTime: '1500ms' }),
    says: 'connect time should contain a whole number of seconds',
  },
  { name: 'a connect time that is no time', draft: peer({ connectTime: 'soon' }), says: 'spec.connectTime' },
  { name: 'an old peer without an own AS', draft: oldPeer({ myASN: undefined }), says: 'spec.myASN: Required value' },
  { name: 'an old peer without its AS', draft: oldPeer({ peerASN: undefined }), says: 'spec.peerASN: Required value' },
  { name: 'an old peer without an address', draft: oldPeer({ peerAddress: undefined }), says: 'spec.peerAddress: Required value' },
  { name: 'an old selector without a key', draft: oldSelector({ operator: 'In', values: ['a'] }), says: 'key: Required value' },
  { name: 'an old selector without an operator', draft: oldSelector({ key: 'a', values: ['a'] }), says: 'operator: Required value' },
  { name: 'an old selector without values', draft: oldSelector({ key: 'a', operator: 'Exists' }), says: 'values: Required value' },
  {
    name: 'an old selector with no value',
    draft: oldSelector({ key: 'a', operator: 'In', values: [] }),
    says: 'should have at least 1 items',
  },
  { name: 'a result of another word', draft: state({ result: 'Fine' }), says: 'supported values: "Valid", "Invalid", "Unknown"' },
  { name: 'two conditions of a type', draft: state({ conditions: [CONDITION, CONDITION] }), says: 'Duplicate value' },
  ...['lastTransitionTime', 'message', 'reason', 'status', 'type'].map((field) => ({
    name: `a condition without a ${field}`,
    draft: state({ conditions: [{ ...CONDITION, [field]: undefined }] }),
    says: `${field}: Required value`,
  })),
  {
    name: 'a condition of another status',
    draft: state({ conditions: [{ ...CONDITION, status: 'Maybe' }] }),
    says: 'Unsupported value: "Maybe"',
  },
  { name: 'a condition with a reason in words', draft: state({ conditions: [{ ...CONDITION, reason: 'in words' }] }), says: 'reason' },
  {
    name: 'a condition since a word',
    draft: state({ conditions: [{ ...CONDITION, lastTransitionTime: 'now' }] }),
    says: 'lastTransitionTime',
  },
];

/** What the server adds to a spec. */
export const DEFAULTS: readonly { name: string; draft: Draft; becomes: object }[] = [
  { name: 'a pool', draft: pool(POOL), becomes: { ...POOL, autoAssign: true, avoidBuggyIPs: false } },
  { name: 'an advertisement on the segment, none', draft: l2({}), becomes: {} },
  { name: 'an advertisement by BGP', draft: bgp({}), becomes: { aggregationLength: 32, aggregationLengthV6: 128 } },
  { name: 'a peer', draft: peer({}), becomes: { ...PEER, peerPort: 179, disableMP: false, dualStackAddressFamily: false } },
  // The stored version adds its defaults first; the old version then shows what it knows of them.
  { name: 'a peer of the old version', draft: oldPeer({}), becomes: { ...PEER, peerPort: 179 } },
  { name: 'a BFD profile, none', draft: bfd({}), becomes: {} },
];
