import { plainLabel } from './discovery.ts';

/** One endpoint of a ServiceMonitor (Prometheus operator, Endpoint), as far as the product's use it. */
export interface MonitorEndpoint {
  readonly port: string;
  readonly scheme: string;
  readonly path?: string;
  readonly honorLabels?: boolean;
  readonly bearerTokenFile: string;
  readonly tlsConfig: { readonly insecureSkipVerify?: boolean };
}

/** A ServiceMonitor, as far as the product's use it. */
export interface ServiceMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly namespaceSelector: { readonly matchNames: readonly string[] };
    readonly jobLabel?: string;
    readonly endpoints: readonly MonitorEndpoint[];
  };
}

/** Where this Prometheus finds what the operator mounts into its own. */
export interface Surroundings {
  /** A file that holds all targets to choose from. */
  readonly targets: string;
  /** The token of that account: a file in place of the one that pods have. */
  readonly token: string;
  /** Files of rules. */
  readonly rules: readonly string[];
  /** Between two scrapes, and two looks at the rules, in place of what the monitors say. */
  readonly interval: string;
}

/** Where a pod finds the token of its account. */
const TOKEN_OF_PODS = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * The configuration that the Prometheus operator makes of ServiceMonitors: targets are kept by the labels of the Service and the name of the port, and get
 * the labels that panels and alerts know. The file of targets, the token's file and the interval are the lab's own.
 */
export function configurationOf(monitors: readonly ServiceMonitor[], surroundings: Surroundings): object {
  const { rules, interval } = surroundings;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: rules,
    scrape_configs: monitors.flatMap((monitor) => monitor.spec.endpoints.map((endpoint) => scrapeOf(monitor, endpoint, surroundings))),
  };
}

function scrapeOf({ metadata, spec }: ServiceMonitor, endpoint: MonitorEndpoint, { targets, token }: Surroundings): object {
  if (endpoint.bearerTokenFile !== TOKEN_OF_PODS) throw new Error(`${metadata.name}: the lab knows no file ${endpoint.bearerTokenFile}`);
  return {
    job_name: `serviceMonitor/${metadata.namespace}/${metadata.name}/${endpoint.port}`,
    honor_labels: endpoint.honorLabels === true,
    scheme: endpoint.scheme,
    metrics_path: endpoint.path ?? '/metrics',
    tls_config: { insecure_skip_verify: endpoint.tlsConfig.insecureSkipVerify === true },
    authorization: { credentials_file: token },
    file_sd_configs: [{ files: [targets] }],
    relabel_configs: [...kept(spec, endpoint.port), ...named(endpoint.port, spec.jobLabel)],
  };
}

/** Which of what is found is scraped. */
function kept({ selector, namespaceSelector }: ServiceMonitor['spec'], port: string): readonly object[] {
  const keep = (source: string, regex: string): object => ({ action: 'keep', source_labels: [source], regex });
  return [
    keep('__meta_kubernetes_namespace', namespaceSelector.matchNames.join('|')),
    ...Object.entries(selector.matchLabels).map(([name, value]) => keep(`__meta_kubernetes_service_label_${plainLabel(name)}`, value)),
    keep('__meta_kubernetes_endpointslice_port_name', port),
  ];
}

/** The labels of a target. */
function named(port: string, jobLabel: string | undefined): readonly object[] {
  const from = (source: string, target: string, regex = '(.+)'): object => ({
    source_labels: [`__meta_kubernetes_${source}`],
    target_label: target,
    regex,
  });
  return [
    from('namespace', 'namespace'),
    from('service_name', 'service'),
    from('pod_name', 'pod'),
    from('pod_container_name', 'container'),
    from('service_name', 'job'),
    ...(jobLabel === undefined ? [] : [from(`service_label_${plainLabel(jobLabel)}`, 'job')]),
    { target_label: 'endpoint', replacement: port },
  ];
}
