import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { metricsIdentity } from './metrics-identity.ts';

const DAY = 86_400_000;

describe('without a folder', () => {
  test('it is made once, for a year, and in time again', async () => {
    const clock = new FakeClock();
    const identity = metricsIdentity('typemetal-speaker', { metricsCertDir: '' }, clock);
    const first = await identity();
    const certificate = new X509Certificate(first.certificate);
    expect([certificate.subject, certificate.subjectAltName]).toEqual(['CN=typemetal-speaker', 'DNS:localhost']);
    const start = clock.wallMilliseconds();
    expect(Date.parse(certificate.validFrom)).toBeLessThan(start);
    expect(Date.parse(certificate.validTo)).toBe(start + 365 * DAY);
    clock.advance(milliseconds(334 * DAY));
    expect(await identity()).toBe(first);
    clock.advance(milliseconds(DAY));
    expect(new X509Certificate((await identity()).certificate).validToDate.getTime()).toBe(start + 700 * DAY);
  });
});

describe('with a folder', () => {
  test('it is what lies there now; a file that is missing is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'identity-'));
    try {
      const identity = metricsIdentity('any', { metricsCertDir: folder }, new FakeClock());
      await expect(identity()).rejects.toThrow(/ENOENT.*tls\.(?:crt|key)/);
      await writeFile(join(folder, 'tls.crt'), 'certificate');
      await writeFile(join(folder, 'tls.key'), 'key');
      expect(await identity()).toEqual({ certificate: 'certificate', privateKey: 'key' });
      await writeFile(join(folder, 'tls.key'), 'another');
      expect(await identity()).toEqual({ certificate: 'certificate', privateKey: 'another' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
