import { expect, test } from '@jest/globals';
import { newAuthority } from './certificate-maker.ts';
import { type KeyPair, ServingCertificate } from './serving-certificate.ts';

const NOW = Date.UTC(2026, 0, 1);

test('what can be shown is shown, and told to who listens', async () => {
  const [one, other] = await Promise.all([newAuthority(NOW), newAuthority(NOW)]);
  const certificate = new ServingCertificate();
  const heard: KeyPair[] = [];
  const listening = certificate.subscribe((pair) => heard.push(pair));
  expect(certificate.current).toBeUndefined();
  expect(certificate.set(one)).toBe('shown');
  expect(await certificate.first).toEqual(one);
  expect(certificate.set({ ...one })).toBe('unchanged');
  expect(certificate.set(other)).toBe('shown');
  expect(heard).toEqual([one, other]);
  listening[Symbol.dispose]();
  certificate.set(one);
  expect(heard).toHaveLength(2);
});

test('what is no certificate with its key leaves the one before', async () => {
  const [one, other] = await Promise.all([newAuthority(NOW), newAuthority(NOW)]);
  const certificate = new ServingCertificate();
  expect(certificate.set({ certificate: '', privateKey: '' })).toBe('unusable');
  certificate.set(one);
  for (const pair of [
    { certificate: '', privateKey: '' },
    { certificate: other.certificate, privateKey: one.privateKey },
    { certificate: other.certificate, privateKey: 'rubbish' },
    { certificate: other.privateKey, privateKey: other.privateKey },
  ]) {
    expect(certificate.set(pair)).toBe('unusable');
    expect(certificate.current).toEqual(one);
  }
});
