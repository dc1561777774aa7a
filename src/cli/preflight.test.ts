import { expect, test } from '@jest/globals';
import type { JsonObject } from '../lib/json.ts';
import { type Check, type PreflightView, preflight } from './preflight.ts';
import { checksReport } from './preflight-report.ts';
import { PLAIN } from './report.ts';

const pool = (name: string, ...addresses: readonly string[]): JsonObject => ({ metadata: { name }, spec: { addresses } });
const node = (name: string, ...addresses: readonly string[]): JsonObject => ({
  metadata: { name },
  status: { addresses: addresses.map((address) => ({ address })) },
});
const pod = (name: string, image: string): JsonObject => ({ metadata: { name }, spec: { containers: [{ image }] } });
const proxy = (text: string): JsonObject => ({ data: { 'config.conf': text } });

const WELL: PreflightView = {
  version: 'v1.36.0',
  missingKinds: [],
  pools: [pool('a', '192.0.2.0/28', '2001:db8::/120')],
  nodes: [node('node-1', '192.0.2.100', 'node-1', '2001:db8:1::1')],
  pods: [pod('controller-x', 'registry.example/typemetal:1')],
  kubeProxy: proxy('mode: ""\n'),
  missingRights: [],
  faults: [],
};

test('a cluster that is well: each look is told, and the exit code is 0', () => {
  const report = checksReport(preflight(WELL));
  expect(report.exitCode).toBe(0);
  expect(report.text(PLAIN)).toBe(`✓ API server: v1.36.0 is supported
✓ kinds: all kinds of metallb.io are defined
✓ rights: the service accounts have what they need
✓ kube-proxy: its mode is iptables
✓ pools: the pool is good, and no two hold one address
✓ addresses: no pool holds the address of a node
✓ controllers: no controller of MetalLB's runs in the namespace
`);
});

const RIGHT = { process: 'speaker', verb: 'watch', group: 'metallb.io', resource: 'bgppeers', namespaced: true } as const;

test.each<{ what: string; changes: Partial<PreflightView>; found: Pick<Check, 'name' | 'result'>; says: RegExp }>([
  {
    what: 'an old server',
    changes: { version: 'v1.24.17+k3s1' },
    found: { name: 'API server', result: 'bad' },
    says: /^the API server is too old: it is v1\.24\.17\+k3s1, and 1\.25 or later is needed/,
  },
  {
    what: 'the oldest that is supported',
    changes: { version: 'v1.25.0' },
    found: { name: 'API server', result: 'good' },
    says: /supported/,
  },
  { what: 'an odd version', changes: { version: '' }, found: { name: 'API server', result: 'unknown' }, says: /version "" is none/ },
  {
    what: 'missing kinds',
    changes: { missingKinds: ['bgppeers.metallb.io'] },
    found: { name: 'kinds', result: 'bad' },
    says: /^not defined: bgppeers\.metallb\.io$/,
  },
  {
    what: 'a missing right',
    changes: { missingRights: [RIGHT] },
    found: { name: 'rights', result: 'bad' },
    says: /^the speaker may not watch bgppeers of metallb\.io$/,
  },
  {
    what: 'rights that nobody tells',
    changes: { missingRights: undefined },
    found: { name: 'rights', result: 'unknown' },
    says: /^you may not ask/,
  },
  { what: 'nftables', changes: { kubeProxy: proxy('mode: nftables') }, found: { name: 'kube-proxy', result: 'good' }, says: /nftables$/ },
  {
    what: 'IPVS',
    changes: { kubeProxy: proxy('mode: ipvs\nipvs: {strictARP: false}') },
    found: { name: 'kube-proxy', result: 'bad' },
    says: /^its mode is ipvs without strictARP/,
  },
  {
    what: 'IPVS with strictARP',
    changes: { kubeProxy: proxy('mode: ipvs\nipvs: {strictARP: true}') },
    found: { name: 'kube-proxy', result: 'good' },
    says: /with strictARP$/,
  },
  {
    what: 'no ConfigMap',
    changes: { kubeProxy: undefined },
    found: { name: 'kube-proxy', result: 'unknown' },
    says: /^there is no ConfigMap/,
  },
  { what: 'no pool', changes: { pools: [] }, found: { name: 'pools', result: 'doubtful' }, says: /^there is no IPAddressPool$/ },
  {
    what: 'pools that overlap',
    changes: { pools: [...WELL.pools, pool('b', '192.0.2.8-192.0.2.9')] },
    found: { name: 'pools', result: 'bad' },
    says: /^IPAddressPool b: CIDR "192\.0\.2\.8\/31" in pool "b" overlaps/,
  },
  {
    what: 'a node in a pool',
    changes: { nodes: [node('node-1', '192.0.2.7'), node('node-2', '2001:db8::7')] },
    found: { name: 'addresses', result: 'bad' },
    says: /^192\.0\.2\.7 of node node-1 is in IPAddressPool a; 2001:db8::7 of node node-2 is in IPAddressPool a$/,
  },
  {
    what: "MetalLB's controller",
    changes: { pods: [pod('controller-y', 'quay.example/metallb/controller:v0.16.0')] },
    found: { name: 'controllers', result: 'bad' },
    says: /runs in controller-y: two controllers/,
  },
  {
    what: 'what may not be seen',
    changes: { faults: ['you may not list nodes'] },
    found: { name: 'access', result: 'unknown' },
    says: /^you may not list nodes$/,
  },
])('$what', ({ changes, found, says }) => {
  const checks = preflight({ ...WELL, ...changes });
  expect(checks.filter(({ text }) => says.test(text))).toEqual([expect.objectContaining(found)]);
  const report = checksReport(checks);
  expect(report).toMatchObject({ exitCode: found.result === 'bad' ? 1 : 0, json: { checks } });
  if (found.result === 'bad') expect(report.text(PLAIN)).toMatch(new RegExp(`^✗ ${found.name}: .+\n {2}→ .+$`, 'm'));
});
