import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { AuditLog, FULL_AUDIT_FLAGS, type Write } from '../../hack/lab/audit-log.ts';
import { Helm, type Release } from '../../hack/lab/helm.ts';
import { Kubelet } from '../../hack/lab/kubelet.ts';
import { Lab } from '../../hack/lab/lab.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { manifest, poolOf } from './support/admission-lab.ts';
import { Cluster, PATIENCE } from './support/cluster.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** Two installations in one cluster and on the same nodes, told apart by class and namespace: neither does anything about what is the other's. */

const CLASS = 'example.com/second';
/** Pods of a removed release go when the garbage collector of Kubernetes has noticed. */
const REMOVED = { withinMilliseconds: 240_000 };
const TEST_MILLISECONDS = 900_000;

/** One installation, the range that its addresses are of, and the values that it is installed with. */
interface Installation {
  readonly release: Release;
  /** What the names of its objects begin with. */
  readonly fullName: string;
  /** All of its addresses begin so. */
  readonly prefix: string;
  readonly values: object;
}

const FIRST: Installation = {
  release: { name: 'metallb', namespace: 'metallb-system' },
  fullName: 'metallb',
  prefix: '198.51.100.20',
  values: { iprange: '198.51.100.200-198.51.100.209' },
};
/** As docs/installation.md says: another class, other ports on the nodes, and the kinds are the first one's. */
const SECOND: Installation = {
  release: { name: 'second', namespace: 'second-system' },
  fullName: 'second-metallb',
  prefix: '198.51.100.21',
  values: {
    iprange: '198.51.100.210-198.51.100.219',
    loadBalancerClass: CLASS,
    crds: { enabled: false },
    prometheus: { metricsPort: 9121 },
    speaker: { livenessProbe: { port: 17_473 } },
  },
};
/** A Service for each of them. */
const SERVICES = [
  { name: 'web', draft: {}, of: FIRST },
  { name: 'classed', draft: { spec: { loadBalancerClass: CLASS } }, of: SECOND },
];

let lab: Lab;
let cluster: Cluster;
let audit: AuditLog;
const kubelets = new Map<Installation, Kubelet>();
const helms = new Map<Installation, Helm>();

const kubectl = (...args: readonly string[]): Promise<string> => lab.control.kubectl(args);

/** Helm for one of them; throws before it was installed. */
function helmOf(installation: Installation): Helm {
  const helm = helms.get(installation);
  if (helm === undefined) throw new Error(`${installation.release.name} is not installed`);
  return helm;
}

async function install(installation: Installation): Promise<void> {
  const { release, values } = installation;
  const kubelet = new Kubelet(lab, release.namespace);
  kubelets.set(installation, kubelet);
  const helm = await Helm.for(lab.control, lab.folder, release);
  helms.set(installation, helm);
  const done = helm.release('install', values, '--create-namespace', '--wait');
  await Promise.race([done, kubelet.ended.then(() => done)]).catch(async (cause: unknown) => {
    const logs = [...(await kubelet.programs())].map(async ([name, program]) => `${name}:\n${await program.tail()}`);
    throw new Error(`${release.name} is not installed:\n${(await Promise.all(logs)).join('\n')}`, { cause });
  });
}

/** Makes a Service, and gives the address of the installation that is to serve it once a client reaches it. */
async function reachedAt({ name, draft, of }: (typeof SERVICES)[number]): Promise<string> {
  await cluster.createService(name, draft);
  const [address = ''] = await cluster.addressed(name);
  expect(address.startsWith(of.prefix)).toBe(true);
  await reached(address);
  return address;
}

/** A client that knows nothing yet reaches the address. */
async function reached(address: string): Promise<void> {
  await lab.client.forget(address);
  await eventually(`${address} answers`, async () => (await lab.client.http(address)).status === 200, PATIENCE);
}

/** Of which Services an installation says that it announces them. */
async function announcedIn({ release }: Installation): Promise<readonly string[]> {
  const services = '{range .items[*]}{.status.serviceName}{"\\n"}{end}';
  return linesOf(await kubectl('get', 'servicel2statuses', '-n', release.namespace, '-o', `jsonpath=${services}`));
}

/** The objects of the cluster, not of a namespace, that an installation has. */
async function globalsOf({ fullName }: Installation): Promise<readonly string[]> {
  const names = linesOf(await kubectl('get', 'clusterrole,clusterrolebinding,validatingwebhookconfiguration', '-o', 'name'));
  return names.filter((name) => new RegExp(`/${fullName}[:-]`).test(name));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Which accounts wrote the status of a Service. */
async function writersOf(service: string): Promise<readonly string[]> {
  const isWrite = ({ resource, name, verb }: Write): boolean => resource === 'services/status' && name === service && verb !== 'get';
  return [...new Set((await audit.writes()).filter(isWrite).map(({ by }) => by))];
}

/** Waits until the API server can ask the webhooks of both. */
async function webhooksTrusted(): Promise<void> {
  const bundles = '{range .items[*].webhooks[*]}{.clientConfig.caBundle}{"\\n"}{end}';
  const trusted = async (): Promise<boolean> =>
    linesOf(await kubectl('get', 'validatingwebhookconfiguration', '-o', `jsonpath=${bundles}`)).length === 12;
  await eventually('the API server trusts both', trusted, PATIENCE);
}

/** Tries to make an object of the configuration, and gives what is said of it; nothing for one that would be taken. */
async function refusalOf(namespace: string, object: ReturnType<typeof manifest>): Promise<string> {
  const stdin = JSON.stringify({ ...object, metadata: { ...object.metadata, namespace } });
  return await lab.control.kubectl(['create', '--dry-run=server', '-f', '-'], { stdin }).then(
    () => '',
    (cause: Error) => cause.message,
  );
}

/** What the speakers of an installation keep on a node. */
async function keptOn(node: string, { release }: Installation): Promise<readonly string[]> {
  return await readdir(join(lab.folder, 'nodes', node, 'run', 'typemetal', release.namespace));
}

function together(): void {
  test(
    'each gives and announces the addresses of its Services, and of no other',
    async () => {
      for (const service of SERVICES) await reachedAt(service);
      for (const { name, of } of SERVICES) {
        await eventually(`${name} is announced`, async () => (await announcedIn(of)).join() === name, PATIENCE);
        expect(await writersOf(name)).toEqual([`${of.fullName}-controller`]);
      }
    },
    TEST_MILLISECONDS,
  );

  test('neither judges the configuration of the other', async () => {
    await webhooksTrusted();
    const taken = [FIRST, SECOND].map(({ prefix }) => poolOf('another', `${prefix}0/31`));
    const overlap = 'overlaps with already defined';
    // The server may take notice of whom to trust a moment after it has stored it, and lets pass until then.
    await settles('each judges its own', async () => {
      const refusals = [FIRST, SECOND].map(({ release }) => Promise.all(taken.map((pool) => refusalOf(release.namespace, pool))));
      const [[first, other], [another, second]] = (await Promise.all(refusals)) as [[string, string], [string, string]];
      expect([first.includes(overlap), other, another, second.includes(overlap)]).toEqual([true, '', '', true]);
    });
  });

  test('what lies in no installation is refused', async () => {
    const text = /resource must be created in (metallb|second)-system namespace/;
    await settles('it is refused', async () => expect(await refusalOf('default', manifest('L2Advertisement', 'lost', {}))).toMatch(text));
  });
}

function apart(): void {
  test(
    'when the first goes, with all that it has, the second goes on',
    async () => {
      const [[web = ''], [classed = '']] = await Promise.all([cluster.addressesOf('web'), cluster.addressesOf('classed')]);
      const before = await globalsOf(SECOND);
      await helmOf(FIRST).uninstall();
      await eventually('its programs are gone', async () => (await kubelets.get(FIRST)?.programs())?.size === 0, REMOVED);
      expect([await globalsOf(FIRST), await globalsOf(SECOND)]).toEqual([[], before]);
      for (const { name } of lab.nodes) {
        expect(await keptOn(name, FIRST)).toEqual([]);
        expect(await keptOn(name, SECOND)).toContain('alive');
      }
      await reached(classed);
      await reachedAt({ name: 'later', draft: { spec: { loadBalancerClass: CLASS } }, of: SECOND });
      const overlapping = poolOf('another', `${SECOND.prefix}0/31`);
      await settles('it is refused', async () => expect(await refusalOf(SECOND.release.namespace, overlapping)).toContain('overlaps'));
      await settles('nobody answers', async () => expect(await lab.client.resolve(web)).toBeUndefined());
    },
    TEST_MILLISECONDS,
  );
}

describeLab('two installations in one cluster', () => {
  beforeAll(async () => {
    const controllers = ['deployment-controller', 'replicaset-controller', 'daemonset-controller'];
    lab = await Lab.start({ nodes: 2, controllers, apiServerFlags: FULL_AUDIT_FLAGS });
    cluster = new Cluster(lab.control.api);
    audit = new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log'));
    for (const installation of [FIRST, SECOND]) await install(installation);
  }, START_MILLISECONDS);
  afterAll(async () => {
    for (const kubelet of kubelets.values()) await kubelet[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  }, STOP_MILLISECONDS);

  describe('while both are there', together);
  describe('when one is removed', apart);
});
