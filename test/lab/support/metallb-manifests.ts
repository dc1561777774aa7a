import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PRODUCT_NAMESPACE as namespace } from '../../../hack/lab/product.ts';
import { METALLB_CERTIFICATES } from '../../support/metallb-certificates.ts';

/** What MetalLB's own manifests put into a cluster, as far as a successor meets it. */

const DEFINITIONS = join(import.meta.dirname, '../../../config/crd');

/** The images by which its pods are told from ours. */
export const METALLB_IMAGES = { controller: 'quay.io/metallb/controller:v0.16.1', speaker: 'quay.io/metallb/speaker:v0.16.1' } as const;

/** A schema as it stands in a definition, as far as it is changed here. */
interface Schema {
  properties?: Record<string, Schema>;
}

interface Definition {
  readonly metadata: { readonly name: string; annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly names: { readonly kind: string };
    conversion?: object;
    readonly versions: { readonly name: string; storage: boolean; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** MetalLB's definitions: ours without what only we know, and BGPPeer with its conversion webhook. `peersStoredAs` is the version that peers are stored in. */
export async function metallbDefinitions(peersStoredAs: string): Promise<readonly object[]> {
  const files = (await readdir(DEFINITIONS)).filter((name) => name !== 'Kustomization');
  const texts = await Promise.all(files.map((name) => readFile(join(DEFINITIONS, name), 'utf8')));
  return texts.map((text) => metallbDefinition(parse(text) as Definition, peersStoredAs));
}

function metallbDefinition(definition: Definition, peersStoredAs: string): object {
  const { metadata, spec } = definition;
  metadata.annotations = { 'controller-gen.kubebuilder.io/version': 'v0.19.0' };
  for (const { schema } of spec.versions) {
    const { properties } = schema.openAPIV3Schema;
    const conditions = spec.names.kind === 'ConfigurationState' ? [] : ['conditions'];
    drop(properties?.spec, ['weightByEndpoints']);
    drop(properties?.status, ['observedGeneration', 'allocations', 'allocationsTotal', ...conditions]);
  }
  if (spec.names.kind !== 'BGPPeer') return definition;
  const service = { name: 'metallb-webhook-service', namespace, path: '/convert' };
  spec.conversion = {
    strategy: 'Webhook',
    webhook: { clientConfig: { service }, conversionReviewVersions: ['v1beta1', 'v1beta2'] },
  };
  for (const version of spec.versions) version.storage = version.name === peersStoredAs;
  return definition;
}

function drop(schema: Schema | undefined, fields: readonly string[]): void {
  for (const field of fields) delete schema?.properties?.[field];
}

const labels = { app: 'metallb' };
const RBAC = 'rbac.authorization.k8s.io';

function rule(apiGroup: string, resources: readonly string[], ...verbs: readonly string[]): object {
  return { apiGroups: [apiGroup], resources, verbs };
}

/** A role with its binding; without `within` for all of the cluster. */
function role(name: string, accounts: readonly string[], rules: readonly object[], within?: string): readonly object[] {
  const kind = within === undefined ? 'ClusterRole' : 'Role';
  const metadata = { name, labels, namespace: within };
  const subjects = accounts.map((account) => ({ kind: 'ServiceAccount', name: account, namespace }));
  const apiVersion = `${RBAC}/v1`;
  return [
    { apiVersion, kind, metadata, rules },
    { apiVersion, kind: `${kind}Binding`, metadata, roleRef: { apiGroup: RBAC, kind, name }, subjects },
  ];
}

const READ = ['get', 'list', 'watch'] as const;
const RIGHTS = [
  ...role(
    'metallb-system:controller',
    ['controller'],
    [rule('', ['services', 'namespaces'], ...READ), rule('', ['services/status'], 'update')],
  ),
  ...role(
    'metallb-system:speaker',
    ['speaker'],
    [rule('', ['services', 'nodes'], ...READ), rule('metallb.io', ['servicel2statuses'], '*')],
  ),
  ...role('controller', ['controller'], [rule('', ['secrets'], 'create', ...READ)], namespace),
  ...role('pod-lister', ['controller', 'speaker'], [rule('', ['pods'], 'list', 'get')], namespace),
];

function workload(kind: 'Deployment' | 'DaemonSet', name: 'controller' | 'speaker', pod: object): object {
  const own = { ...labels, component: name };
  const metadata = { name, namespace, labels: own };
  const spec = { serviceAccountName: name, containers: [{ name, image: METALLB_IMAGES[name] }], ...pod };
  return { apiVersion: 'apps/v1', kind, metadata, spec: { selector: { matchLabels: own }, template: { metadata: { labels: own }, spec } } };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The authority that MetalLB writes wherever the API server must trust it. */
export const METALLB_AUTHORITY: string = base64(METALLB_CERTIFICATES.authority);

const { authority, authorityKey, certificate, certificateKey } = METALLB_CERTIFICATES;
const FILES = { 'ca.crt': authority, 'ca.key': authorityKey, 'tls.crt': certificate, 'tls.key': certificateKey };

const WEBHOOKS = ['v1beta1-ipaddresspool', 'v1beta1-l2advertisement', 'v1beta2-bgppeer'].map((path) => {
  const [version = '', kind = ''] = path.split('-');
  return {
    name: `${kind}validationwebhook.metallb.io`,
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: { name: 'metallb-webhook-service', namespace, path: `/validate-metallb-io-${path}` },
      caBundle: METALLB_AUTHORITY,
    },
    failurePolicy: 'Fail',
    sideEffects: 'None',
    rules: [{ apiGroups: ['metallb.io'], apiVersions: [version], operations: ['CREATE', 'UPDATE'], resources: [`${kind}s`] }],
  };
});

/** Everything but the definitions. */
export const METALLB_MANIFESTS: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
  ...['controller', 'speaker'].map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } })),
  ...RIGHTS,
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'metallb-excludel2', namespace },
    data: { 'excludel2.yaml': 'announcedInterfacesToExclude: ["^docker.*", "^lo$"]\n' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'metallb-webhook-cert', namespace },
    data: Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, base64(text)])),
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'memberlist', namespace }, data: { secretkey: base64('of the old speakers') } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'metallb-webhook-service', namespace },
    spec: { ports: [{ port: 443, targetPort: 9443 }], selector: { component: 'controller' } },
  },
  workload('Deployment', 'controller', {}),
  workload('DaemonSet', 'speaker', { hostNetwork: true }),
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'metallb-webhook-configuration' },
    webhooks: WEBHOOKS,
  },
];
