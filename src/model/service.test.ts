import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dualStack, facts, service } from '../../test/support/objects.ts';
import { formatAddress } from '../lib/ip.ts';
import { annotationOf, compareAge, deprecatedAnnotations, hasAnnotation, hasClass, ingressAddresses, serviceFacts } from './service.ts';

test('what the server gives is kept, and what nobody needs is not', () => {
  const annotations = {
    'metallb.io/address-pool': 'gold',
    'metallb.universe.tf/allow-shared-ip': 'k',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  };
  const source = service({
    annotations,
    labels: { app: 'web' },
    ips: ['192.0.2.1'],
    spec: {
      ...dualStack('PreferDualStack'),
      loadBalancerClass: 'example.com/lb',
      loadBalancerIP: '192.0.2.7',
      externalTrafficPolicy: 'Local',
      selector: { app: 'web' },
      ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }],
    },
  });
  expect(serviceFacts(source)).toEqual({
    key: 'default/web',
    namespace: 'default',
    name: 'web',
    uid: 'uid-default-web',
    resourceVersion: '',
    generation: 0,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web' },
    annotations: { 'metallb.io/address-pool': 'gold', 'metallb.universe.tf/allow-shared-ip': 'k' },
    type: 'LoadBalancer',
    loadBalancerClass: 'example.com/lb',
    clusterIPs: ['10.96.0.10', 'fd00::10'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'PreferDualStack',
    ports: ['TCP/80', 'UDP/53'],
    selector: { app: 'web' },
    loadBalancerIP: '192.0.2.7',
    externalTrafficPolicy: 'Local',
    ingress: [{ ip: '192.0.2.1', ipMode: 'VIP', foreign: false }],
  });
});

test.each<{ spec: object; clusterIPs: string[] }>([
  { spec: { clusterIP: '10.0.0.1', clusterIPs: undefined }, clusterIPs: ['10.0.0.1'] },
  { spec: { clusterIP: '', clusterIPs: [] }, clusterIPs: [] },
  { spec: { clusterIP: 'None', clusterIPs: ['None'] }, clusterIPs: ['None'] },
])('cluster addresses of $spec', ({ spec, clusterIPs }) => {
  expect(facts({ spec: { ...spec } }).clusterIPs).toEqual(clusterIPs);
});

test('a status with host names, port states or no address at all is read as it is', () => {
  const source = {
    status: { loadBalancer: { ingress: [{ hostname: 'a.example' }, { ip: '192.0.2.1', ports: [{}] }, { ip: 'nonsense' }, { ip: '::1' }] } },
  };
  const read = serviceFacts(source);
  expect(read.ingress.map(({ foreign }) => foreign)).toEqual([true, true, false, false]);
  expect(ingressAddresses(read).map(formatAddress)).toEqual(['192.0.2.1', '::1']);
});

test.each<{ annotations: Record<string, string>; value: string; there: boolean }>([
  { annotations: {}, value: '', there: false },
  { annotations: { 'metallb.io/address-pool': 'a' }, value: 'a', there: true },
  { annotations: { 'metallb.universe.tf/address-pool': 'b' }, value: 'b', there: true },
  { annotations: { 'metallb.io/address-pool': 'a', 'metallb.universe.tf/address-pool': 'b' }, value: 'a', there: true },
  { annotations: { 'metallb.io/address-pool': '', 'metallb.universe.tf/address-pool': 'b' }, value: '', there: true },
])('$annotations asks for the pool "$value"', ({ annotations, value, there }) => {
  expect(annotationOf(facts({ annotations }), 'address-pool')).toBe(value);
  expect(hasAnnotation(facts({ annotations }), 'address-pool')).toBe(there);
});

test('deprecated annotations are all those under the old prefix, sorted', () => {
  const annotations = { 'metallb.universe.tf/b': '', 'metallb.universe.tf.example/a': '', 'metallb.io/c': '' };
  expect(deprecatedAnnotations(facts({ annotations }))).toEqual(['metallb.universe.tf.example/a', 'metallb.universe.tf/b']);
});

test.each<{ own: string | undefined; theirs: string | undefined; ours: boolean }>([
  { own: undefined, theirs: undefined, ours: true },
  { own: undefined, theirs: 'x', ours: false },
  { own: 'x', theirs: 'x', ours: true },
  { own: 'x', theirs: undefined, ours: false },
])('class $theirs is served under --lb-class $own: $ours', ({ own, theirs, ours }) => {
  expect(hasClass(facts({ spec: { loadBalancerClass: theirs } }), own)).toBe(ours);
});

test('the oldest comes first, at equal age the first by key', () => {
  const services = [facts({ name: 'c' }), facts({ name: 'b', created: '2027-01-01T00:00:00Z' }), facts({ name: 'a' })];
  expect(services.sort(compareAge).map(({ name }) => name)).toEqual(['a', 'c', 'b']);
});

test('nothing that a server could send makes the reader throw', () => {
  const shaped = fc.record(
    {
      metadata: fc.anything(),
      spec: fc.oneof(fc.anything(), fc.record({ ports: fc.anything(), clusterIPs: fc.anything(), selector: fc.anything() })),
      status: fc.oneof(fc.anything(), fc.record({ loadBalancer: fc.oneof(fc.anything(), fc.record({ ingress: fc.anything() })) })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), shaped), (value) => {
      const read = serviceFacts(value);
      expect(typeof read.key).toBe('string');
      expect(ingressAddresses(read).length).toBeLessThanOrEqual(read.ingress.length);
    }),
  );
});
