import { expect, test } from '@jest/globals';
import { CONFIGURATION_ROWS, type ConfigurationDraft, subjectOf } from '../../test/support/configuration-rows.ts';
import type { JsonObject } from '../lib/json.ts';
import { type Finding, lint } from './lint.ts';
import type { Manifest } from './manifests.ts';

const NAMESPACE = 'metallb-system';

function written(objects: readonly JsonObject[]): readonly Manifest[] {
  return objects.map((object, index) => ({ file: 'f', line: index + 1, object }));
}

function objectOf({ kind, name, spec, fields }: ConfigurationDraft): JsonObject {
  const version = kind === 'BGPPeer' ? 'metallb.io/v1beta2' : 'metallb.io/v1beta1';
  return { apiVersion: kind === 'Secret' ? 'v1' : version, kind, metadata: { name }, ...(spec !== undefined && { spec }), ...fields };
}

const lines = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ line, level, object, text }) => `${line} ${level} ${object}: ${text}`);
const linted = (...objects: readonly JsonObject[]): readonly string[] => lines(lint(written(objects), NAMESPACE));

test.each(CONFIGURATION_ROWS)('$fault: in the words of the controller', (row) => {
  const subject = subjectOf(row);
  const findings = lint(written(row.given.map(objectOf)), NAMESPACE).filter(({ object }) => object === `${subject.kind} ${subject.name}`);
  const level = row.transient === true ? 'warning' : 'error';
  expect(findings).toContainEqual(expect.objectContaining({ level, text: row.says.replaceAll('\n', '; ') }));
});

const pool = (name: string, addresses: string, more: object = {}): JsonObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, ...more },
  spec: { addresses: [addresses] },
});
const GOOD = pool('good', '198.51.100.0/28');
const ALL = { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'all' } };
const of = (apiVersion: string, kind: string, more: object = {}): JsonObject => ({ apiVersion, kind, metadata: { name: 'x' }, ...more });

test.each<{ what: string; objects: readonly JsonObject[]; says: readonly string[] }>([
  { what: 'what is good', objects: [GOOD, ALL], says: [] },
  { what: 'kinds of others', objects: [of('apps/v1', 'Deployment'), of('v1', 'Secret')], says: [] },
  { what: 'what the processes write', objects: [of('metallb.io/v1beta1', 'ServiceL2Status')], says: [] },
  { what: 'no object', objects: [{ peers: [] }], says: ['1 error : is no object of Kubernetes: want apiVersion, kind and metadata'] },
  { what: 'no name', objects: [{ ...GOOD, metadata: null }], says: ['1 error IPAddressPool: has no metadata.name'] },
  {
    what: 'a bad name',
    objects: [pool('A', '198.51.100.0/28')],
    says: ['1 error IPAddressPool A: "A" is no name of an object: want lower case letters, digits, - and .'],
  },
  {
    what: 'another namespace',
    objects: [pool('a', '198.51.100.0/28', { namespace: 'other' }), ALL],
    says: [
      '1 error IPAddressPool a: lies in namespace other: resource must be created in metallb-system namespace (say --namespace=other if that is yours)',
    ],
  },
  {
    what: 'the kind of old',
    objects: [of('metallb.io/v1beta1', 'AddressPool')],
    says: ['1 error AddressPool x: the kind AddressPool is gone: write an IPAddressPool, and an L2Advertisement or a BGPAdvertisement'],
  },
  {
    what: 'no such kind',
    objects: [of('metallb.io/v1beta1', 'AdressPool')],
    says: [
      '1 error AdressPool x: there is no kind AdressPool in metallb.io: want IPAddressPool, L2Advertisement, BGPAdvertisement, BGPPeer, BFDProfile, Community',
    ],
  },
  {
    what: 'no such version',
    objects: [of('metallb.io/v1', 'IPAddressPool')],
    says: ['1 error IPAddressPool x: IPAddressPool has no version v1: write metallb.io/v1beta1'],
  },
  {
    what: 'a deprecated version',
    objects: [of('metallb.io/v1beta1', 'BGPPeer', { spec: { myASN: 64512, peerASN: 64512, peerAddress: '192.0.2.1' } })],
    says: ['1 warning BGPPeer x: v1beta1 is deprecated: write metallb.io/v1beta2'],
  },
  {
    what: 'the ConfigMap of old',
    objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { config: '' } }],
    says: [
      "1 warning ConfigMap config: is MetalLB's configuration of before 0.13, which nobody reads: see kubectl typemetal migrate configmap",
    ],
  },
  {
    what: 'one twice',
    objects: [GOOD, ALL, GOOD],
    says: ['3 error IPAddressPool good: stands here again after f:1: keep one, the API server would take the last'],
  },
  {
    what: 'two that overlap',
    objects: [pool('b', '198.51.100.8-198.51.100.9'), GOOD, ALL].reverse(),
    says: [
      '2 error IPAddressPool good: parsing address pool good: CIDR "198.51.100.0/28" in pool "good" overlaps with already defined CIDR "198.51.100.8/31"',
    ].map((text) => text.replace('parsing address pool good: ', '')),
  },
  {
    what: 'a pool that nobody announces',
    objects: [GOOD],
    says: [
      '1 warning IPAddressPool good: no L2Advertisement or BGPAdvertisement here selects it: Services would get its addresses, and nobody would announce them',
    ],
  },
  {
    what: 'names of what is not here',
    objects: [GOOD, ALL, of('metallb.io/v1beta1', 'BGPAdvertisement', { spec: { ipAddressPools: ['good', 'god'], peers: ['tor'] } })],
    says: [
      '3 warning BGPAdvertisement x: names IPAddressPool god, which is not here',
      '3 warning BGPAdvertisement x: names BGPPeer tor, which is not here',
    ],
  },
  {
    what: 'a Service that asks for what is no address',
    objects: [of('v1', 'Service', { spec: { type: 'LoadBalancer', loadBalancerIP: '10.0.0' } })],
    says: ['1 error Service x: invalid spec.loadBalancerIP "10.0.0"'],
  },
  { what: 'spec: null', objects: [GOOD, { ...ALL, spec: null }], says: [] },
])('$what', ({ objects, says }) => {
  expect(linted(...objects)).toEqual(says);
});

test('two peers of one address are fine where no node has both', () => {
  const peer = (name: string, rack: string): JsonObject => ({
    apiVersion: 'metallb.io/v1beta2',
    kind: 'BGPPeer',
    metadata: { name },
    spec: { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1', nodeSelectors: [{ matchLabels: { rack } }] },
  });
  expect(linted(peer('a', '1'), peer('b', '2'))).toEqual([]);
  expect(linted(peer('a', '1'), peer('b', '1'))).toEqual([expect.stringContaining('peer b already exists: peer a selects the same node')]);
});

test('a Secret that is written with stringData counts', () => {
  const peer = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1', passwordSecret: { name: 'key' } };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, type: 'kubernetes.io/basic-auth' };
  expect(linted(of('metallb.io/v1beta2', 'BGPPeer', { spec: peer }), { ...secret, stringData: { password: 'x' } })).toEqual([]);
});
