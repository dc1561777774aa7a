import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** Where certificates from outside lie, and who shows them. */
export interface CertificateFiles {
  /** With `tls.crt` and `tls.key`, as a mounted Secret has them. */
  readonly folder: string;
  readonly certificate: ServingCertificate;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The kubelet changes mounted Secrets about once a minute; two small files read again cost nothing. */
const LOOKED_AT_EVERY: Micros = milliseconds(10_000);

/**
 * Shows the certificate of the folder, and each later one, until `signal` is aborted. Files that are missing or do not
 * fit together (also because one was changed before the other) leave the one before; the log says so once.
 */
export async function followCertificateFiles({ folder, certificate, clock, log }: CertificateFiles, signal: AbortSignal): Promise<void> {
  let said: string | undefined;
  while (!signal.aborted) {
    const fault = await showFiles(folder, certificate, log);
    if (fault !== undefined && fault !== said) log.error(`${fault}; looked at again every 10 s`, { op: 'certificate' });
    said = fault;
    await pause(clock, LOOKED_AT_EVERY, signal);
  }
}

async function showFiles(folder: string, certificate: ServingCertificate, log: Logger): Promise<string | undefined> {
  const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  try {
    const outcome = certificate.set({ certificate: await readFile(crt, 'utf8'), privateKey: await readFile(key, 'utf8') });
    if (outcome === 'unusable') return `${crt} and ${key} are no certificate with its key`;
    if (outcome === 'shown') log.info('the webhooks show another certificate', { event: 'certificateLoaded', file: crt });
    return undefined;
  } catch (thrown) {
    return `the certificate of the webhooks cannot be read: ${describeError(thrown)}`;
  }
}
