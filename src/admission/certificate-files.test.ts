import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { followCertificateFiles } from './certificate-files.ts';
import { newAuthority } from './certificate-maker.ts';
import { type KeyPair, ServingCertificate } from './serving-certificate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificates-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

async function writePair({ certificate, privateKey }: KeyPair): Promise<void> {
  await write('tls.crt', certificate);
  await write('tls.key', privateKey);
}

test('files that come, change and are half written', async () => {
  const [clock, log, certificate, end] = [new FakeClock(), new RecordingLogger(), new ServingCertificate(), new AbortController()];
  const following = followCertificateFiles({ folder, certificate, clock, log }, end.signal);
  const happens = (what: string, holds: () => boolean): Promise<void> => eventually(clock, what, holds, milliseconds(1_000));
  await happens('the log says that there are none', () => log.messages('error').length > 0);
  const [first, second] = await Promise.all([newAuthority(0), newAuthority(0)]);
  await writePair(first);
  await happens('the first', () => certificate.current?.certificate === first.certificate);
  await write('tls.crt', second.certificate);
  await happens('the log says that they do not fit', () => log.messages('error').length > 1);
  expect(certificate.current).toEqual(first);
  await write('tls.key', second.privateKey);
  await happens('the second', () => certificate.current?.certificate === second.certificate);
  end.abort();
  await following;
  expect(log.messages('error')).toEqual([
    expect.stringMatching(/^the certificate of the webhooks cannot be read: .*ENOENT.*tls\.crt.*; looked at again every 10 s$/),
    expect.stringMatching(/tls\.crt and .*tls\.key are no certificate with its key; looked at again every 10 s$/),
  ]);
  expect(JSON.stringify(log.lines)).not.toContain('PRIVATE KEY');
});
