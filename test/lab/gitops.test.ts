import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { POOL_RANGES } from '../../hack/lab/addresses.ts';
import { kstatusOf, type Reconciled, silenceOf } from '../support/kstatus.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { healthOf, healthScripts, LUA } from './support/argo-health.ts';
import { PATIENCE } from './support/cluster.ts';
import { fieldsOfOthers, type OwnedObject } from './support/field-owners.ts';
import { FluxHealth, healthChecks } from './support/flux-health.ts';
import { InstalledLab } from './support/installed-lab.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** What tools see that keep a cluster as a repository says: Flux, Argo CD, kubectl apply. */

const CONFIG = join(import.meta.dirname, '../../config');
/** Kinds that the product writes reports of. */
const REPORTS = ['ConfigurationState', 'ServiceBGPStatus', 'ServiceL2Status'];
/** Kinds that users write, all of which the samples have. */
const WRITTEN = ['BFDProfile', 'BGPAdvertisement', 'BGPPeer', 'Community', 'IPAddressPool', 'L2Advertisement'];
/** What users write by, and the parts of Kubernetes that are no part of the product. */
const NOT_OURS = /^(kubectl|kube-apiserver|kube-controller-manager|user)$/;

let installed: InstalledLab;

/** Services as a user keeps them in a repository. */
const SERVICES = ['one', 'two'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels: { kept: 'in-git' }, annotations: { 'metallb.io/address-pool': 'lab' } },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
}));
const POOL = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'lab', namespace: 'metallb-system' },
  spec: { addresses: [POOL_RANGES.ipv4] },
};
/** A router that is not there: routes are announced to it as soon as it is. */
const ROUTES = [
  ['v1beta2', 'BGPPeer', { myASN: 64_512, peerASN: 64_513, peerAddress: '192.0.2.77' }] as const,
  ['v1beta1', 'BGPAdvertisement', { ipAddressPools: ['lab'] }] as const,
  ['v1beta1', 'L2Advertisement', { ipAddressPools: ['lab'] }] as const,
].map(([version, kind, spec]) => ({ apiVersion: `metallb.io/${version}`, kind, metadata: POOL.metadata, spec }));
const OWN = [POOL, ...ROUTES, ...SERVICES].map((object) => JSON.stringify(object)).join('\n---\n');

/** Applies all that a repository has, as its owner. */
async function applyAll(): Promise<void> {
  await installed.apply('default');
  await installed.apply('samples');
  await installed.lab.control.kubectl(['apply', '--server-side', '-f', '-'], { stdin: OWN });
}

/** Applies one form of the pool, and gives it as the server answered: nobody has looked at it by then. */
async function applyPool(pool: object): Promise<Reconciled> {
  const args = ['apply', '--server-side', '-o', 'json', '-f', '-'];
  return JSON.parse(await installed.lab.control.kubectl(args, { stdin: JSON.stringify(pool) }));
}

/** All that was applied, as the server has it. */
async function applied(): Promise<readonly OwnedObject[]> {
  const get = ['get', '-o', 'json', '--show-managed-fields'];
  const folders = ['default', 'samples'].map((folder) => installed.kubectl(...get, '-k', join(CONFIG, folder)));
  const own = installed.lab.control.kubectl([...get, '-f', '-'], { stdin: OWN });
  return (await Promise.all([...folders, own])).flatMap((text) => JSON.parse(text).items);
}

/** All objects of the product's kinds that have a status. */
async function withStatus(): Promise<readonly Reconciled[]> {
  const kinds = (await installed.kubectl('api-resources', '--api-group=metallb.io', '-o', 'name')).trim().split('\n');
  const { items } = JSON.parse(await installed.kubectl('get', kinds.join(','), '-A', '-o', 'json')) as { items: readonly Reconciled[] };
  return items.filter(({ status }) => status !== undefined);
}

/** Waits until no object keeps to itself which generation its status is of, or whether it is ready. */
async function allSpeak(): Promise<readonly Reconciled[]> {
  let silent: readonly string[] = [];
  const probe = async (): Promise<readonly Reconciled[] | undefined> => {
    const objects = await withStatus();
    const present = new Set(objects.map(({ kind }) => kind));
    silent = [...objects.flatMap((object) => silenceOf(object) ?? []), ...[...WRITTEN, ...REPORTS].filter((kind) => !present.has(kind))];
    return silent.length === 0 ? objects : undefined;
  };
  return await eventually('all objects say how they are', probe, PATIENCE).catch((cause: unknown) => {
    throw new Error(silent.join('\n'), { cause });
  });
}

function anyTool(): void {
  test('each object says which generation its status is of, and whether it is ready; kstatus finds all of them current', async () => {
    await allSpeak();
    const found = async (): Promise<boolean> => (await withStatus()).every((object) => kstatusOf(object) === 'Current');
    await eventually('all are current', found, PATIENCE);
    await installed.kubectl('-n', 'metallb-system', 'wait', '--for=condition=Ready', 'configurationstates', '--all', '--timeout=1m');
  });

  test('after a change it is not called current before it is', async () => {
    const path = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/lab';
    const get = async (): Promise<Reconciled> => (await installed.lab.control.api.get(path)) as unknown as Reconciled;
    const { generation = 0 } = (await get()).metadata;
    expect(kstatusOf(await applyPool({ ...POOL, spec: { ...POOL.spec, autoAssign: false } }))).toBe('InProgress');
    const current = async (): Promise<boolean> => {
      const object = await get();
      return kstatusOf(object) === 'Current' && object.status?.observedGeneration === generation + 1;
    };
    await eventually('the change is in use', current, PATIENCE);
    await applyPool(POOL);
    await allSpeak();
  });

  test('applied again, nothing changes: neither a version, nor a generation, nor who owns what', async () => {
    let changed: readonly string[] = [];
    // What a status says may change in between for a reason of its own; what applying changes, it changes each time.
    const same = async (): Promise<boolean> => {
      const before = new Map((await applied()).map((object) => [nameOf(object), JSON.stringify(object.metadata)]));
      await applyAll();
      const after = await applied();
      changed = after.filter((object) => before.get(nameOf(object)) !== JSON.stringify(object.metadata)).map(nameOf);
      expect(after.length).toBeGreaterThan(30);
      return changed.length === 0;
    };
    await eventually('nothing changes', same, { withinMilliseconds: 180_000 }).catch((cause: unknown) => {
      throw new Error(changed.join('\n'), { cause });
    });
  });

  test('of users’ objects the product has written but the status, and what is documented', async () => {
    const documented = [
      'Service typemetal-controller metadata.annotations.metallb.io/ip-allocated-from-pool',
      'ValidatingWebhookConfiguration typemetal webhooks.[].clientConfig.caBundle',
    ];
    await settles('what is documented', async () => expect(fieldsOfOthers(await applied(), NOT_OURS)).toEqual(documented));
  });
}

function namedTools(): void {
  test.each(WRITTEN)('Argo CD is told of the health of each %s', async (kind) => {
    const script = (await healthScripts()).get(kind) ?? '';
    const object = (await allSpeak()).find((each) => each.kind === kind);
    expect(await healthOf(script, object)).toEqual({ status: 'Healthy', message: '' });
    expect(await healthOf(script, { ...object, status: undefined })).toMatchObject({ status: 'Progressing' });
    const newer = { ...object?.metadata, generation: (object?.metadata.generation ?? 0) + 1 };
    expect(await healthOf(script, { ...object, metadata: newer })).toMatchObject({ status: 'Progressing' });
    const conditions = [
      { type: 'Other', status: 'True' },
      { type: 'Ready', status: 'False', message: 'no "such" pool\nat all' },
    ];
    const refused = { ...object, status: { ...object?.status, conditions } };
    expect(await healthOf(script, refused)).toEqual({ status: 'Degraded', message: 'no "such" pool\nat all' });
  });

  test('the samples check the health of each kind that users write, and of no other', async () => {
    expect(new Set((await healthScripts()).keys())).toEqual(new Set(WRITTEN));
    const checks = await healthChecks();
    const served = (await installed.kubectl('api-versions')).split('\n');
    expect(new Set(checks.map(({ kind }) => kind))).toEqual(new Set(WRITTEN));
    expect(checks.filter(({ apiVersion }) => !served.includes(apiVersion))).toEqual([]);
  });

  test('Flux is told of the health of each kind: the expressions of the sample, run by the API server', async () => {
    const objects = (await allSpeak()).filter(({ kind }) => WRITTEN.includes(kind));
    const health = await FluxHealth.install(installed.lab.control, objects);
    for (const object of objects) {
      const { generation = 0 } = object.metadata;
      const now = new Date().toISOString();
      const says = (type: string, status: string, observedGeneration = generation): object => ({
        observedGeneration,
        conditions: [{ type, status, observedGeneration, reason: 'Why', message: '', lastTransitionTime: now }],
      });
      const judged = async (status: object | null): Promise<string> => `${object.kind}: ${await health.of(object, status)}`;
      expect(await judged({})).toBe(`${object.kind}: Current`);
      expect(await judged(says('Ready', 'False'))).toBe(`${object.kind}: Failed`);
      expect(await judged(says('Ready', 'Unknown'))).toBe(`${object.kind}: InProgress`);
      expect(await judged(says('Other', 'True'))).toBe(`${object.kind}: InProgress`);
      expect(await judged(says('Ready', 'True', generation - 1))).toBe(`${object.kind}: InProgress`);
      expect(await judged({ observedGeneration: null, conditions: null })).toBe(`${object.kind}: InProgress`);
    }
  });
}

await describeLabWith([LUA], 'a cluster that is kept as a repository says', () => {
  beforeAll(async () => {
    installed = await InstalledLab.start();
    await applyAll();
    for (const { metadata } of SERVICES) await installed.cluster.addressed(metadata.name);
  }, START_MILLISECONDS);
  afterAll(() => installed?.[Symbol.asyncDispose](), STOP_MILLISECONDS);
  describe('by any tool', anyTool);
  describe('by Flux and Argo CD', namedTools);
});

function nameOf({ kind, metadata }: OwnedObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
