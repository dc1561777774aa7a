import { collectDefaultMetrics, Histogram, Counter as PromCounter, Gauge as PromGauge, Registry } from 'prom-client';
import type { Counter, Gauge, Metrics, Reading } from './metrics.ts';

/**
 * Makes the metrics of one process, in a registry of its own. With `processMetrics` it also holds what prom-client
 * knows of the process and of Node: memory, CPU, open files, lag of the event loop, garbage collection.
 */
export function createPrometheusMetrics(settings: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (settings.processMetrics) collectDefaultMetrics({ register: registry });
  return {
    counter: (name, help, labelNames = []) =>
      counterOf(new PromCounter({ name, help, labelNames: [...labelNames], registers: [registry] })),
    gauge: (name, help, labelNames = []) => gaugeOf(new PromGauge({ name, help, labelNames: [...labelNames], registers: [registry] })),
    histogram: (name, help, bounds) => new Histogram({ name, help, buckets: [...bounds], registers: [registry] }),
    measured: (name, help, labelNames, read) => {
      const collect = (): void => setAll(gauge, read());
      const gauge = new PromGauge({ name, help, labelNames: [...labelNames], registers: [registry], collect });
    },
    expose: () => registry.metrics(),
  };
}

function setAll(gauge: PromGauge, readings: Iterable<Reading>): void {
  gauge.reset();
  for (const { labels = {}, value } of readings) gauge.set(labels, value);
}

function counterOf(counter: PromCounter): Counter {
  return {
    add: (amount, labels = {}) => counter.inc(labels, amount),
    remove: (labels) => counter.remove(labels),
  };
}

function gaugeOf(gauge: PromGauge): Gauge {
  return {
    set: (value, labels = {}) => gauge.set(labels, value),
    remove: (labels) => gauge.remove(labels),
  };
}
