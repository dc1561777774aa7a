import { type HttpEndpointSettings, serveHttp } from './http-endpoint.ts';
import type { Metrics } from './metrics.ts';

/** Where the metrics are served. */
export interface MetricsServerSettings extends Pick<HttpEndpointSettings, 'port' | 'logger' | 'clock' | 'onListening'> {
  readonly metrics: Metrics;
}

/** Plain HTTP with no question who asks: only programs that share the network of the pod may reach it. */
const LOOPBACK = '127.0.0.1';
/** The text format of Prometheus, which names its version in the content type. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/metrics` until `signal` aborts, in plain HTTP and therefore on the loopback address only: nobody outside the
 * pod (for a pod on the host network: outside the node) can read it.
 */
export function serveMetrics(settings: MetricsServerSettings, signal: AbortSignal): Promise<void> {
  const { metrics, ...rest } = settings;
  const expose = async () => ({ status: 200, contentType: TEXT_FORMAT, body: await metrics.expose() });
  return serveHttp({ ...rest, purpose: 'metrics', portFlag: '--port', host: LOOPBACK, routes: new Map([['/metrics', expose]]) }, signal);
}
