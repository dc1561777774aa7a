import type { Gauge, Metrics } from '../telemetry/metrics.ts';

/** What a process says of its configuration, under upstream's names. */
export interface ConfigurationGauges {
  readonly loaded: Gauge;
  readonly stale: Gauge;
}

/** Registers the gauges, once a process; until a configuration was read they say so. */
export function configurationGauges(metrics: Metrics): ConfigurationGauges {
  const loaded = metrics.gauge(
    'metallb_k8s_client_config_loaded_bool',
    '1 if the MetalLB configuration was successfully loaded at least once.',
  );
  const stale = metrics.gauge(
    'metallb_k8s_client_config_stale_bool',
    '1 if running on a stale configuration, because the latest config failed to load.',
  );
  loaded.set(0);
  stale.set(0);
  return { loaded, stale };
}
