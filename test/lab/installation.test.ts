import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { POOL_RANGES } from '../../hack/lab/addresses.ts';
import { AuditLog, FULL_AUDIT_FLAGS, type Write } from '../../hack/lab/audit-log.ts';
import { Helm } from '../../hack/lab/helm.ts';
import { Kubelet } from '../../hack/lab/kubelet.ts';
import { Lab } from '../../hack/lab/lab.ts';
import { kindsServed, PRODUCT_NAMESPACE } from '../../hack/lab/product.ts';
import { Scraper } from '../../hack/lab/scraper.ts';
import { compareTexts } from '../../src/lib/order.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Cluster, PATIENCE } from './support/cluster.ts';
import { inventoryOf } from './support/inventory.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { grantedRights, USED_ELSEWHERE, usedRights } from './support/rights.ts';
import { settles } from './support/settles.ts';

/**
 * What a user installs, as it is: the API server's own controllers make the pods of the manifests, and their programs run with the arguments, the
 * environment, the service accounts, the user, the capabilities and the root that the manifests say.
 */

const DEFAULT = join(import.meta.dirname, '../../config/default');
const SAMPLES = join(import.meta.dirname, '../../config/samples');
/** A roll-out of four pods one after the other, on a machine that has other things to do. */
const ROLLOUT = '--timeout=110s';
const TEST_MILLISECONDS = 1_200_000;
/** The garbage collector of Kubernetes learns of new kinds every 30 s, and until then tries what it could not do again and again, more and more seldom. */
const COLLECTED = { withinMilliseconds: 240_000 };
/** What stays, because the objects of users would go with it. The APIServices are made of the definitions by the API server. */
const KINDS = [
  'APIService /v1beta1.metallb.io',
  'APIService /v1beta2.metallb.io',
  ...['bfdprofiles', 'bgpadvertisements', 'bgppeers', 'communities', 'configurationstates', 'ipaddresspools', 'l2advertisements']
    .concat(['servicebgpstatuses', 'servicel2statuses'])
    .map((plural) => `CustomResourceDefinition /${plural}.metallb.io`),
];

/** What the programs make besides the manifests, and what is to go with them. Who did not see it come would not see it stay. */
const MADE = [
  /^Secret metallb-system\/metallb-webhook-cert$/,
  /^Secret metallb-system\/(metallb-)?memberlist$/,
  /^Lease metallb-system\/metallb-controller$/,
  /^ConfigurationState metallb-system\/controller$/,
  /^ServiceL2Status metallb-system\//,
  /^node-2: file .*\/run\/typemetal\/metallb-system\/alive$/,
];

let lab: Lab;
let cluster: Cluster;
let helm: Helm;
let audit: AuditLog;
let kubelet: Kubelet;

/** One way to install, with which the same story is told. */
interface Way {
  readonly by: string;
  readonly names: { readonly deployment: string; readonly daemonSet: string };
  install(): Promise<unknown>;
  /** Something that makes every pod anew. */
  upgrade(): Promise<unknown>;
  uninstall(): Promise<unknown>;
  /** What that leaves beside the kinds: the namespace, where it was not made by what is uninstalled. */
  readonly leaves: readonly string[];
  /** What else is seen before that. */
  whileInstalled?(): Promise<void>;
}

const kubectl = (...args: readonly string[]): Promise<string> => lab.control.kubectl(args);

/** Says where addresses come from, once somebody can be asked about it. */
async function createPool(): Promise<void> {
  await cluster.createPool('first', [POOL_RANGES.ipv4]);
  await cluster.create('L2Advertisement', 'first', { spec: {} });
}

/** A kustomization over config/default, as a user has it. */
async function applyOverlay(logLevel: string): Promise<void> {
  const folder = join(lab.folder, 'overlay');
  await mkdir(folder, { recursive: true });
  const patch = (kind: string, name: string): object => ({
    target: { kind, name },
    patch: JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/args/1', value: `--log-level=${logLevel}` }]),
  });
  const kustomization = { resources: [DEFAULT], patches: [patch('Deployment', 'controller'), patch('DaemonSet', 'speaker')] };
  // JSON is YAML too. Kustomize takes folders by a path from its own.
  const text = JSON.stringify(kustomization).replace(DEFAULT, join('../'.repeat(folder.split('/').length - 1), DEFAULT));
  await writeFile(join(folder, 'kustomization.yaml'), text);
  await kubectl('apply', '--server-side', '-k', folder);
}

const WAYS: readonly Way[] = [
  {
    by: 'the chart',
    names: { deployment: 'metallb-controller', daemonSet: 'metallb-speaker' },
    install: () => helm.release('install', { iprange: POOL_RANGES.ipv4 }, '--create-namespace', '--wait'),
    upgrade: () =>
      helm.release('upgrade', { iprange: POOL_RANGES.ipv4, controller: { logLevel: 'debug' }, speaker: { logLevel: 'debug' } }),
    uninstall: () => helm.uninstall(),
    // Of both Helm knows nothing; each namespace is given such an account.
    leaves: ['Namespace /metallb-system', 'ServiceAccount metallb-system/default'],
  },
  {
    by: 'config/default',
    names: { deployment: 'controller', daemonSet: 'speaker' },
    install: async () => {
      await kubectl('apply', '--server-side', '-k', DEFAULT);
      await kindsServed(lab.control);
      await createPool();
    },
    upgrade: () => applyOverlay('debug'),
    whileInstalled: useAllRights,
    uninstall: async () => {
      // By the commands of docs/installation.md: of all that it made, the kinds and what users wrote of them are not to be deleted with it.
      await kubectl('delete', 'deployment,daemonset,service,pdb', '--all', '-n', PRODUCT_NAMESPACE);
      await kubectl('delete', 'clusterrole,clusterrolebinding,validatingwebhookconfiguration', '-l', 'app=metallb');
      await kubectl('delete', 'namespace', PRODUCT_NAMESPACE);
    },
    leaves: [],
  },
];

/** What there is now and was not before, and the other way round, without what keeps it from being deleted. */
async function changesSince(before: ReadonlySet<string>): Promise<readonly string[]> {
  const now = await inventoryOf(lab);
  const added = [...now].filter((line) => !before.has(line));
  const gone = [...before].filter((line) => !now.has(line)).map((line) => `gone: ${line}`);
  return [...added, ...gone].map((line) => line.replace(/ \[".*$/, '').trim()).sort(compareTexts);
}

/** Waits until just this was added to what there was before. */
async function isLeft(before: ReadonlySet<string>, wanted: readonly string[]): Promise<void> {
  let changes: readonly string[] = [];
  const sorted = wanted.toSorted(compareTexts);
  const same = async (): Promise<boolean> => {
    changes = await changesSince(before);
    return JSON.stringify(changes) === JSON.stringify(sorted);
  };
  await eventually('no more is left', same, COLLECTED).catch(() => undefined); // the comparison says what is
  expect(changes).toEqual(sorted);
}

/** Waits until all of {@link MADE} is seen. */
async function isSeen(before: ReadonlySet<string>): Promise<void> {
  const all = async (): Promise<boolean> => {
    const changes = await changesSince(before);
    return MADE.every((pattern) => changes.some((line) => pattern.test(line)));
  };
  await eventually('what the programs make is seen', all, PATIENCE);
}

async function rolledOut({ deployment, daemonSet }: Way['names']): Promise<void> {
  for (const object of [`deployment/${deployment}`, `daemonset/${daemonSet}`]) {
    const done = kubectl('rollout', 'status', object, '-n', PRODUCT_NAMESPACE, ROLLOUT);
    await Promise.race([done, kubelet.ended]).catch(async (cause: unknown) => {
      const logs = [...(await kubelet.programs())].map(async ([name, program]) => `${name}:\n${await program.tail()}`);
      throw new Error(`${object} is not rolled out:\n${(await Promise.all(logs)).join('\n')}`, { cause });
    });
  }
}

/** Gives each part of the product something to do: an object of each kind, and somebody who reads the metrics. */
async function useAllRights(): Promise<void> {
  await kubectl('apply', '-f', SAMPLES);
  const passing = await cluster.createService('passing');
  await cluster.announcedBy('passing');
  await passing[Symbol.asyncDispose]();
  const scraper = await Scraper.allowed(lab.control);
  const hosts = lab.nodes.map(({ host }) => host);
  for (const host of hosts) expect((await scraper.read(host)).status).toBe(200);
  const pods = JSON.parse(await kubectl('get', 'pods', '-n', PRODUCT_NAMESPACE, '-l', 'component=controller', '-o', 'json')).items;
  for (const { status } of pods) {
    const url = `https://${status.podIP}:9120/metrics`;
    const headers = { authorization: scraper.authorization };
    expect((await lab.client.host.agent.ask({ kind: 'http', url, headers, withinMilliseconds: 20_000 })).status).toBe(200);
  }
  await scraper.forget(lab.control);
}

/** What the API server refused for want of a right; without what it let the same account do later, for it takes notice of a right a moment after it has stored it. */
function refusedIn(requests: readonly Write[]): readonly string[] {
  const said = ({ by, verb, group, resource }: Write): string => `${by}: ${verb} ${resource} of "${group}"`;
  const allowed = new Map(requests.filter(({ status }) => status !== 403).map((request) => [said(request), request.receivedAt]));
  const refused = requests.filter((request) => request.status === 403 && request.receivedAt > (allowed.get(said(request)) ?? 0));
  return refused.map((request) => `${said(request)} ${request.name}`);
}

/** A Service gets an address that a client reaches, before and after an upgrade; gives the address. */
async function isInstalled(way: Way): Promise<string> {
  const before = (await audit.writes()).length;
  await way.install();
  await rolledOut(way.names);
  await cluster.createService('web');
  const [address = ''] = await cluster.addressed('web');
  const reached = async (): Promise<boolean> => (await lab.client.http(address)).status === 200;
  await eventually(`${address} answers`, reached, PATIENCE);
  await eventually('four programs run', async () => (await kubelet.programs()).size === 4, PATIENCE);
  const first = new Set((await kubelet.programs()).keys());

  await way.upgrade();
  await rolledOut(way.names);
  // A pod that is told to end is none of the roll-out any more, and may need a moment more.
  const old = async (): Promise<boolean> => [...(await kubelet.programs()).keys()].some((name) => first.has(name));
  await eventually('no old program is left', async () => !(await old()), PATIENCE);
  expect(await cluster.addressesOf('web')).toEqual([address]);
  await eventually(`${address} answers after the upgrade`, reached, PATIENCE);

  await way.whileInstalled?.();
  const requests = (await audit.writes()).slice(before);
  expect(requests.length).toBeGreaterThan(0);
  expect(refusedIn(requests)).toEqual([]);
  return address;
}

/** Takes it away as docs/installation.md says, step by step, while a Service still has its address. */
async function isUninstalled(way: Way, address: string, before: ReadonlySet<string>): Promise<void> {
  await way.uninstall();
  await eventually('its programs are gone', async () => (await kubelet.programs()).size === 0, COLLECTED);
  await settles('nobody answers', async () => expect(await lab.client.resolve(address)).toBeUndefined());
  await kubectl('delete', 'service', 'web');
  await isLeft(before, [...KINDS, ...way.leaves]);
  if (way.leaves.length > 0) await kubectl('delete', 'namespace', PRODUCT_NAMESPACE);
  await isLeft(before, KINDS);
  const kinds = (await kubectl('get', 'crd', '-o', 'name')).match(/^.*\.metallb\.io$/gm) ?? [];
  await kubectl('delete', ...kinds);
  await isLeft(before, []);
}

describeLab('a cluster in which the product is installed', () => {
  beforeAll(async () => {
    const controllers = ['deployment-controller', 'replicaset-controller', 'daemonset-controller'];
    lab = await Lab.start({ nodes: 2, controllers, apiServerFlags: FULL_AUDIT_FLAGS });
    audit = new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log'));
    cluster = new Cluster(lab.control.api);
    helm = await Helm.for(lab.control, lab.folder);
    kubelet = new Kubelet(lab, PRODUCT_NAMESPACE);
  }, START_MILLISECONDS);
  afterAll(async () => {
    await kubelet?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  }, STOP_MILLISECONDS);

  describe.each(WAYS)('by $by', (way) => {
    test(
      'gives a Service an address that a client reaches, is upgraded, and goes without a trace but the kinds',
      async () => {
        const before = await inventoryOf(lab);
        const address = await isInstalled(way);
        await isSeen(before);
        await isUninstalled(way, address, before);
      },
      TEST_MILLISECONDS,
    );
  });

  // What the two ways have done is in the log of the API server.
  test.each(['controller', 'speaker'])('the %s was given nothing that it has no use for', async (account) => {
    const requests = (await audit.writes()).filter(({ by }) => by === account);
    const used = usedRights(requests, account);
    const unused = [...grantedRights(account)].filter((right) => !used.has(right));
    expect(unused.filter((right) => !(right in (USED_ELSEWHERE[account] ?? {})))).toEqual([]);
  });
});
