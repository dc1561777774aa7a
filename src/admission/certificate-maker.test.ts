import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { METALLB_CERTIFICATES } from '../../test/support/metallb-certificates.ts';
import { type CertificatePems, inspectCertificates, newAuthority, newCertificate, stillTrusted } from './certificate-maker.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['webhook.metallb-system.svc', 'webhook.metallb-system.svc.cluster.local'] as const;

async function made(now: number = NOW): Promise<CertificatePems> {
  const authority = await newAuthority(now);
  const { certificate, privateKey } = await newCertificate(authority, NAMES, now);
  return { authority: authority.certificate, authorityKey: authority.privateKey, certificate, certificateKey: privateKey };
}

describe('what is made', () => {
  test('an authority lasts 10 years and a certificate one, both from an hour ago', async () => {
    const pems = await made();
    expect(inspectCertificates(pems)).toEqual({
      authority: { expires: NOW + 3_650 * DAY },
      certificate: { expires: NOW + 365 * DAY, dnsNames: NAMES, issuedByAuthority: true },
    });
    for (const pem of [pems.authority, pems.certificate]) expect(Date.parse(new X509Certificate(pem).validFrom)).toBe(NOW - DAY / 24);
  });

  test('a certificate does not outlive its authority', async () => {
    const authority = await newAuthority(NOW - 3_500 * DAY);
    const { certificate } = await newCertificate(authority, NAMES, NOW);
    expect(Date.parse(new X509Certificate(certificate).validTo)).toBe(NOW + 150 * DAY);
  });
});

describe('what is found', () => {
  test.each<{
    what: string;
    spoil: (pems: CertificatePems, other: CertificatePems) => Partial<CertificatePems>;
    authority: boolean;
    certificate: boolean;
  }>([
    { what: 'all of it', spoil: () => ({}), authority: true, certificate: true },
    {
      what: 'nothing',
      spoil: () => ({ authority: '', authorityKey: '', certificate: '', certificateKey: '' }),
      authority: false,
      certificate: false,
    },
    { what: 'an authority without its key', spoil: () => ({ authorityKey: '' }), authority: false, certificate: true },
    {
      what: 'an authority with the key of another',
      spoil: (_, { authorityKey }) => ({ authorityKey }),
      authority: false,
      certificate: true,
    },
    {
      what: 'a certificate in place of an authority',
      spoil: ({ certificate, certificateKey }) => ({ authority: certificate, authorityKey: certificateKey }),
      authority: false,
      certificate: true,
    },
    { what: 'rubbish', spoil: () => ({ authority: 'rubbish', certificateKey: 'rubbish' }), authority: false, certificate: false },
  ])('$what', async ({ spoil, authority, certificate }) => {
    const pems = await made();
    const found = inspectCertificates({ ...pems, ...spoil(pems, await made()) });
    expect([found.authority !== undefined, found.certificate !== undefined]).toEqual([authority, certificate]);
  });

  test('a certificate of another authority, also one of the same name', async () => {
    const { authority, authorityKey } = await made();
    expect(inspectCertificates({ ...(await made()), authority, authorityKey }).certificate?.issuedByAuthority).toBe(false);
  });

  test('what MetalLB made with RSA keys is as good as ours, and its authority signs on', async () => {
    const { authority, certificate } = inspectCertificates(METALLB_CERTIFICATES);
    expect(authority?.expires).toBeGreaterThan(Date.UTC(2100, 0, 1));
    expect(certificate).toMatchObject({ dnsNames: ['metallb-webhook-service.metallb-system.svc'], issuedByAuthority: true });
    const signer = { certificate: METALLB_CERTIFICATES.authority, privateKey: METALLB_CERTIFICATES.authorityKey };
    const signed = await newCertificate(signer, NAMES, NOW);
    const found = inspectCertificates({ ...METALLB_CERTIFICATES, certificate: signed.certificate, certificateKey: signed.privateKey });
    expect(found.certificate).toEqual({ expires: NOW + 365 * DAY, dnsNames: NAMES, issuedByAuthority: true });
  });
});

test('of a bundle, what still counts is kept, once and in its order', async () => {
  const [young, old, expired] = await Promise.all([newAuthority(NOW), newAuthority(NOW - 3_000 * DAY), newAuthority(NOW - 4_000 * DAY)]);
  const bundle = `${young.certificate}\n${old.certificate}${expired.certificate}text between\n${young.certificate}`;
  expect(stillTrusted(bundle, NOW)).toBe(young.certificate + old.certificate);
  expect(stillTrusted('', NOW)).toBe('');
  expect(stillTrusted('-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----', NOW)).toBe('');
});
