import type { Clock } from '../lib/clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { describeError, MetalError } from '../lib/errors.ts';
import { objectOf, textOf } from '../lib/json.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Api } from './api.ts';
import { isUnreachable } from './api-error.ts';

/**
 * The oldest API server that is supported, the minor number of Kubernetes 1. From there on the rules in the definitions of the kinds
 * (`x-kubernetes-validations`, in CEL) are enforced; an older one takes what they forbid. All else that is used is older, or
 * done without where it is missing: EndpointSlices v1 (1.21), server-side apply (1.22), lists by watch (1.32), `ipMode` (1.30).
 */
export const OLDEST_MINOR = 25;

/** What is wrong with a server of this version, such as `v1.24.17+k3s1`; `undefined` when it is new enough, or of a version that says nothing. */
export function faultOfVersion(version: string): string | undefined {
  const minor = minorOf(version);
  if (minor === undefined || minor >= OLDEST_MINOR) return undefined;
  return `the API server is too old: it is ${version}, and 1.${OLDEST_MINOR} or later is needed, for rules in the definitions of the kinds`;
}

/** The second number of a version of Kubernetes 1; `undefined` when it is none. */
export function minorOf(version: string): number | undefined {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** This program cannot work with this API server; the text names what was found and what is needed. */
export class ServerTooOldError extends MetalError {
  readonly code = 'SERVER_TOO_OLD';
  readonly retryable = false;
}

/** What {@link checkServer} needs. */
export interface ServerCheckPorts {
  readonly api: Pick<Api, 'request' | 'whenReachable'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const DEADLINE = milliseconds(10_000);
/** A server that starts refuses what it allows a second later. */
const AGAIN_AFTER = milliseconds(1_000);
/** One that still refuses means it: whoever took away what everybody may see must not stop the load balancer by that. */
const ATTEMPTS = 10;

/**
 * Asks the API server for its version, waiting for it as long as it takes, and tells it in the log. Throws a {@link ServerTooOldError};
 * resolves when the version is fit, when the server does not tell it, which is said, and when `signal` is aborted.
 */
export async function checkServer(ports: ServerCheckPorts, signal: AbortSignal): Promise<void> {
  const { log } = ports;
  const answer = await ask(ports, signal);
  if (signal.aborted) return;
  const version = answer.version ?? '';
  if (version === '') return log.warn('the API server does not tell its version', { op: 'startup', error: answer.fault });
  const fault = faultOfVersion(version);
  if (fault !== undefined) throw new ServerTooOldError(fault);
  log.info(`the API server is ${version}`, { op: 'startup' });
}

async function ask({ api, clock }: ServerCheckPorts, signal: AbortSignal): Promise<{ readonly version?: string; readonly fault: string }> {
  let fault = '';
  for (let refused = 0; refused < ATTEMPTS && !signal.aborted; ) {
    try {
      const answer = objectOf(await api.request({ method: 'GET', path: '/version', deadline: DEADLINE }, signal));
      return { version: textOf(answer.gitVersion) ?? '', fault };
    } catch (thrown) {
      fault = describeError(thrown);
      if (isUnreachable(thrown)) await api.whenReachable(signal);
      else if (++refused < ATTEMPTS) await pause(clock, AGAIN_AFTER, signal);
    }
  }
  return { fault };
}
