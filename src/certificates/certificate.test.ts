import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { METALLB_CERTIFICATES } from '../../test/support/metallb-certificates.ts';
import { parseAddress } from '../lib/ip.ts';
import { type IssuedCertificate, issueAuthority, issueServing, renewalDue, type ServingRequest } from './certificate.ts';

const DAY = 86_400_000;
const NOW = Date.now();
const validity = { notBefore: NOW - DAY, notAfter: NOW + 30 * DAY };
const addresses = ['127.0.0.1', '2001:db8::1'].map(parseAddress).filter((address) => address !== undefined);
const server: ServingRequest = { commonName: 'controller', dnsNames: ['a.svc', 'a.svc.cluster.local'], addresses, validity };

const read = ({ certificate }: IssuedCertificate): X509Certificate => new X509Certificate(certificate);

/** What a client that trusts `ca` and asks for `servername` says of a server that has `served`. */
async function handshake(served: IssuedCertificate, ca: string, servername: string): Promise<string> {
  const listener = createServer({ cert: served.certificate, key: served.privateKey }, (socket) =>
    socket.on('error', () => socket.destroy()),
  );
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ca, servername });
  const { promise, resolve } = Promise.withResolvers<string>();
  client.on('secureConnect', () => resolve('trusted')).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  const outcome = await promise;
  client.destroy();
  listener.close();
  await once(listener, 'close');
  return outcome;
}

describe('issueAuthority', () => {
  test('gives an authority that signs itself and lasts as long as was asked', async () => {
    const certificate = read(await issueAuthority({ commonName: 'metallb-ca', validity }));
    expect(certificate.subject).toBe('CN=metallb-ca');
    expect(certificate.issuer).toBe('CN=metallb-ca');
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(Date.parse(certificate.validFrom)).toBe(Math.floor(validity.notBefore / 1_000) * 1_000);
    expect(Date.parse(certificate.validTo)).toBe(Math.floor(validity.notAfter / 1_000) * 1_000);
  });

  test('gives each its own key and number', async () => {
    const [one, other] = await Promise.all([issueAuthority(server), issueAuthority(server)]);
    expect(read(one).serialNumber).not.toBe(read(other).serialNumber);
    expect(one.privateKey).not.toBe(other.privateKey);
  });

  test('can last beyond 2049', async () => {
    const certificate = read(await issueAuthority({ commonName: 'a', validity: { ...validity, notAfter: Date.UTC(2126, 0, 1) } }));
    expect(Date.parse(certificate.validTo)).toBe(Date.UTC(2126, 0, 1));
  });
});

describe('issueServing', () => {
  test('is signed by the authority, for a server of these names and nothing else', async () => {
    const authority = await issueAuthority({ commonName: 'metallb-ca', validity });
    const issued = await issueServing(server, authority);
    const certificate = read(issued);
    expect([certificate.subject, certificate.issuer, certificate.ca]).toEqual(['CN=controller', 'CN=metallb-ca', false]);
    expect(certificate.checkIssued(read(authority))).toBe(true);
    expect(certificate.verify(read(authority).publicKey)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.subjectAltName).toBe('DNS:a.svc, DNS:a.svc.cluster.local, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1');
  });

  test('is what a client trusts that trusts the authority, under its names only', async () => {
    const [authority, stranger] = await Promise.all([issueAuthority(server), issueAuthority(server)]);
    const issued = await issueServing(server, authority);
    expect(await handshake(issued, authority.certificate, 'a.svc')).toBe('trusted');
    expect(await handshake(issued, authority.certificate, 'b.svc')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    // The stranger has the same name, so that only its key tells it from the authority.
    expect(await handshake(issued, stranger.certificate, 'a.svc')).not.toBe('trusted');
  });

  test('signs itself where there is no authority', async () => {
    const issued = await issueServing(server);
    expect(read(issued).verify(read(issued).publicKey)).toBe(true);
    expect(await handshake(issued, issued.certificate, 'a.svc')).toBe('trusted');
  });

  test('an authority with an RSA key signs too', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const { certificate } = await issueAuthority({ commonName: 'any', validity });
    const authority = { certificate, privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
    const issued = await issueServing(server, authority);
    expect(read(issued).verify(publicKey)).toBe(true);
  });

  test('an authority of others, which calls its key otherwise, is recognised in what it signs', async () => {
    const authority = { certificate: METALLB_CERTIFICATES.authority, privateKey: METALLB_CERTIFICATES.authorityKey };
    const issued = await issueServing(server, authority);
    expect(read(issued).checkIssued(read(authority))).toBe(true);
    expect(await handshake(issued, authority.certificate, 'a.svc')).toBe('trusted');
  });

  test.each<{ what: string; authority: (good: IssuedCertificate) => IssuedCertificate }>([
    { what: 'without a certificate', authority: (good) => ({ ...good, certificate: '' }) },
    { what: 'without a key', authority: (good) => ({ ...good, privateKey: 'none' }) },
  ])('an authority $what is refused', async ({ authority }) => {
    const good = await issueAuthority(server);
    await expect(issueServing(server, authority(good))).rejects.toThrow();
  });
});

describe('renewalDue', () => {
  const { notBefore, notAfter } = validity;
  test.each<{ when: string; now: number; due: boolean }>([
    { when: 'fresh', now: NOW, due: false },
    { when: 'just before its time', now: notAfter - 10 * DAY - 2_000, due: false },
    { when: 'in its time', now: notAfter - 10 * DAY + 2_000, due: true },
    { when: 'over', now: notAfter + DAY, due: true },
    { when: 'not begun', now: notBefore - DAY, due: true },
  ])('$when: $due', async ({ now, due }) => {
    const { certificate } = await issueServing(server);
    expect(renewalDue(certificate, now, 10 * DAY)).toBe(due);
  });

  test.each(['', 'garbage', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])('%p is due', (text) => {
    expect(renewalDue(text, NOW, 0)).toBe(true);
  });
});
