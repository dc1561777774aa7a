import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ApiClient, ApiError } from '../../hack/kubernetes/api-client.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Write } from '../../hack/lab/audit-log.ts';
import { CONFIGURATION_ROWS, type ConfigurationDraft, subjectOf } from '../support/configuration-rows.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { type Condition, PATIENCE } from './support/cluster.ts';
import { alarmingLines, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';

/** What is wrong with the configuration is seen where people look: on the object, and in one object a process. No webhook stops it. */

const NAMESPACE = 'metallb-system';
const place = (plural: string, version: string = 'v1beta1'): string => `/apis/metallb.io/${version}/namespaces/${NAMESPACE}/${plural}`;
const PLACES: Readonly<Record<ConfigurationDraft['kind'], string>> = {
  IPAddressPool: place('ipaddresspools'),
  L2Advertisement: place('l2advertisements'),
  BGPAdvertisement: place('bgpadvertisements'),
  BGPPeer: place('bgppeers', 'v1beta2'),
  BFDProfile: place('bfdprofiles'),
  Community: place('communities'),
  Secret: `/api/v1/namespaces/${NAMESPACE}/secrets`,
};
const STATES = place('configurationstates');
const SPEAKER = 'speaker-node-1';
/** When nothing was written for so long, nothing is on its way. */
const REST_MILLISECONDS = 2_000;

let product: ProductLab;
let api: ApiClient;

/** An object that lasts until it is disposed of. */
async function lend({ kind, name, spec, fields }: ConfigurationDraft): Promise<AsyncDisposable> {
  const version = kind === 'BGPPeer' ? 'v1beta2' : 'v1beta1';
  const apiVersion = kind === 'Secret' ? 'v1' : `metallb.io/${version}`;
  await api.post(PLACES[kind], { apiVersion, kind, metadata: { name }, ...(spec !== undefined && { spec }), ...fields });
  return { [Symbol.asyncDispose]: async () => void (await api.delete(`${PLACES[kind]}/${name}`)) };
}

async function lendAll(drafts: readonly ConfigurationDraft[]): Promise<AsyncDisposable> {
  const lent = new AsyncDisposableStack();
  for (const draft of drafts) lent.use(await lend(draft));
  return lent;
}

/** Waits until an object's condition has this status and, unless any will do, this message. */
function ready({ kind, name }: ConfigurationDraft, status: 'True' | 'False', message?: string): Promise<Condition> {
  const probe = async (): Promise<Condition | undefined> => {
    const object = (await api.get(`${PLACES[kind]}/${name}`)) as { readonly status?: { readonly conditions?: readonly Condition[] } };
    return object.status?.conditions?.find((each) => each.status === status && (message === undefined || each.message === message));
  };
  return eventually(`${kind} ${name} is Ready=${status}: ${message ?? ''}`, probe, PATIENCE);
}

interface State {
  readonly metadata: { readonly uid: string; readonly labels?: object; readonly ownerReferences?: readonly { readonly name: string }[] };
  readonly status?: { readonly result?: string; readonly errorSummary?: string; readonly conditions?: readonly Condition[] };
}

/** Waits until a ConfigurationState has this result and, unless any will do, this summary. */
function state(name: string, result: string, summary?: string): Promise<State> {
  const probe = async (): Promise<State | undefined> => {
    const found = (await api.get(`${STATES}/${name}`).catch(absent)) as State | undefined;
    const fits = found?.status?.result === result && (summary === undefined || found.status.errorSummary === summary);
    return fits ? found : undefined;
  };
  return eventually(`ConfigurationState ${name} is ${result}: ${summary ?? ''}`, probe, PATIENCE);
}

function absent(cause: unknown): undefined {
  if (!(cause instanceof ApiError && cause.status === 404)) throw cause;
}

function faults(): void {
  test.each(CONFIGURATION_ROWS.filter(({ server }) => server === undefined))('$fault', async (row) => {
    const subject = subjectOf(row);
    await using _given = await lendAll(row.given);
    expect(await ready(subject, 'False', row.says)).toMatchObject({ type: 'Ready', reason: 'ConfigurationError' });
    const line = `${subject.kind} ${subject.name}: ${row.says}`;
    for (const name of ['controller', SPEAKER]) await state(name, 'Invalid', `configuration error: ${line}`);
    const others = row.given.filter((draft) => draft !== subject && draft.kind !== 'Secret');
    for (const other of others) await ready(other, 'True', '');
  });

  test.each(CONFIGURATION_ROWS.flatMap((row) => (row.server === undefined ? [] : [{ ...row, server: row.server }])))(
    'the server itself refuses $fault',
    async (row) => {
      await using _others = await lendAll(row.given.slice(0, -1));
      await expect(lend(subjectOf(row))).rejects.toThrow(row.server);
    },
  );

  test('none of them is left, and no content of a Secret was told', async () => {
    for (const name of ['controller', SPEAKER]) await state(name, 'Valid', '');
    for (const process of product.processes) expect(JSON.stringify(await logOf(process))).not.toContain('hushhush');
  });
}

const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };
const peer = (name: string, spec: object): ConfigurationDraft => ({ kind: 'BGPPeer', name, spec: { ...PEER, ...spec } });

/** Waits until the gauges of a process say this; what is served of them may be half a second old. */
async function gauges(process: ProductLab['controller'], stale: 0 | 1): Promise<void> {
  const says = async (): Promise<boolean> => {
    const text = await product.metricsOf(process);
    return ['loaded_bool 1', `stale_bool ${stale}`].every((line) => text.includes(`\nmetallb_k8s_client_config_${line}\n`));
  };
  await eventually(`${process.name} is stale: ${stale}`, says, PATIENCE);
}

function states(): void {
  test('each process has one, with the labels of old, and the pod owns it', async () => {
    const found = await state(SPEAKER, 'Valid');
    expect(found.metadata).toMatchObject({
      labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': 'node-1' },
      ownerReferences: [{ kind: 'Pod', name: 'speaker-node-1' }],
    });
    const good = (type: string): object => ({ type, status: 'True', reason: 'Reconciled', message: '' });
    expect(found.status?.conditions).toMatchObject([good('configReconcilerValid'), good('Ready')]);
    const other = await state('controller', 'Valid');
    expect(other.metadata.labels).toMatchObject({ 'metallb.io/component-type': 'controller' });
    expect(other.status?.conditions).toMatchObject([good('poolReconcilerValid'), good('Ready')]);
  });

  test('one that is deleted comes back, and says the same', async () => {
    for (const name of ['controller', SPEAKER]) {
      const before = await state(name, 'Valid');
      await api.delete(`${STATES}/${name}`);
      const after = await state(name, 'Valid');
      expect(after.metadata.uid).not.toBe(before.metadata.uid);
    }
  });

  test("another writer's condition stands beside it, and counts", async () => {
    const theirs = {
      type: 'theirs',
      status: 'False',
      reason: 'ConfigurationError',
      message: 'of others',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const body = { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata: { name: SPEAKER, namespace: NAMESPACE } };
    const apply = (conditions: readonly object[]): Promise<string> =>
      product.lab.control.kubectl(['apply', '--server-side', '--subresource=status', '--field-manager=theirs', '-f', '-'], {
        stdin: JSON.stringify({ ...body, status: { conditions } }),
      });
    await apply([theirs]);
    const { status } = await state(SPEAKER, 'Invalid', 'of others');
    expect(status?.conditions?.map(({ type }) => type).sort()).toEqual(['Ready', 'configReconcilerValid', 'theirs']);
    await apply([]);
    await state(SPEAKER, 'Valid', '');
  });

  test("a peer of another node is none of this node's business", async () => {
    const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': 'node-2' } }];
    await using _peer = await lend(peer('elsewhere', { myASN: 0, nodeSelectors }));
    await state('speaker-node-2', 'Invalid', 'configuration error: BGPPeer elsewhere: parsing peer elsewhere missing local ASN');
    expect((await state(SPEAKER, 'Valid')).status?.errorSummary).toBe('');
  });

  test('the gauges say the same, in the controller and in a speaker', async () => {
    const processes = [product.controller, product.speaker('node-1')];
    for (const process of processes) await gauges(process, 0);
    {
      await using _peer = await lend(peer('bad', { myASN: 0 }));
      for (const process of processes) await gauges(process, 1);
    }
    for (const process of processes) await gauges(process, 0);
  });
}

function objects(): void {
  test('in any order: the advertisement, its community, the peer, its profile, its Secret', async () => {
    await using lent = new AsyncDisposableStack();
    const advertisement: ConfigurationDraft = { kind: 'BGPAdvertisement', name: 'first', spec: { communities: ['named'] } };
    const late = peer('first', { bfdProfile: 'fast', passwordSecret: { name: 'router' } });
    for (const draft of [advertisement, late]) lent.use(await lend(draft));
    await ready(advertisement, 'False');
    await ready(late, 'False');
    lent.use(await lend({ kind: 'BFDProfile', name: 'fast', spec: {} }));
    lent.use(await lend({ kind: 'Community', name: 'names', spec: { communities: [{ name: 'named', value: '65535:65281' }] } }));
    const fields = { type: 'kubernetes.io/basic-auth', stringData: { username: '', password: 'hushhush' } };
    lent.use(await lend({ kind: 'Secret', name: 'router', fields }));
    await ready(advertisement, 'True');
    await ready(late, 'True');
  });

  test('a pool that turns out too small for an advertisement leaves the other pools alone', async () => {
    const wide: ConfigurationDraft = { kind: 'BGPAdvertisement', name: 'wide', spec: { aggregationLength: 24 } };
    await using _wide = await lend(wide);
    await ready(wide, 'True');
    const small: ConfigurationDraft = { kind: 'IPAddressPool', name: 'small', spec: { addresses: ['198.18.7.0/28'] } };
    {
      await using _small = await lend(small);
      await ready(wide, 'False');
      await ready(small, 'True');
    }
    await ready(wide, 'True');
  });

  test('an object written in the old version of its kind is judged as well', async () => {
    const spec = { ...PEER, holdTime: '2s' };
    const old = { apiVersion: 'metallb.io/v1beta1', kind: 'BGPPeer', metadata: { name: 'old' }, spec };
    await api.post(place('bgppeers'), old);
    const bad = 'parsing peer old invalid BGPPeer timers: invalid hold time "2s": must be 0 or >=3s';
    await ready({ kind: 'BGPPeer', name: 'old' }, 'False', bad);
    await api.delete(`${place('bgppeers')}/old`);
  });
}

function restarts(): void {
  test('at rest nothing is written, and a restart writes nothing', async () => {
    await using _good = await lendAll([
      peer('good', {}),
      { kind: 'BFDProfile', name: 'good' },
      { kind: 'L2Advertisement', name: 'good', spec: {} },
    ]);
    await using _bad = await lend(peer('bad', { myASN: 0 }));
    await ready(peer('good', {}), 'True');
    for (const kind of ['BFDProfile', 'L2Advertisement'] as const) await ready({ kind, name: 'good' }, 'True');
    await ready(peer('bad', {}), 'False');
    // Every process has said just this, so that nothing of an earlier row is still on its way.
    const summary = 'configuration error: BGPPeer bad: parsing peer bad missing local ASN';
    const names = ['controller', ...product.lab.nodes.map(({ name }) => `speaker-${name}`)];
    for (const name of names) await state(name, 'Invalid', summary);
    const ours = /^(?:bgppeers|bfdprofiles|l2advertisements|configurationstates)/;
    const written = async (): Promise<Write[]> => (await product.audit.writes()).filter(({ resource }) => ours.test(resource));
    await product.audit.quiet(REST_MILLISECONDS);
    const before = (await written()).length;
    for (const process of product.processes) await process.crash();
    await product.ready();
    await eventually(
      'the controller has said what is wrong again',
      async () => {
        const lines = (await logOf(product.controller)).filter((line) => line.object === 'BGPPeer bad');
        return lines.length > 1;
      },
      PATIENCE,
    );
    expect((await written()).slice(before)).toEqual([]);
  });

  test('the pod of the controller owns its state', async () => {
    const owned = async (): Promise<boolean> => (await state('controller', 'Valid')).metadata.ownerReferences?.[0]?.name === 'controller';
    await eventually('the pod owns the state', owned, PATIENCE);
  });
}

describeLab('the configuration', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    api = product.lab.control.api;
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('what is wrong is said on the object and in the states', faults);
  describe('the states', states);
  describe('objects', objects);
  describe('restarts', restarts);

  test('nobody had to be told of a bug, or lacked a right', async () => {
    for (const process of product.processes) {
      expect(await alarmingLines(process)).toEqual([]);
      expect((await logOf(process)).filter(({ msg, error }) => /forbidden/i.test(`${msg} ${error}`))).toEqual([]);
    }
  });
});
