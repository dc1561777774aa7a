import type { Random } from '../kubernetes/backoff.ts';
import type { Candidacy } from '../kubernetes/lease-elector.ts';
import type { ControllerOptions } from './options.ts';

/** The Lease that the controllers of one namespace share. */
const LEASE = 'metallb-controller';

/**
 * No two processes ever have one identity. A pod starts its container again only when the one before is dead, so that
 * what has the pod's name may be succeeded at once; the name of a host says nothing of the kind. `undefined` when this
 * replica leads without asking.
 */
export function candidacyOf(options: ControllerOptions, host: string, random: Random): Candidacy | undefined {
  if (!options.leaderElect) return undefined;
  const { namespace, podName, deployment } = options;
  const suffix = Math.floor(random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
  return {
    namespace,
    name: LEASE,
    deployment,
    identity: `${podName === '' ? host : podName}_${suffix}`,
    predecessors: podName === '' ? undefined : `${podName}_`,
    leaseDuration: options.leaderElectLeaseDuration,
    renewDeadline: options.leaderElectRenewDeadline,
    retryPeriod: options.leaderElectRetryPeriod,
  };
}
