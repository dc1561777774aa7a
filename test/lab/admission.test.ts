import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiError } from '../../hack/kubernetes/api-client.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { CONFIGURATION_ROWS, type ConfigurationDraft } from '../support/configuration-rows.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { AdmissionLab, type Manifest, manifest, poolOf } from './support/admission-lab.ts';
import { Cluster, PATIENCE } from './support/cluster.ts';
import { alarmingLines, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** What people hear from the webhooks when they change the configuration, through a real API server that really asks them. */

let it: AdmissionLab;
let controller: ProductProcess;

/** The webhook of each kind, by its name in MetalLB's manifests. */
const WEBHOOKS: Readonly<Record<string, string>> = {
  IPAddressPool: 'ipaddresspoolvalidationwebhook.metallb.io',
  L2Advertisement: 'l2advertisementvalidationwebhook.metallb.io',
  BGPAdvertisement: 'bgpadvertisementvalidationwebhook.metallb.io',
  BGPPeer: 'bgppeersvalidationwebhook.metallb.io',
  BFDProfile: 'bfdprofilevalidationwebhook.metallb.io',
  Community: 'communityvalidationwebhook.metallb.io',
};
const denied = (kind: string, message: string): string => `admission webhook "${WEBHOOKS[kind]}" denied the request: ${message}`;

const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '198.51.100.1' };

const objectOf = ({ kind, name, spec }: ConfigurationDraft): Manifest => {
  const { spec: _none, ...rest } = manifest(kind, name, {});
  return spec === undefined ? rest : { ...rest, spec };
};

/** Nobody reads Secrets for a review, so nothing is said of them: rows about them are for the conditions. */
const ROWS = CONFIGURATION_ROWS.filter(({ fault }) => !fault.startsWith('a Secret'));

function messages(): void {
  test.each(ROWS.filter(({ transient }) => transient !== true))('$fault', async ({ given, says, server }) => {
    await using undo = new AsyncDisposableStack();
    const last = given.at(-1);
    if (last === undefined) throw new Error('a row without an object');
    for (const draft of given.slice(0, -1)) undo.use(await it.lend(objectOf(draft)));
    expect(await it.refusal(objectOf(last))).toContain(server ?? denied(last.kind, says.trimEnd()));
  });

  test.each(ROWS.filter(({ transient }) => transient === true))('$fault: let in with a warning', async ({ given, says }) => {
    const [draft] = given;
    if (draft === undefined) throw new Error('a row without an object');
    await using _lent = await it.lend(objectOf(draft));
    await it.remove(objectOf(draft));
    const said = await it.refusal(objectOf(draft), '--warnings-as-errors', '--dry-run=server');
    for (const line of says.split('\n')) expect(said).toContain(line);
  });

  test('as kubectl shows it, to the letter', async () => {
    expect(await it.refusal(poolOf('a'))).toBe(
      'kubectl apply -f -: Error from server (Forbidden): error when creating "STDIN": admission webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the request: parsing address pool a: pool has no prefixes defined',
    );
  });

  test.each([
    poolOf('a', '198.18.0.0/28'),
    manifest('L2Advertisement', 'a', {}),
    manifest('BGPAdvertisement', 'a', {}),
    manifest('BGPPeer', 'a', { ...PEER, disableMP: true }),
    manifest('BFDProfile', 'a', {}),
    manifest('Community', 'a', { communities: [] }),
  ])('a $kind in another namespace', async (object) => {
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'default' } };
    expect(await it.refusal(elsewhere)).toContain(denied(object.kind, 'resource must be created in metallb-system namespace'));
  });
}

function changes(): void {
  test('an edit that spoils an object is refused, and one that does not is taken', async () => {
    await using _pool = await it.lend(poolOf('a', '198.18.0.0/28'));
    expect(await it.refusal(poolOf('a', 'nonsense'))).toContain('denied the request: parsing address pool a: invalid CIDR "nonsense"');
    await it.apply(poolOf('a', '198.18.0.0/27'));
    await it.kubectl(['label', 'ipaddresspool', '-n', 'metallb-system', 'a', 'team=red']);
  });

  test('a pool that an advertisement does not fit any more', async () => {
    await using _pool = await it.lend(poolOf('a', '198.18.0.0/24'));
    await using _advertisement = await it.lend(manifest('BGPAdvertisement', 'b', { ipAddressPools: ['a'], aggregationLength: 26 }));
    expect(await it.refusal(poolOf('a', '198.18.0.0/28'))).toContain(
      denied('IPAddressPool', 'invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length'),
    );
  });

  test('a BFD profile that comes, or changes, to what a peer cannot use', async () => {
    await using _pool = await it.lend(poolOf('six', '2001:db8:2::/64'));
    await using _advertisement = await it.lend(manifest('BGPAdvertisement', 'sixth', { ipAddressPools: ['six'] }));
    await using peer = await it.lend(manifest('BGPPeer', 'router', { ...PEER, bfdProfile: 'echo' }));
    const text = 'pool six has bgpadvertisement sixth which references peer router which has bfd echo enabled, which is not possible';
    const echo = manifest('BFDProfile', 'echo', { echoMode: true });
    expect(await it.refusal(echo)).toContain(denied('BFDProfile', text));
    await using _profile = await it.lend(manifest('BFDProfile', 'echo', {}));
    expect(await it.refusal(echo)).toContain(denied('BFDProfile', text));
    await peer[Symbol.asyncDispose](); // what is in use is not deleted
  });

  test('a BFD profile that a peer uses is not deleted; when the peer has gone it is', async () => {
    await using _profile = await it.lend(manifest('BFDProfile', 'fast', {}));
    await using peer = await it.lend(manifest('BGPPeer', 'router', { ...PEER, bfdProfile: 'fast' }));
    await expect(it.remove(manifest('BFDProfile', 'fast', {}))).rejects.toThrow(
      denied('BFDProfile', 'failed to delete BFDProfile fast, used by BGPPeer router'),
    );
    await peer[Symbol.asyncDispose]();
    await settles('the profile can be deleted', () => it.remove(manifest('BFDProfile', 'fast', {})));
  });

  test('a peer written in the old version is checked as well', async () => {
    const old = { ...manifest('BGPPeer', 'old', { ...PEER, peerAddress: 'router' }), apiVersion: 'metallb.io/v1beta1' };
    expect(await it.refusal(old)).toContain(denied('BGPPeer', 'parsing peer old invalid BGPPeer address "router"'));
  });

  test('a deprecated field is a warning, and excuses nothing', async () => {
    const warned = await it.refusal(manifest('BGPPeer', 'a', { ...PEER, disableMP: true }), '--warnings-as-errors', '--dry-run=server');
    expect(warned).toContain("Warning: disable mp is deprecated and has no effect since it's the default behavior now");
    const refused = await it.refusal(manifest('BGPPeer', 'a', { ...PEER, myASN: 0, disableMP: true }));
    expect(refused).toContain(denied('BGPPeer', 'parsing peer a missing local ASN'));
  });

  test('objects that need each other are taken in one file, and deleted again', async () => {
    const items = [
      poolOf('a', '198.18.0.0/24'),
      manifest('Community', 'c', { communities: [{ name: 'blue', value: '1:2' }] }),
      manifest('BGPAdvertisement', 'b', { ipAddressPools: ['a'], communities: ['blue'], aggregationLength: 24 }),
      manifest('BFDProfile', 'fast', {}),
      manifest('BGPPeer', 'router', { ...PEER, bfdProfile: 'fast' }),
    ];
    const list = { apiVersion: 'v1', kind: 'List', items };
    await it.apply(list, '--warnings-as-errors');
    await it.kubectl(['delete', '-f', '-'], { ...list, items: items.toReversed() });
  });
}

const PATH = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';

/** Creates a pool past kubectl, which is slow; what the server says when it refuses. */
async function post(object: Manifest, query = ''): Promise<string> {
  const { api } = it.lab.control;
  return await api.post(`${PATH}${query}`, { ...object }).then(
    () => 'taken',
    (refused: unknown) => (refused instanceof ApiError ? refused.message : Promise.reject(refused)),
  );
}

function atOnce(): void {
  test('of two pools that overlap and come at the same moment, one is taken', async () => {
    for (let round = 0; round < 30; round++) {
      const outcomes = await Promise.all([post(poolOf('left', '198.18.0.0/24')), post(poolOf('right', '198.18.0.128/25'))]);
      const overlap = outcomes.filter((each) => /CIDR ".*" in pool ".*" overlaps with already defined CIDR/.test(each));
      expect([outcomes.filter((each) => each === 'taken').length, overlap.length]).toEqual([1, 1]);
      // What has gone stands in nobody's way; that it is for no time at all is for src/operators/webhooks/pending-changes.test.ts.
      const [taken, refused] = outcomes[0] === 'taken' ? ['left', 'right'] : ['right', 'left'];
      await it.lab.control.api.delete(`${PATH}/${taken}`);
      const again = async (): Promise<boolean> => (await post(poolOf(refused, '198.18.0.0/24'))) === 'taken';
      await eventually('the other one is taken', again, PATIENCE);
      await it.lab.control.api.delete(`${PATH}/${refused}`);
      await eventually('it is forgotten', async () => (await post(poolOf('x', '198.18.0.0/24'), '?dryRun=All')) === 'taken', PATIENCE);
    }
  });

  test('a hundred at once are all answered, in order and out of it', async () => {
    const pools = Array.from({ length: 100 }, (_, index) => poolOf(`p${index}`, `198.18.${index}.0/24`));
    const outcomes = await Promise.all(pools.map((pool) => post(pool)));
    expect(outcomes.filter((each) => each !== 'taken')).toEqual([]);
    await it.lab.control.api.delete(PATH);
    await eventually(
      'they are gone',
      async () => (await it.get<{ items: unknown[] }>('ipaddresspools', '-A')).items.length === 0,
      PATIENCE,
    );
  });
}

function away(): void {
  test('what nobody could check is taken, and its condition says what is wrong', async () => {
    await controller.program.stop();
    await using _good = await it.lend(poolOf('good', '198.18.0.0/24'));
    await using _bad = await it.lend(poolOf('worse', '198.18.0.0/25'));
    controller.start();
    await controller.ready();
    const { message } = await new Cluster(it.lab.control.api).poolReady('worse', 'False');
    expect(message).toBe('CIDR "198.18.0.0/25" in pool "worse" overlaps with already defined CIDR "198.18.0.0/24"');
    await it.reviewed();
    // What is mended is let in, and what stays wrong can at least be deleted.
    await it.apply(poolOf('worse', '198.18.1.0/25'));
  });

  test('with the policy Fail nothing is taken unchecked', async () => {
    const folder = join(import.meta.dirname, '../../config/webhook');
    await using undo = new AsyncDisposableStack();
    undo.defer(() => it.kubectl(['apply', '--server-side', '-k', folder]).then(() => undefined));
    await it.applyComponent('webhook', 'webhook/fail');
    await it.reviewed();
    await controller.program.stop();
    expect(await it.refusal(poolOf('a', '198.18.0.0/24'))).toMatch(
      /Error from server \(InternalError\): .*failed calling webhook "ipaddresspoolvalidationwebhook\.metallb\.io": failed to call webhook: /,
    );
    controller.start();
    await controller.ready();
    await it.reviewed();
    await using _pool = await it.lend(poolOf('a', '198.18.0.0/24'));
  });
}

function modes(): void {
  /** Starts the controller of these tests again, in another mode. */
  async function restart(...flags: readonly string[]): Promise<ProductProcess> {
    await controller.program.stop();
    return await it.startController({ name: `controller${flags.join('')}`, flags });
  }

  test('onlywebhook reviews and gives no address', async () => {
    const only = await restart('--webhook-mode=onlywebhook');
    await it.reviewed();
    await using _pool = await it.lend(poolOf('a', '198.18.0.0/24'));
    const cluster = new Cluster(it.lab.control.api);
    await using _service = await cluster.createService('web');
    expect((await cluster.get('IPAddressPool', 'a')).status).toBeUndefined();
    expect(await cluster.addressesOf('web')).toEqual([]);
    await only.program.stop();
    controller.start();
    await controller.ready();
    expect(await cluster.addressed('web')).toEqual(['198.18.0.0']);
    await it.reviewed();
  });

  test('disabled leaves all reviewing to others', async () => {
    const none = await restart('--webhook-mode=disabled');
    expect(await it.isReviewed()).toBe(false);
    await expect(it.lab.controlHost.run(['sh', '-c', 'ss -Hltn sport = :9443 | grep .'])).rejects.toThrow();
    await none.program.stop();
    controller.start();
    await controller.ready();
    await it.reviewed();
  });
}

describeLab('admission', () => {
  beforeAll(async () => {
    it = await AdmissionLab.start();
    await it.lab.installWebhooks();
    controller = await it.startController();
    await it.reviewed();
  }, START_MILLISECONDS);
  afterAll(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('is refused', messages);
  describe('is refused for what stands beside it', changes);
  describe('at once', atOnce);
  describe('without a webhook', away);
  describe('by mode', modes);

  test('nothing in the log looks like a crash', async () => {
    expect(await alarmingLines(controller)).toEqual([]);
  });
});
