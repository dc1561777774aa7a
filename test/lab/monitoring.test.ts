import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Helm } from '../../hack/lab/helm.ts';
import type { Host } from '../../hack/lab/host.ts';
import type { Lab, LabNode } from '../../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE } from '../../hack/lab/product.ts';
import { PROMETHEUS_PROGRAMS } from '../../hack/lab/prometheus/programs.ts';
import type { Sample } from '../../hack/lab/prometheus/prometheus.ts';
import { BIRD } from '../../hack/lab/routers/bird.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { Router } from '../../hack/lab/routers/router.ts';
import { queriesOf, readDashboard } from '../support/dashboard.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import {
  alertsOf,
  configuredMonitoring,
  jobsOf,
  type MonitoringObject,
  metricsIn,
  objectsIn,
  rulesOf,
  runRuleTests,
  testedAlerts,
} from './support/alert-rules.ts';
import { blind } from './support/blind.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { WATCHING, WatchedLab } from './support/watched-lab.ts';

/** What is watched of the product, by Debian's Prometheus and its promtool. */

const SERVICE_MONITOR = { serviceMonitor: { enabled: true } };
const POD_MONITOR = { podMonitor: { enabled: true } };
const OUR_AS = 64_500;
const ROUTER_AS = 64_501;

const USAGE = [75, 85, 95].map((percent) => `MetalLBAddressPoolUsage${percent}Percent`);

/** Some alerts, one after the other. */
const TEST_MILLISECONDS = 900_000;

let home = '';
let helm: Helm;
let watched: WatchedLab;
let router: Host;

/** The chart's objects for Prometheus with these values. */
async function chartMonitoring(prometheus: object, more: object = {}): Promise<readonly MonitoringObject[]> {
  const values = { prometheusRule: { enabled: true }, serviceAccount: 'prometheus-k8s', namespace: 'monitoring', ...prometheus };
  return objectsIn(await helm.render({ prometheus: values, ...more }));
}

const RULES: readonly { readonly of: string; readonly objects: () => Promise<readonly MonitoringObject[]> }[] = [
  { of: 'config/prometheus', objects: configuredMonitoring },
  { of: 'the chart', objects: () => chartMonitoring(SERVICE_MONITOR) },
  { of: 'the chart, by pods', objects: () => chartMonitoring(POD_MONITOR) },
  { of: 'the chart under another name', objects: () => chartMonitoring(SERVICE_MONITOR, { fullnameOverride: 'edge' }) },
  { of: 'the chart with another name in it', objects: () => chartMonitoring(SERVICE_MONITOR, { nameOverride: 'lb' }) },
  {
    of: 'the chart with jobs by component',
    objects: () => chartMonitoring({ serviceMonitor: { enabled: true, jobLabel: 'app.kubernetes.io/component' } }),
  },
  {
    of: 'the chart with jobs by instance, by pods, under another name',
    objects: () => chartMonitoring({ podMonitor: { enabled: true, jobLabel: 'app.kubernetes.io/instance' } }, { fullnameOverride: 'edge' }),
  },
  {
    of: 'the chart with jobs named after the Services',
    objects: () => chartMonitoring({ serviceMonitor: { enabled: true, jobLabel: 'no-such-label' } }, { fullnameOverride: 'edge' }),
  },
];

function rules(): void {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'typemetal-rules-'));
    helm = await Helm.for({ adminKubeconfig: join(home, 'none') }, home);
  }, START_MILLISECONDS);
  afterAll(() => rm(home, { recursive: true, force: true }));

  test.each(RULES)('of $of: each fires for what it is about, and for nothing else', async ({ of, objects }) => {
    const found = await objects();
    const jobs = jobsOf(found);
    expect(jobs).toHaveLength(2);
    for (const job of new Set(jobs)) await runRuleTests(join(home, of.replaceAll(/\W/g, '-')), rulesOf(found), job);
  });

  test('are the same alerts in both, each of which is seen both firing and quiet', async () => {
    const configured = alertsOf(rulesOf(await configuredMonitoring())).map(({ alert }) => alert);
    expect(alertsOf(rulesOf(await chartMonitoring({}))).map(({ alert }) => alert)).toEqual(configured);
    const { firing, quiet } = await testedAlerts();
    expect(firing).toEqual(new Set(configured));
    expect(quiet).toEqual(new Set(configured));
  });

  test('of another job are nobody else’s', async () => {
    const found = rulesOf(await chartMonitoring(SERVICE_MONITOR));
    await expect(runRuleTests(join(home, 'other'), found, 'another-job')).rejects.toThrow('MetalLBStaleConfig');
  });
}

/** A product that has something to do, and a router that does not answer yet. */
async function start(): Promise<void> {
  watched = await WatchedLab.start();
  const { cluster, lab } = watched.installed;
  await cluster.createPool('small', ['198.51.100.200/32']);
  await cluster.create('L2Advertisement', 'all', { spec: {} });
  await cluster.create('BGPAdvertisement', 'all', { spec: {} });
  router = await lab.addHost('router');
  const peerAddress = router.addresses.ipv4;
  await cluster.create('BGPPeer', 'router', { spec: { myASN: OUR_AS, peerASN: ROUTER_AS, peerAddress, connectTime: '1s' } });
}

function prometheus(): void {
  test('finds all processes by the monitors of config/prometheus, and is let in with its token', async () => {
    const seen = async (): Promise<boolean> => {
      await watched.prometheus.discover();
      const targets = await watched.prometheus.targets();
      return targets.length === 4 && targets.every(({ health }) => health === 'up');
    };
    await eventually('four targets are up', seen, { ...WATCHING, pauseMilliseconds: 1_000 });
    const targets = await watched.prometheus.targets();
    const jobs = targets.map(({ labels, scrapeUrl }) => `${labels.job} ${new URL(scrapeUrl).protocol}${new URL(scrapeUrl).pathname}`);
    const of = (who: string): string => `${who}-monitor-service https:/metrics`;
    expect(jobs.sort()).toEqual([of('controller'), of('controller'), of('speaker'), of('speaker')]);
  });

  test('is told of each metric that a rule names', async () => {
    const named = alertsOf(watched.rules).flatMap(({ expr }) => metricsIn(expr));
    expect(named.length).toBeGreaterThan(alertsOf(watched.rules).length);
    const told = await watched.prometheus.metrics();
    expect(named.filter((name) => !told.has(name))).toEqual([]);
  });

  test(
    'a pool that is exhausted: the alerts wait, fire, and are over when it has more addresses',
    async () => {
      const { cluster } = watched.installed;
      await cluster.createService('web');
      await cluster.addressed('web');
      expect(await watched.firing('MetalLBAddressPoolExhausted', 1)).toMatchObject([{ pool: 'small', severity: 'critical' }]);
      for (const alert of USAGE) expect(await watched.firing(alert, 1)).toMatchObject([{ pool: 'small' }]);
      await cluster.createService('next');
      expect(await watched.firing('TypeMetalServicesPending', 1)).toMatchObject([{ reason: 'PoolExhausted' }]);
      await cluster.patch('IPAddressPool', 'small', { spec: { addresses: ['198.51.100.200/30'] } });
      await cluster.addressed('next');
      for (const alert of ['MetalLBAddressPoolExhausted', ...USAGE, 'TypeMetalServicesPending']) await watched.quiet(alert);
    },
    TEST_MILLISECONDS,
  );

  test(
    'a router that does not answer: one alert for each node, until it does',
    async () => {
      const { lab } = watched.installed;
      const peer = `${router.addresses.ipv4}:179`;
      const down = await watched.firing('MetalLBBGPSessionDown', lab.nodes.length);
      expect(down.map(({ peer: with_, pod }) => [with_, pod?.startsWith('speaker-')])).toEqual(lab.nodes.map(() => [peer, true]));
      await Router.start(lab.sandbox, BIRD, router, birdFor(lab));
      await watched.quiet('MetalLBBGPSessionDown');
      const up = async (): Promise<boolean> =>
        (await watched.prometheus.query(`metallb_bgp_session_up{peer="${peer}"} == 1`)).length === lab.nodes.length;
      await eventually('all sessions are up', up, WATCHING);
    },
    TEST_MILLISECONDS,
  );
}

/** What is there of the pods of one component, by their names. */
async function of<Part>(
  component: 'controller' | 'speaker',
  parts: Promise<ReadonlyMap<string, Part>>,
): Promise<readonly [string, Part][]> {
  return [...(await parts)].filter(([pod]) => pod.startsWith(`${component}-`));
}

async function configuration(): Promise<void> {
  const { cluster, lab } = watched.installed;
  const spec = { myASN: OUR_AS, peerASN: ROUTER_AS, peerAddress: '198.51.100.9', bfdProfile: 'none-such' };
  {
    await using _peer = await cluster.create('BGPPeer', 'unfinished', { spec });
    // The speakers, and the controller that leads.
    await watched.firing('MetalLBStaleConfig', lab.nodes.length + 1);
  }
  await watched.quiet('MetalLBStaleConfig');
}

async function unread(): Promise<void> {
  const { installed } = watched;
  const [[pod, program] = []] = await of('speaker', installed.programs());
  await installed.kubectl('delete', 'rolebinding', 'speaker', '-n', PRODUCT_NAMESPACE);
  await program?.kill();
  expect(await watched.firing('MetalLBConfigNotLoaded', 1)).toMatchObject([{ pod }]);
  await installed.apply('rbac');
  await watched.quiet('MetalLBConfigNotLoaded');
}

async function missingRoutes(): Promise<void> {
  const { cluster, lab } = watched.installed;
  await cluster.patch('IPAddressPool', 'small', { spec: { addresses: ['198.51.100.200/30', '2001:db8:51::c800/126'] } });
  {
    await using _both = await cluster.createService('both', { spec: { ipFamilyPolicy: 'RequireDualStack' } });
    await watched.firing('TypeMetalBGPRoutesMissing', lab.nodes.length);
  }
  await watched.quiet('TypeMetalBGPRoutesMissing');
}

async function forbidden(): Promise<void> {
  const { installed } = watched;
  await installed.kubectl('delete', 'clusterrolebinding', 'metallb-system:controller');
  await using _barred = await installed.cluster.createService('barred');
  await watched.firing('TypeMetalReconcileFailing', 1);
  await installed.apply('rbac');
  await installed.cluster.addressed('barred');
  await watched.quiet('TypeMetalReconcileFailing');
}

async function cut(): Promise<void> {
  const controllers = await of('controller', watched.installed.hosts());
  {
    await using cuts = new AsyncDisposableStack();
    for (const [, host] of controllers) cuts.use(await blind(host));
    const unreachable = await watched.firing('TypeMetalAPIServerUnreachable', controllers.length);
    expect(new Set(unreachable.map(({ pod }) => pod))).toEqual(new Set(controllers.map(([pod]) => pod)));
    await watched.firing('TypeMetalNoLeader', 1);
  }
  for (const alert of ['TypeMetalAPIServerUnreachable', 'TypeMetalNoLeader']) await watched.quiet(alert);
}

async function stopped(): Promise<void> {
  const controllers = await of('controller', watched.installed.programs());
  try {
    for (const [, program] of controllers) program.pause();
    await watched.firing('TypeMetalNoLeader', 1);
  } finally {
    for (const [, program] of controllers) program.resume();
  }
  await watched.quiet('TypeMetalNoLeader');
}

function faults(): void {
  test(
    'a peer of which a part is not there: an alert of each process that goes by what was before, until it is gone',
    configuration,
    TEST_MILLISECONDS,
  );
  test('a speaker that starts and may read nothing: an alert of it, until it may', unread, TEST_MILLISECONDS);
  test('a router that takes no IPv6: an alert of each node, as long as there is such a route', missingRoutes, TEST_MILLISECONDS);
  test('a controller that may not write: an alert, until it may', forbidden, TEST_MILLISECONDS);
  test('controllers that do not reach the API server: an alert of each, and that nobody leads, until they do', cut, TEST_MILLISECONDS);
  test('controllers that stand still: an alert that nobody leads, until they go on', stopped, TEST_MILLISECONDS);
  test('each alert that there is has been seen to fire', () => {
    expect(watched.fired).toEqual(new Set(alertsOf(watched.rules).map(({ alert }) => alert)));
  });
}

async function someOf(samples: Promise<readonly Sample[]>): Promise<readonly Sample[] | undefined> {
  const found = await samples;
  return found.length > 0 ? found : undefined;
}

function panels(): void {
  beforeAll(async () => {
    const { cluster } = watched.installed;
    // What is shown of faults is there while there is one.
    await cluster.createService('lacking', { annotations: { 'metallb.io/address-pool': 'none-such' } });
    await watched.firing('TypeMetalServicesPending', 1);
    const answered = async (): Promise<boolean> => {
      const [address = ''] = await cluster.addressesOf('web');
      await watched.installed.lab.client.http(address);
      return (await watched.prometheus.query('metallb_layer2_responses_sent > 0')).length > 0;
    };
    await eventually('a question of ARP was counted', answered, WATCHING);
  }, START_MILLISECONDS);

  test(
    'each query gives series, with the labels of its legend, and each metric in it is one that somebody has',
    async () => {
      const queries = queriesOf(await readDashboard(), '30s');
      expect(queries.length).toBeGreaterThan(30);
      const names = new Set(await watched.prometheus.valuesOf('__name__'));
      for (const { of, expression, labels } of queries) {
        // A rate needs two readings.
        const series = await eventually(`${of} has series`, () => someOf(watched.prometheus.query(expression)), WATCHING);
        expect([of, ...labels.filter((label) => series.every(({ metric }) => metric[label] === undefined))]).toEqual([of]);
        expect([of, ...metricsIn(expression).filter((name) => !names.has(name))]).toEqual([of]);
      }
    },
    TEST_MILLISECONDS,
  );
}

/** A router that takes a session with each node, and what it is told. */
function birdFor({ nodes }: Lab): string {
  const session = ({ name, host }: LabNode): string => `protocol bgp ${name.replaceAll('-', '_')} {
    local as ${ROUTER_AS};
    neighbor ${host.addresses.ipv4} as ${OUR_AS};
    passive on;
    ipv4 { import all; export none; };
  }`;
  return [`router id ${router.addresses.ipv4};`, 'protocol device {}', ...nodes.map(session)].join('\n');
}

await describeLabWith(
  [...PROMETHEUS_PROGRAMS, ...ROUTER_PROGRAMS.filter(({ program }) => program === 'bird')],
  'the product, watched',
  () => {
    describe('by alert rules', rules);
    describe('by Prometheus', () => {
      beforeAll(start, START_MILLISECONDS);
      afterAll(() => watched?.[Symbol.asyncDispose](), STOP_MILLISECONDS);
      describe('who', prometheus);
      describe('of what goes wrong', faults);
      describe('whose dashboard', panels);
    });
  },
);
