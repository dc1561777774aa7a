import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { type Answer, type HttpEndpointSettings, plain, serveHttp } from './http-endpoint.ts';

/** One thing that must hold for a process to be healthy or ready. */
export interface HealthCheck {
  readonly name: string;
  /** Resolves to the reason why it does not hold, for the person who reads the probe's answer; undefined when it does. */
  readonly check: () => Promise<string | undefined>;
}

/** Where the health probes are served and what they ask. */
export interface HealthServerSettings extends Pick<HttpEndpointSettings, 'host' | 'port' | 'logger' | 'clock' | 'onListening'> {
  /** `/healthz`: a check that fails means that only a restart helps. */
  readonly live: readonly HealthCheck[];
  /** `/readyz`: a check that fails means that the process cannot do its work yet. */
  readonly ready: readonly HealthCheck[];
}

/** Below the kubelet's default time-out of one second, so that it still hears which check hangs. */
const CHECK_DEADLINE: Micros = milliseconds(800);

/**
 * Serves `/healthz` and `/readyz` until `signal` aborts: 200 and `ok`, or 503 and one line `name: reason` for each check
 * that fails. A check that throws fails with its message; one that does not answer within 0.8 s fails, and is not
 * started again before it has answered.
 */
export function serveHealth(settings: HealthServerSettings, signal: AbortSignal): Promise<void> {
  const routes = new Map([
    ['/healthz', probe(settings.live, settings.clock)],
    ['/readyz', probe(settings.ready, settings.clock)],
  ]);
  const { host, port, logger, clock, onListening } = settings;
  const endpoint = { purpose: 'health probes', portFlag: '--health-probe-port', host, port, logger, clock, routes };
  return serveHttp(onListening === undefined ? endpoint : { ...endpoint, onListening }, signal);
}

function probe(checks: readonly HealthCheck[], clock: Clock): () => Promise<Answer> {
  const questions = checks.map((check) => question(check, clock));
  return async () => {
    const failures = (await Promise.all(questions.map((ask) => ask()))).filter((line) => line !== undefined);
    return failures.length === 0 ? plain(200, 'ok') : plain(503, failures.join('\n'));
  };
}

/** A check as the line of its failure, in bounded time, and running once at a time however often it is asked. */
function question(check: HealthCheck, clock: Clock): () => Promise<string | undefined> {
  let running: Promise<string | undefined> | undefined;
  return () => {
    running ??= reasonOf(check).finally(() => {
      running = undefined;
    });
    return withDeadline(running, `${check.name}: no answer within ${CHECK_DEADLINE / 1_000} ms`, clock);
  };
}

async function reasonOf(check: HealthCheck): Promise<string | undefined> {
  try {
    const reason = await check.check();
    return reason === undefined ? undefined : `${check.name}: ${reason}`;
  } catch (error) {
    return `${check.name}: ${describeError(error)}`;
  }
}

async function withDeadline(reason: Promise<string | undefined>, late: string, clock: Clock): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  using _deadline = clock.startTimer(CHECK_DEADLINE, () => resolve(late));
  return await Promise.race([reason, promise]);
}
