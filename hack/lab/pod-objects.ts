/** Where the content of a volume comes from (core/v1, Volume), as far as the product's manifests use it. */
export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number; readonly optional?: boolean };
  readonly configMap?: { readonly name: string; readonly defaultMode?: number; readonly optional?: boolean };
  readonly hostPath?: { readonly path: string };
  /** The token of the service account, which the server adds to each pod. */
  readonly projected?: object;
}

/** One container of a pod (core/v1, Container), as far as it is read here. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext: {
    readonly runAsUser?: number;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
}

/** A Pod as the API has it (core/v1, Pod), as far as it is read here. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly serviceAccountName: string;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly { readonly matchFields?: readonly { readonly values: readonly string[] }[] }[];
        };
      };
    };
    readonly securityContext?: { readonly runAsUser?: number; readonly runAsNonRoot?: boolean; readonly fsGroup?: number };
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

/** What the program of a container is given: the names are those of the object and of where it runs. */
export function environmentOf(container: Container, pod: PodObject, address: string): Readonly<Record<string, string>> {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'spec.nodeName': pod.spec.nodeName,
    'status.podIP': address,
  };
  const pairs = (container.env ?? []).map(({ name, value, valueFrom }) => {
    const found = valueFrom === undefined ? (value ?? '') : fields[valueFrom.fieldRef.fieldPath];
    if (found === undefined) throw new Error(`${pod.metadata.name}: the lab knows no field ${valueFrom?.fieldRef.fieldPath}`);
    return [name, found] as const;
  });
  return Object.fromEntries(pairs);
}

/** The node that a DaemonSet made a pod for; `undefined` where any will do. */
export function wantedNode({ spec }: PodObject): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms[0]?.matchFields?.[0]?.values[0];
}

/** What setpriv is told so that a program has the user and the capabilities that the manifests name, and no more. */
export function privilegesOf(container: Container, pod: PodObject): readonly string[] {
  const { runAsUser: podUser, runAsNonRoot, fsGroup = 0 } = pod.spec.securityContext ?? {};
  const { runAsUser, allowPrivilegeEscalation, capabilities } = container.securityContext;
  // The image names a user of its own, for whoever names none.
  const user = runAsUser ?? podUser ?? 65_534;
  if (runAsNonRoot === true && user === 0) throw new Error(`${pod.metadata.name}: runAsNonRoot, and its user is 0`);
  if (!capabilities.drop.includes('ALL')) throw new Error(`${pod.metadata.name}: keeps capabilities that it names nowhere`);
  const kept = (capabilities.add ?? []).map((name) => `+${name.toLowerCase()}`);
  return [
    'setpriv',
    `--reuid=${user}`,
    '--regid=0',
    `--groups=${fsGroup}`,
    `--bounding-set=${['-all', ...kept].join(',')}`,
    '--inh-caps=-all',
    ...(allowPrivilegeEscalation === false ? ['--no-new-privs'] : []),
    '--',
  ];
}
