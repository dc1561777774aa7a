import { readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { ControlPlane } from '../../hack/kubernetes/control-plane.ts';
import { HELM_VERSIONS, type HelmVersion } from '../../hack/kubernetes/helm.ts';
import { Helm, type Release } from '../../hack/lab/helm.ts';
import { CONTROLLER_MAY, LISTENING_SPEAKER_MAY, podFaults, SPEAKER_MAY } from '../support/pod-security.ts';
import { REFUSED_VALUES } from './support/chart-refusals.ts';
import { type Holding, type Rendered, VALUE_ROWS } from './support/chart-rows.ts';
import { installMonitoringKinds } from './support/monitoring-kinds.ts';

/** The chart through the real Helm, in each release of it, and what comes out through a real API server. Whether it works is for installation.test.ts. */

const CONFIG = join(import.meta.dirname, '../../config');
const NAMESPACE = 'metallb-system';
/** Of one release alone they are. */
const OTHERS_KINDS = { crds: { enabled: false } };
/** The servers and Helm may have to be found or built first. */
const START_MILLISECONDS = 600_000;

let plane: ControlPlane;
let helm: Helm;
let home = '';

/** A cluster that holds nothing of the chart yet, and this Helm for it. */
function useCluster(version: HelmVersion): void {
  beforeAll(async () => {
    plane = await ControlPlane.start();
    home = await mkdtemp(join(tmpdir(), 'typemetal-helm-'));
    await plane.kubectl(['create', 'namespace', NAMESPACE]);
    await installMonitoringKinds(plane);
    helm = await Helm.for(plane, home, undefined, version);
  }, START_MILLISECONDS);

  afterAll(async () => {
    await plane?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });
}

function objectsOf(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** What lies at `Kind/name path`. */
function at(objects: readonly Rendered[], place: string): unknown {
  const [of = '', path = ''] = place.split(' ');
  const object: unknown = objects.find(({ kind, metadata }) => `${kind}/${metadata.name}` === of);
  // A label's name has dots in it, and is looked up whole where it is the rest of the path.
  return path.split('.').reduce<unknown>((value, part) => (value as Readonly<Record<string, unknown>> | undefined)?.[part], object);
}

/** config/default with a component of config, as a user's kustomization has it; kustomize takes folders by a path from its own. */
async function withComponent(component: string): Promise<string> {
  const folder = await mkdtemp(join(home, 'overlay-'));
  const from = (path: string): string => relative(realpathSync(folder), join(CONFIG, path));
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [from('default')], components: [from(component)] }));
  return await plane.kubectl(['kustomize', folder]);
}

function isHolding(wanted: unknown): wanted is Holding {
  return typeof wanted === 'object' && wanted !== null && 'holds' in wanted;
}

/** What there is of the kinds that the chart has objects of. */
async function allNames(): Promise<readonly string[]> {
  const ofCluster = 'namespace,crd,clusterrole,clusterrolebinding,validatingwebhookconfiguration';
  const ofNamespaces = 'deployment,daemonset,service,sa,secret,role,rolebinding,pdb,configmap,networkpolicy';
  const named = await Promise.all([
    plane.kubectl(['get', ofCluster, '-o', 'name']),
    plane.kubectl(['get', ofNamespaces, '-A', '-o', 'custom-columns=:.kind,:.metadata.namespace,:.metadata.name']),
  ]);
  return named.flatMap((text) => text.split('\n'));
}

function release(): void {
  const state = (): Promise<string> => plane.kubectl(['get', 'ipaddresspool,l2advertisement', '-n', NAMESPACE, '-o', 'name']);
  const POOL = 'ipaddresspool.metallb.io/metallb\nl2advertisement.metallb.io/metallb\n';

  test('is not installed with a typo in its range, and nothing of it is made', async () => {
    const before = new Set(await allNames());
    const typo = helm.of({ name: 'typo', namespace: 'typo-system' });
    await expect(typo.release('install', { iprange: '10.0.0.0/33' }, '--create-namespace', '--wait')).rejects.toThrow(
      'Invalid iprange: "10.0.0.0/33" has no prefix length of 0 to 32 behind one slash',
    );
    // The API server makes objects of its own for a while after its start.
    const made = (await allNames()).filter((name) => !before.has(name));
    expect(made.filter((name) => /typo|metallb\.io/.test(name))).toEqual([]);
  });

  test('is installed before there are kinds, given a range, and uninstalled but for the kinds', async () => {
    expect(await helm.release('install', {})).toContain('names no registry');
    expect(await helm.release('upgrade', { iprange: '10.0.0.0/24' })).toContain('addresses of 10.0.0.0/24');
    expect(await state()).toBe(POOL);
    await helm.release('upgrade', { iprange: '10.0.1.0/24', prometheus: { metricsPort: 7472 } });
    expect(await plane.kubectl(['get', 'ipaddresspool', 'metallb', '-n', NAMESPACE, '-o', 'jsonpath={.spec.addresses}'])).toBe(
      '["10.0.1.0/24"]',
    );
    await helm.release('upgrade', { iprange: '' });
    expect(await state()).toBe('');
    await helm.uninstall();
    const left = await plane.kubectl([
      'get',
      'all,sa,secret,role,rolebinding,pdb,configmap',
      '-n',
      NAMESPACE,
      '-l',
      'app.kubernetes.io/instance=metallb',
      '-o',
      'name',
    ]);
    expect(left).toBe('');
    expect(await plane.kubectl(['get', 'crd', '-o', 'name'])).toContain('ipaddresspools.metallb.io');
  });

  test('finds the kinds that an earlier one left', async () => {
    await helm.release('install', { iprange: '10.0.0.0/24' });
    expect(await state()).toBe(POOL);
    await helm.uninstall();
    expect(await state()).toBe('');
  });
}

const SECOND: Release = { name: 'second', namespace: 'second-system' };

function secondRelease(): void {
  const globals = async (): Promise<string> =>
    await plane.kubectl(['get', 'clusterrole,clusterrolebinding,validatingwebhookconfiguration', '-o', 'name']);

  beforeAll(async () => void (await helm.release('install', {})));
  afterAll(async () => void (await helm.uninstall()));

  test.each([
    { what: 'with the kinds of the first', release: SECOND, values: {}, words: /CustomResourceDefinition "\w+\.metallb\.io" .*exists and/ },
    { what: 'of the same name', release: { ...SECOND, name: 'metallb' }, values: OTHERS_KINDS, words: /"metallb:\w+" .*exists and/ },
    {
      what: 'in the same namespace',
      release: { ...SECOND, namespace: NAMESPACE },
      values: OTHERS_KINDS,
      words: /"metallb-[-\w]+" .*exists and/,
    },
  ])('is refused $what, and nothing of it is made', async ({ release, values, words }) => {
    const before = await globals();
    await expect(helm.of(release).release('install', values, '--create-namespace')).rejects.toThrow(words);
    expect(await globals()).toBe(before);
  });

  test('is taken in a namespace of its own under a name of its own, and leaves the first alone when it goes', async () => {
    const before = await globals();
    const second = helm.of(SECOND);
    await second.release('install', { ...OTHERS_KINDS, iprange: '10.9.0.0/24' }, '--create-namespace');
    expect(await globals()).toContain('/second-metallb-webhook-configuration');
    await second.uninstall();
    expect(await globals()).toBe(before);
  });
}

function valueSets(): void {
  test.each(VALUE_ROWS)('mean what they say, and the API server takes what comes of them: $what', async ({ values, shows }) => {
    const text = await helm.render(values, '--api-versions=metallb.io/v1beta1/IPAddressPool');
    const objects = objectsOf(text);
    for (const [place, wanted] of Object.entries(shows)) {
      const found = [place, at(objects, place)];
      expect(found).toEqual([place, isHolding(wanted) ? expect.arrayContaining([...wanted.holds]) : wanted]);
    }
    await plane.kubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--warnings-as-errors', '-f', '-'], {
      stdin: text,
    });
  });

  test.each(VALUE_ROWS)('are what a release is upgraded to from those before: $what', async ({ values }) => {
    await helm.release('upgrade', values, '--install', '--reset-values');
  });

  test.each(REFUSED_VALUES)('are refused: $what', async ({ values, words }) => {
    await expect(helm.render(values)).rejects.toThrow(words);
  });
}

function rendered(): void {
  test.each([
    { from: 'the chart', render: () => helm.render({}), speaker: SPEAKER_MAY },
    { from: 'the chart that listens', render: () => helm.render({ speaker: { bgpListenPort: 179 } }), speaker: LISTENING_SPEAKER_MAY },
    { from: 'config/default', render: () => plane.kubectl(['kustomize', join(CONFIG, 'default')]), speaker: SPEAKER_MAY },
    { from: 'config/default that listens', render: () => withComponent('speaker/bgp-listen'), speaker: LISTENING_SPEAKER_MAY },
  ])('pods may do what they must, and no more: $from', async ({ render, speaker }) => {
    // Kubernetes reads 0400 as YAML 1.1 does.
    const documents = parseAllDocuments(await render(), { version: '1.1' }) as { toJS(): Rendered }[];
    const objects = documents.map((document) => document.toJS());
    const workloads = objects.filter(({ kind }) => ['Deployment', 'DaemonSet'].includes(kind));
    const faults = workloads.map((object) => podFaults(object, object.kind === 'Deployment' ? CONTROLLER_MAY : speaker));
    expect(faults).toEqual([[], []]);
  });

  test('the rights are those of config/rbac, under other names', async () => {
    const objects = objectsOf(await helm.render({ fullnameOverride: 'metallb-system', speaker: { secretName: 'memberlist' } }));
    for (const component of ['controller', 'speaker']) {
      const plain = objectsOf(readFileSync(join(CONFIG, 'rbac', `${component}.yaml`), 'utf8'));
      const inChart = (kind: string, name: string): unknown => at(objects, `${kind}/${name} rules`);
      const ownNames = (rules: unknown): unknown =>
        JSON.parse(
          JSON.stringify(rules)
            .replaceAll('["metallb-system-controller"]', '["controller"]')
            .replaceAll('["metallb-system-webhook-configuration"]', '["metallb-webhook-configuration"]'),
        );
      expect(ownNames(inChart('ClusterRole', `metallb-system:${component}`))).toEqual(
        at(plain, `ClusterRole/metallb-system:${component} rules`),
      );
      expect(ownNames(inChart('Role', `metallb-system-${component}`))).toEqual(at(plain, `Role/${component} rules`));
    }
  });
}

describe.each(HELM_VERSIONS)('by Helm %s', (version) => {
  // One of its own for each. To delete the kinds between them can take minutes: the API server fails at it while its caches of them start, and backs off.
  useCluster(version);

  test('is the one that runs', async () => expect(await helm.version()).toBe(version));

  test('nothing is found wrong with the chart', async () => {
    expect(await helm.lint()).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  describe('the release', release);
  describe('a second release', secondRelease);
  describe('values', valueSets);
  describe('what is rendered', rendered);
});
