/** An object of the API, as far as targets are made of it. */
interface Found {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
}

/** An EndpointSlice (discovery.k8s.io/v1), as far as it is read here. */
export interface SliceFound extends Found {
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly targetRef?: { readonly name: string } }[] | null;
  readonly ports: readonly { readonly name: string; readonly port: number }[] | null;
}

/** A Pod (core/v1), as far as it is read here. */
export interface PodFound extends Found {
  readonly spec: {
    readonly containers: readonly { readonly name: string; readonly ports?: readonly { readonly containerPort: number }[] }[];
  };
}

/** What the account of Prometheus may list in a namespace. */
export interface Listed {
  readonly endpointslices: readonly SliceFound[];
  readonly services: readonly Found[];
  readonly pods: readonly PodFound[];
}

/** One entry of a file of targets (Prometheus, file_sd_config). */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Prefix of the labels that relabelling sees and series do not have. */
const META = '__meta_kubernetes_';

/**
 * What Prometheus's discovery by EndpointSlices finds, with the labels that it gives to be chosen from (kubernetes_sd_config, role endpointslice): one
 * target for each address and port. Debian's Prometheus is built without that discovery, and reads files.
 */
export function targetsOf({ endpointslices, services, pods }: Listed): readonly TargetGroup[] {
  return endpointslices.flatMap(({ metadata, endpoints, ports }) => {
    const service = metadata.labels?.['kubernetes.io/service-name'] ?? '';
    const labels = services.find((each) => each.metadata.name === service)?.metadata.labels ?? {};
    const common = {
      [`${META}namespace`]: metadata.namespace,
      [`${META}service_name`]: service,
      ...Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${META}service_label_${plainLabel(name)}`, value])),
    };
    return (endpoints ?? []).flatMap(({ addresses, targetRef }) =>
      (ports ?? []).map(({ name, port }) => {
        const pod = pods.find((each) => each.metadata.name === targetRef?.name);
        const container = pod?.spec.containers.find((each) => each.ports?.some(({ containerPort }) => containerPort === port));
        const own = { [`${META}endpointslice_port_name`]: name, [`${META}pod_name`]: targetRef?.name ?? '' };
        return {
          targets: [`${addresses[0]}:${port}`],
          labels: { ...common, ...own, [`${META}pod_container_name`]: container?.name ?? '' },
        };
      }),
    );
  });
}

/** A label's name as Prometheus spells it. */
export function plainLabel(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}
