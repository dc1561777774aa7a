import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { type Lent, PATIENCE } from './support/cluster.ts';
import { pathsOf } from './support/frr-view.ts';
import { alarmingLines, logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { RouteScene } from './support/route-scene.ts';
import { settles } from './support/settles.ts';

/** How traffic is divided among nodes, and moved from those that leave, as routers do it that are told so. */

/** The second node takes its time to leave, so that there is time to look. */
const ENVIRONMENTS = { 'node-2': { TYPEMETAL_BGP_DRAIN: '600' } };

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers';

let scene: RouteScene;

async function bandwidths(address: string): Promise<readonly string[]> {
  return (await pathsOf(scene.tor.router, `${address}/32`)).map(({ extendedCommunities }) => extendedCommunities);
}

function weights(): void {
  test('each node says how many endpoints it has, and the kernel of the router divides the traffic like that', async () => {
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [3, 1, 0], { annotations: { 'metallb.io/weight-by-endpoints': 'NonTransitive' } });
    await scene.tor.routesOver(`${service.address}/32`, scene.nodes.slice(0, 2));
    const wanted = ['LB:64512:375000000 (3.000 Gbps)', 'LB:64512:125000000 (1.000 Gbps)'];
    await settles('the weights', async () => expect(await bandwidths(service.address)).toEqual(wanted));
    await scene.divided(service.address, '75:25:0');
    await service.serveOn([1, 1, 2]);
    await scene.divided(service.address, '25:25:50');
    await scene.product.cluster.patch('Service', 'web', { metadata: { annotations: { 'metallb.io/weight-by-endpoints': 'None' } } });
    await scene.divided(service.address, '1:1:1');
  });

  test('an advertisement weighs all its routes, and a node without endpoints takes little', async () => {
    await using _all = await scene.advertise('all', { weightByEndpoints: 'Transitive' });
    await using service = await scene.served('web', [3, 1, 0], { spec: { externalTrafficPolicy: 'Cluster' } });
    await scene.tor.routesOver(`${service.address}/32`, scene.nodes);
    const wanted = ['LB:64512:375000000 (3.000 Gbps)', 'LB:64512:125000000 (1.000 Gbps)', 'LB:64512:1250000 (10.000 Mbps)'];
    await settles('the weights', async () => expect(await bandwidths(service.address)).toEqual(wanted));
    await scene.divided(service.address, '74:24:1');
  });
}

function draining(): void {
  test('a node that is labelled tells routers first and goes then, and no client notices', async () => {
    await using _all = await scene.advertise('all');
    await using _service = await scene.product.cluster.createService('web');
    const [address = ''] = await scene.product.cluster.addressed('web');
    await scene.tor.routesOver(`${address}/32`, scene.nodes);
    const [leaving = ''] = scene.nodes;
    await scene.hear();
    const { client } = scene.product.lab;
    await client.host.run(['ip', 'route', 'replace', '203.0.113.0/24', 'via', scene.tor.address]);
    await eventually('the client is answered', async () => (await client.http(address)).status === 200, PATIENCE);
    const before = (await scene.toldBy(leaving)).length;
    await using _mark = await scene.mark('node-1', 'labels', EXCLUDE);
    const answers: number[] = [];
    const gone = async (): Promise<boolean> => {
      const answer = client.http(address).then(
        ({ status }) => status,
        () => 0,
      );
      answers.push(await answer);
      return (await scene.tor.nextHops(`${address}/32`)).join() === scene.nodes.slice(1).join();
    };
    await eventually('its route is gone', gone, PATIENCE);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    const told = [expect.stringContaining('graceful-shutdown'), expect.stringContaining('withdrawn')];
    await settles('what the router was told', async () => expect((await scene.toldBy(leaving)).slice(before)).toEqual(told));
  });

  test.each([
    { by: 'the label', kind: 'labels', name: EXCLUDE },
    { by: 'the annotation', kind: 'annotations', name: 'metallb.io/bgp-drain' },
  ] as const)('routers prefer others to a node with $by, until it is taken back', async ({ kind, name }) => {
    await using _all = await scene.advertise('all', { localPref: 200, communities: ['64512:7'] });
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await scene.tor.routesOver(prefix, scene.nodes);
    await scene.core.routesOver(prefix, scene.nodes);
    {
      await using _mark = await scene.mark('node-2', kind, name);
      await scene.divided(service.address, '1:0:1');
      await settles('the communities', async () => {
        const [, ofNeighbour] = await pathsOf(scene.tor.router, prefix);
        expect(ofNeighbour?.communities.split(' ').sort()).toEqual(['64512:7', 'graceful-shutdown']);
      });
      await scene.seen('the preference within the AS is 0', scene.core, prefix, (paths) => paths[1]?.localPreference === 0);
    }
    await scene.divided(service.address, '1:1:1');
    await scene.seen('the preference is the old one', scene.core, prefix, (paths) => paths[1]?.localPreference === 200);
    const communities = async (): Promise<readonly string[]> => (await pathsOf(scene.core.router, prefix)).map((path) => path.communities);
    await settles('the old communities', async () => expect(await communities()).toEqual(['64512:7', '64512:7', '64512:7']));
  });
}

/** A DaemonSet that owns the speaker of a node; nobody here makes pods of it. */
async function ownSpeakerOf(node: string): Promise<Lent> {
  const labels = { app: 'metallb', component: 'speaker' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'speaker', image: 'typemetal' }] } };
  const owner = await scene.product.cluster.create('DaemonSet', 'speaker', { spec: { selector: { matchLabels: labels }, template } });
  const { name, uid } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid, controller: true }];
  await scene.product.cluster.patch('Pod', `speaker-${node}`, { metadata: { ownerReferences } });
  return owner;
}

function removal(): void {
  test('a speaker whose DaemonSet was removed has routers move their traffic before it ends', async () => {
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await using owner = await ownSpeakerOf('node-3');
    const speaker = scene.product.speaker('node-3');
    await speaker.program.stop();
    await scene.tor.routesOver(prefix, scene.nodes.slice(0, 2));
    speaker.start();
    await speaker.ready();
    await scene.tor.routesOver(prefix, scene.nodes);
    const [, , leaving = ''] = scene.nodes;
    await scene.hear();
    const before = (await scene.toldBy(leaving)).length;
    await owner[Symbol.asyncDispose]();
    const said = async (): Promise<boolean> =>
      (await logOf(speaker)).some(({ msg }) => msg.includes('DaemonSet of this speaker was removed'));
    await eventually('the speaker has noticed', said, PATIENCE);
    await speaker.program.stop(PATIENCE.withinMilliseconds);
    await scene.tor.routesOver(prefix, scene.nodes.slice(0, 2));
    const told = [expect.stringContaining('graceful-shutdown')];
    await settles('what the router was told', async () => expect((await scene.toldBy(leaving)).slice(before)).toEqual(told));
    expect(await scene.tor.router.order(`show bgp neighbors ${leaving}`)).toContain('Administrative Shutdown');
    speaker.start();
    await speaker.ready();
  });
}

await describeLabWith(ROUTER_PROGRAMS, 'traffic that is divided and moved by BGP', () => {
  beforeAll(async () => {
    scene = await RouteScene.start(ENVIRONMENTS);
  }, START_MILLISECONDS);
  afterAll(() => scene?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('weights', weights);
  describe('a node that leaves', draining);
  describe('a speaker that is removed', removal);
  test('nobody has crashed', async () => {
    for (const process of scene.product.processes) expect(await alarmingLines(process)).toEqual([]);
  });
});
