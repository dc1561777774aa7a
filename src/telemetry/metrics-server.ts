import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { type Answer, type HttpEndpointSettings, plain, type RequestHead, serveHttp } from './http-endpoint.ts';
import type { Metrics } from './metrics.ts';
import type { EndpointTls } from './secure-server.ts';

/** Whether somebody may read the metrics. */
export type Verdict =
  | { readonly kind: 'allowed' }
  /** Nobody knows whose token it is. */
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'denied'; readonly user: string }
  /** Nobody can be asked; `reason` is for the person who reads the answer. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The port to whoever knows the tokens. */
export interface Doorkeeper {
  /** Never rejects; bounded in time, and in what it asks others, however often and with whatever it is asked. */
  judge(token: string): Promise<Verdict>;
}

/** Where the metrics are served, and who lets clients in. */
export interface MetricsServerSettings extends Pick<HttpEndpointSettings, 'port' | 'logger' | 'clock' | 'onListening'> {
  readonly metrics: Pick<Metrics, 'expose'>;
  readonly doorkeeper: Doorkeeper;
  readonly tls: EndpointTls;
}

/** The text format of Prometheus, which names its version in the content type. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';
/** Writing ten thousand series takes tens of milliseconds: however many ask however often, it is done no more than twice a second. */
const FRESH_FOR: Micros = milliseconds(500);
const BEARER = /^bearer +(\S+) *$/i;

/**
 * Serves `/metrics` over HTTPS on all addresses until `signal` aborts, to clients whose bearer token `doorkeeper` lets in.
 * The refusals read as those of MetalLB: 401 `Unauthorized`, 403 `Authorization denied for user NAME`; 503 when nobody can
 * be asked. What is served is at most half a second old.
 */
export function serveMetrics(settings: MetricsServerSettings, signal: AbortSignal): Promise<void> {
  const { metrics, doorkeeper, ...rest } = settings;
  const text = recentText(metrics, settings.clock);
  const expose = async ({ authorization }: RequestHead): Promise<Answer> => {
    const token = BEARER.exec(authorization ?? '')?.[1];
    const verdict: Verdict = token === undefined ? { kind: 'unauthenticated' } : await doorkeeper.judge(token);
    return refusalOf(verdict) ?? { status: 200, contentType: TEXT_FORMAT, body: await text() };
  };
  const routes = new Map([['/metrics', expose]]);
  return serveHttp({ ...rest, purpose: 'metrics', portFlag: '--port', host: undefined, routes }, signal);
}

function refusalOf(verdict: Verdict): Answer | undefined {
  switch (verdict.kind) {
    case 'allowed':
      return undefined;
    case 'unauthenticated':
      return plain(401, 'Unauthorized');
    case 'denied':
      return plain(403, `Authorization denied for user ${verdict.user}`);
    case 'unavailable':
      return plain(503, verdict.reason);
  }
}

function recentText(metrics: Pick<Metrics, 'expose'>, clock: Clock): () => Promise<string> {
  let recent: { readonly text: Promise<string>; readonly until: number } | undefined;
  return () => {
    if (recent === undefined || clock.now() >= recent.until) recent = { text: metrics.expose(), until: clock.now() + FRESH_FOR };
    return recent.text;
  };
}
