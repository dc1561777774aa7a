import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IssuedCertificate, issueServing, renewalDue } from '../certificates/certificate.ts';
import type { Clock } from '../lib/clock.ts';
import type { CommonOptions } from '../lib/common-options.ts';
import type { TlsIdentity } from '../telemetry/secure-server.ts';

const DAY_MILLISECONDS = 86_400_000;
/** As MetalLB's own. Nobody checks it, so nobody is told of a new one either. */
const LIFETIME_MILLISECONDS = 365 * DAY_MILLISECONDS;
const RENEW_BEFORE_MILLISECONDS = 30 * DAY_MILLISECONDS;
/** Clocks of two machines differ; a certificate that begins in the future is refused. */
const BACKDATED_MILLISECONDS = 3_600_000;

/** Where the identity of the metrics comes from: `metricsCertDir` if there is one, else it is made at the start. */
export function metricsIdentity(
  commonName: string,
  { metricsCertDir }: Pick<CommonOptions, 'metricsCertDir'>,
  clock: Pick<Clock, 'wallMilliseconds'>,
): () => Promise<TlsIdentity> {
  return metricsCertDir === '' ? ownIdentity(commonName, clock) : () => identityIn(metricsCertDir);
}

/** The identity that an administrator puts into `folder`: `tls.crt` and `tls.key`, as a Secret of type `kubernetes.io/tls` is mounted. */
async function identityIn(folder: string): Promise<TlsIdentity> {
  const [certificate, privateKey] = await Promise.all([
    readFile(join(folder, 'tls.crt'), 'utf8'),
    readFile(join(folder, 'tls.key'), 'utf8'),
  ]);
  return { certificate, privateKey };
}

/** An identity made here and kept in memory, signed by itself; each call gives the same one until it is due for renewal. */
function ownIdentity(commonName: string, clock: Pick<Clock, 'wallMilliseconds'>): () => Promise<TlsIdentity> {
  let current: IssuedCertificate | undefined;
  return async () => {
    const now = clock.wallMilliseconds();
    if (current !== undefined && !renewalDue(current.certificate, now, RENEW_BEFORE_MILLISECONDS)) return current;
    const validity = { notBefore: now - BACKDATED_MILLISECONDS, notAfter: now + LIFETIME_MILLISECONDS };
    current = await issueServing({ commonName, dnsNames: ['localhost'], addresses: [], validity });
    return current;
  };
}
