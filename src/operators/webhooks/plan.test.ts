import { describe, expect, test } from '@jest/globals';
import {
  conversionOf,
  dnsNamesOf,
  type FoundCertificates,
  planCertificates,
  planConversion,
  planInjection,
  webhookConfiguration,
} from './plan.ts';

const SERVICE = { namespace: 'metallb-system', name: 'metallb-webhook-service' };
const OTHER = { namespace: 'metallb-system', name: 'another' };
const VERSION = { op: 'replace', path: '/metadata/resourceVersion', value: '7' };
const metadata = { resourceVersion: '7', managedFields: [{ manager: 'kubectl' }, { manager: 'kubectl' }, { manager: 'typemetal' }] };

describe('the authority in a ValidatingWebhookConfiguration', () => {
  const webhook = (caBundle?: string, service: object | undefined = SERVICE): object => ({ clientConfig: { service, caBundle } });
  const add = (index: number): object => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: 'bmV3' });

  test.each<{ what: string; webhooks: readonly object[]; steps: readonly object[] }>([
    { what: 'none has it', webhooks: [webhook(), webhook('')], steps: [VERSION, add(0), add(1)] },
    { what: 'all have it', webhooks: [webhook('bmV3'), webhook('bmV3')], steps: [] },
    { what: 'one was reset', webhooks: [webhook('bmV3'), webhook()], steps: [VERSION, add(1)] },
    { what: 'one has the old one', webhooks: [webhook('b2xk'), webhook('bmV3')], steps: [VERSION, add(0)] },
    { what: 'one calls another Service', webhooks: [webhook('', OTHER), webhook()], steps: [VERSION, add(1)] },
    { what: 'one calls a URL', webhooks: [{ clientConfig: { url: 'https://x' } }], steps: [] },
    { what: 'there are none', webhooks: [], steps: [] },
    { what: 'they cannot be read', webhooks: [7 as unknown as object], steps: [] },
  ])('$what', ({ webhooks, steps }) => {
    expect(planInjection(webhookConfiguration({ metadata, webhooks }), 'bmV3', SERVICE)).toEqual(steps);
  });

  test('who wrote it is known', () => {
    expect(webhookConfiguration({ metadata }).managers).toEqual(['kubectl', 'typemetal']);
  });
});

describe('the conversion of a definition', () => {
  const webhook = (service: object) => ({ clientConfig: { service: { ...service, path: '/convert' }, caBundle: 'b2xk' } });

  test.each<{ what: string; conversion: object | undefined; plan: object }>([
    { what: 'none', conversion: { strategy: 'None' }, plan: { kind: 'fine' } },
    { what: 'none said', conversion: undefined, plan: { kind: 'fine' } },
    {
      what: 'the webhook that MetalLB left',
      conversion: { strategy: 'Webhook', webhook: webhook(SERVICE) },
      plan: { kind: 'patch', steps: [VERSION, { op: 'replace', path: '/spec/conversion', value: { strategy: 'None' } }] },
    },
    { what: 'a webhook of somebody else', conversion: { strategy: 'Webhook', webhook: webhook(OTHER) }, plan: { kind: 'foreign' } },
    { what: 'a webhook at a URL', conversion: { strategy: 'Webhook', webhook: { clientConfig: {} } }, plan: { kind: 'foreign' } },
  ])('$what', ({ conversion, plan }) => {
    expect(planConversion(conversionOf({ metadata, spec: { conversion } }), SERVICE)).toEqual(plan);
  });
});

describe('certificates', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const days = (count: number): number => NOW + count * 86_400_000;
  const [name] = dnsNamesOf(SERVICE);
  const authority = { expires: days(3_650) };
  const certificate = { expires: days(365), dnsNames: [name], issuedByAuthority: true };

  test.each<{ what: string; found: Partial<FoundCertificates>; kind: string; reason?: string }>([
    { what: 'all is well', found: {}, kind: 'keep' },
    { what: 'the last day of it', found: { certificate: { ...certificate, expires: days(90) } }, kind: 'keep' },
    {
      what: 'a day later',
      found: { certificate: { ...certificate, expires: days(89) } },
      kind: 'certificate',
      reason: 'the certificate expires within 89 days',
    },
    {
      what: 'no certificate',
      found: { certificate: undefined },
      kind: 'certificate',
      reason: 'there is no certificate yet, or its key does not fit',
    },
    {
      what: 'one of another authority',
      found: { certificate: { ...certificate, issuedByAuthority: false } },
      kind: 'certificate',
      reason: 'the certificate is not one of the authority beside it',
    },
    {
      what: 'one for another name',
      found: { certificate: { ...certificate, dnsNames: ['a.b.svc'] } },
      kind: 'certificate',
      reason: 'the certificate is not for metallb-webhook-service.metallb-system.svc',
    },
    {
      what: 'no authority',
      found: { authority: undefined },
      kind: 'authority',
      reason: 'there is no authority yet, or its key does not fit',
    },
    {
      what: 'nothing',
      found: { authority: undefined, certificate: undefined },
      kind: 'authority',
      reason: 'there is no authority yet, or its key does not fit',
    },
    {
      what: 'an old authority',
      found: { authority: { expires: days(89) } },
      kind: 'authority',
      reason: 'the authority expires within 89 days',
    },
  ])('$what: $kind', ({ found, kind, reason }) => {
    const plan = planCertificates({ authority, certificate, ...found }, NOW, name);
    expect(plan).toEqual(reason === undefined ? { kind } : { kind, reason });
  });

  test('the names of a Service, the one that MetalLB uses first', () => {
    expect(dnsNamesOf(SERVICE)).toEqual([
      'metallb-webhook-service.metallb-system.svc',
      'metallb-webhook-service.metallb-system.svc.cluster.local',
    ]);
  });
});
