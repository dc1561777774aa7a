import { type JsonObject, listOf, objectOf, textMapOf, textOf } from '../lib/json.ts';
import type { ConfigurationObject } from '../model/admission.ts';
import { type ConfigurationKind, type ConfigurationObjects, faultsOf } from '../model/configuration.ts';
import { nodeFacts } from '../model/node-facts.ts';
import { requestedAddresses } from '../model/requested-addresses.ts';
import { type SecretFacts, secretFacts } from '../model/secret-facts.ts';
import { serviceFacts } from '../model/service.ts';
import { looseEnds } from './loose-ends.ts';
import { type Manifest, nameOf, titleOf } from './manifests.ts';
import { unknownFields } from './unknown-fields.ts';

/** Something that is wrong, or may be, and where. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  /** Such as `IPAddressPool main`; empty where a file cannot be read. */
  readonly object: string;
  /** An error is refused by the controller; a warning may be mended by objects that are not in these files. */
  readonly level: 'error' | 'warning';
  /** One sentence. */
  readonly text: string;
}

const GROUP = 'metallb.io/';

/** The kinds that people write, and the version in which they are read. */
const VERSIONS: Readonly<Record<ConfigurationKind, string>> = {
  IPAddressPool: 'v1beta1',
  L2Advertisement: 'v1beta1',
  BGPAdvertisement: 'v1beta1',
  BGPPeer: 'v1beta2',
  BFDProfile: 'v1beta1',
  Community: 'v1beta1',
};
/** What the processes write themselves: nobody's configuration. */
const STATUS_KINDS = ['ServiceL2Status', 'ServiceBGPStatus', 'ConfigurationState'];

/** A DNS subdomain (RFC 1123, Section 2.1), which names of objects are. */
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Says what is wrong with objects as the controller would say it, each by itself and all together. What they name and is not among
 * them is a warning: it may be in the cluster. Kinds that are nobody's configuration are passed over. Never throws.
 */
export function lint(manifests: readonly Manifest[], namespace: string): readonly Finding[] {
  const found: Finding[] = manifests.flatMap(unknownFieldsOf);
  const known = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const faults = ownFaults(manifest, namespace);
    found.push(...faults);
    const key = `${textOf(manifest.object.kind)}/${namespaceOf(manifest.object, namespace)}/${nameOf(manifest.object)}`;
    const earlier = known.get(key);
    if (earlier !== undefined && isRelevant(manifest.object)) found.push(twice(earlier, manifest));
    if (!faults.some(({ level }) => level === 'error')) known.set(key, manifest);
  }
  const used = [...known.values()];
  const objects = configurationOf(used, namespace);
  for (const { kind, name, text, transient } of faultsOf(objects)) {
    const manifest = used.find(({ object }) => object.kind === kind && nameOf(object) === name && isConfiguration(object));
    if (manifest !== undefined) found.push(finding(manifest, transient ? 'warning' : 'error', text.replaceAll('\n', '; ')));
  }
  for (const { kind, name, text } of looseEnds(objects)) {
    const manifest = used.find(({ object }) => object.kind === kind && nameOf(object) === name && isConfiguration(object));
    if (manifest !== undefined) found.push(finding(manifest, 'warning', text));
  }
  return found.sort((left, right) => order(manifests, left) - order(manifests, right) || left.line - right.line);
}

/** Files in the order in which they were named. */
function order(manifests: readonly Manifest[], { file }: Finding): number {
  return manifests.findIndex((manifest) => manifest.file === file);
}

function finding({ file, line, object }: Manifest, level: Finding['level'], text: string): Finding {
  return { file, line, object: titleOf(object), level, text };
}

function twice(earlier: Manifest, later: Manifest): Finding {
  return finding(later, 'error', `stands here again after ${earlier.file}:${earlier.line}: keep one, the API server would take the last`);
}

function unknownFieldsOf(manifest: Manifest): readonly Finding[] {
  if (!isConfiguration(manifest.object)) return [];
  return unknownFields(manifest.object).map((text) => finding(manifest, 'error', text));
}

function ownFaults(manifest: Manifest, namespace: string): readonly Finding[] {
  const { object } = manifest;
  const error = (text: string): readonly Finding[] => [finding(manifest, 'error', text)];
  const warn = (text: string): readonly Finding[] => [finding(manifest, 'warning', text)];
  if (isService(object)) return serviceFaults(object).flatMap(error);
  if (isOldConfiguration(object))
    return warn("is MetalLB's configuration of before 0.13, which nobody reads: see kubectl typemetal migrate configmap");
  const apiVersion = textOf(object.apiVersion) ?? '';
  if (apiVersion === '' || textOf(object.kind) === undefined)
    return error('is no object of Kubernetes: want apiVersion, kind and metadata');
  if (!apiVersion.startsWith(GROUP)) return [];
  const strange = kindFault(apiVersion.slice(GROUP.length), textOf(object.kind) ?? '');
  if (strange !== undefined) return [finding(manifest, strange.level, strange.text)];
  if (STATUS_KINDS.includes(textOf(object.kind) ?? '')) return [];
  const name = nameOf(object);
  if (!OBJECT_NAME.test(name))
    return error(name === '' ? 'has no metadata.name' : `"${name}" is no name of an object: want lower case letters, digits, - and .`);
  const own = namespaceOf(object, namespace);
  return own === namespace
    ? []
    : error(`lies in namespace ${own}: resource must be created in ${namespace} namespace (say --namespace=${own} if that is yours)`);
}

function kindFault(version: string, kind: string): Pick<Finding, 'level' | 'text'> | undefined {
  if (STATUS_KINDS.includes(kind)) return undefined;
  if (kind === 'AddressPool')
    return { level: 'error', text: 'the kind AddressPool is gone: write an IPAddressPool, and an L2Advertisement or a BGPAdvertisement' };
  if (kind === 'BGPPeer' && version === 'v1beta1') return { level: 'warning', text: 'v1beta1 is deprecated: write metallb.io/v1beta2' };
  const wanted = (VERSIONS as Readonly<Record<string, string>>)[kind];
  if (wanted === version) return undefined;
  const all = Object.keys(VERSIONS).join(', ');
  return {
    level: 'error',
    text:
      wanted === undefined
        ? `there is no kind ${kind} in metallb.io: want ${all}`
        : `${kind} has no version ${version}: write metallb.io/${wanted}`,
  };
}

function serviceFaults(object: JsonObject): readonly string[] {
  const requested = requestedAddresses(serviceFacts(object));
  return requested.ok ? [] : [requested.error];
}

function isService({ apiVersion, kind, spec }: JsonObject): boolean {
  return apiVersion === 'v1' && kind === 'Service' && objectOf(spec).type === 'LoadBalancer';
}

/** Both names under which installations had it. */
function isOldConfiguration({ apiVersion, kind, metadata, data }: JsonObject): boolean {
  const names: readonly unknown[] = ['config', 'metallb', 'metallb-config'];
  return (
    apiVersion === 'v1' && kind === 'ConfigMap' && names.includes(objectOf(metadata).name) && textOf(objectOf(data).config) !== undefined
  );
}

function isConfiguration({ apiVersion }: JsonObject): boolean {
  return (textOf(apiVersion) ?? '').startsWith(GROUP);
}

/** Whether two of one name are a mistake that concerns this product. */
function isRelevant(object: JsonObject): boolean {
  return isConfiguration(object) || isService(object);
}

function namespaceOf({ metadata }: JsonObject, fallback: string): string {
  return textOf(objectOf(metadata).namespace) || fallback;
}

/** The objects among manifests, with metadata that is safe to read. */
function configurationOf(manifests: readonly Manifest[], namespace: string): ConfigurationObjects {
  const objects = manifests.map(({ object }) => object);
  const all = <Kind extends ConfigurationObject>(kind: ConfigurationKind): readonly Kind[] =>
    objects
      .filter((object) => isConfiguration(object) && object.kind === kind)
      .map((object) => cleaned(object, namespace) as unknown as Kind);
  const isSecret = (object: JsonObject): boolean =>
    object.kind === 'Secret' && object.apiVersion === 'v1' && namespaceOf(object, namespace) === namespace;
  const nodes = objects.filter(({ kind, apiVersion }) => kind === 'Node' && apiVersion === 'v1').map(nodeFacts);
  return {
    pools: all('IPAddressPool'),
    l2Advertisements: all('L2Advertisement'),
    bgpAdvertisements: all('BGPAdvertisement'),
    peers: all('BGPPeer'),
    bfdProfiles: all('BFDProfile'),
    communities: all('Community'),
    nodes: nodes.length > 0 ? nodes : possibleNodes(objects.filter(isConfiguration)),
    secrets: objects.filter(isSecret).map(writtenSecret),
  };
}

/** What clashes on some node is a fault; files hold no Nodes, so there is one without labels, and one for each set of labels that is selected. */
function possibleNodes(objects: readonly JsonObject[]): ConfigurationObjects['nodes'] {
  const selectors = objects.flatMap(({ spec }) => listOf(objectOf(spec).nodeSelectors));
  return [{}, ...selectors.map((selector) => textMapOf(objectOf(selector).matchLabels))].map((labels, index) => ({
    name: `node-${index}`,
    labels,
  }));
}

function cleaned(object: JsonObject, namespace: string): JsonObject {
  const metadata = { name: nameOf(object), namespace, labels: textMapOf(objectOf(object.metadata).labels) };
  // An absent spec is fine for some kinds, and `spec: null` is how YAML writes it.
  return object.spec === null || object.spec === undefined ? { ...object, spec: undefined, metadata } : { ...object, metadata };
}

/** The server turns `stringData` into `data`. */
function writtenSecret(secret: JsonObject): SecretFacts {
  return secretFacts({ ...secret, data: { ...objectOf(secret.data), ...objectOf(secret.stringData) } });
}
