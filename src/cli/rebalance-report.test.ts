import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { service as serviceObject } from '../../test/support/objects.ts';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';
import { type JsonObject, objectOf, textMapOf, textOf } from '../lib/json.ts';
import { Cluster, KINDS, NODES, SERVICES } from './cluster.ts';
import { rebalanceReport } from './rebalance-report.ts';
import { PLAIN, type Report } from './report.ts';

const NAMESPACE = 'metallb-system';
const PREFERRED = 'metallb.io/preferred-node';
/** A minute is a few hundred of these, and a request over loopback takes a few. */
const STEP = milliseconds(250);

let scene: RuntimeScene;
let cluster: Cluster;
let interrupt: AbortController;
/** Services that stay where they are, whatever they ask for. */
let stubborn: ReadonlySet<string>;

/** All Services on the first of three nodes. */
beforeEach(async () => {
  scene = await RuntimeScene.open();
  cluster = new Cluster(scene.api, NAMESPACE, new AbortController().signal);
  interrupt = new AbortController();
  stubborn = new Set();
  const put = (kind: keyof typeof KINDS, name: string, more: object): void => {
    scene.server.put({ ...KINDS[kind], namespace: NAMESPACE }, { metadata: { name, namespace: NAMESPACE }, ...more });
  };
  put('pools', 'main', {});
  put('l2Advertisements', 'all', { spec: {} });
  for (const name of ['node-1', 'node-2', 'node-3']) {
    scene.server.put(NODES, { metadata: { name }, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    put('states', `speaker-${name}`, {});
  }
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    scene.server.put(
      SERVICES,
      serviceObject({ name, annotations: { 'metallb.io/ip-allocated-from-pool': 'main' }, ips: ['192.0.2.7'] }) as never,
    );
    put('l2Statuses', `l2-${name}`, { status: { node: 'node-1', serviceName: name, serviceNamespace: 'default' } });
  }
});
afterEach(() => scene[Symbol.asyncDispose]());

/** What each Service asks for, of those that ask for anything. */
function asked(): Record<string, string> {
  const asking = scene.server.list(SERVICES).flatMap(({ metadata }) => {
    const { [PREFERRED]: node = '' } = textMapOf(metadata.annotations);
    return node === '' ? [] : [[metadata.name, node] as const];
  });
  return Object.fromEntries(asking);
}

/** What speakers do about that. */
function follow(): void {
  for (const [name, node] of Object.entries(asked())) {
    if (stubborn.has(name)) continue;
    const status: JsonObject = { node, serviceName: name, serviceNamespace: 'default' };
    scene.server.put({ ...KINDS.l2Statuses, namespace: NAMESPACE }, {
      metadata: { name: `l2-${name}`, namespace: NAMESPACE },
      status,
    } as never);
  }
}

async function applied(turn: () => void = follow): Promise<{ readonly report: Report; readonly asked: readonly Record<string, string>[] }> {
  const seen: Record<string, string>[] = [];
  let report: Report | undefined;
  let failure: unknown;
  const running = rebalanceReport(cluster, { clock: scene.clock, interrupted: interrupt.signal }).then(
    (done) => (report = done),
    (thrown: unknown) => (failure = thrown),
  );
  await eventually(
    scene.clock,
    'it has ended',
    () => {
      if (Object.keys(asked()).length === 2) seen.push(asked());
      if (seen.length > 0) turn();
      return report !== undefined || failure !== undefined;
    },
    STEP,
  );
  await running;
  if (report === undefined) throw failure;
  return { report, asked: seen };
}

function owners(): readonly string[] {
  const statuses = scene.server.list({ ...KINDS.l2Statuses, namespace: NAMESPACE });
  return statuses.map(({ status }) => textOf(objectOf(status).node) ?? '');
}

test('without leave says what would move, and changes nothing', async () => {
  const { exitCode, text } = await rebalanceReport(cluster, undefined);
  expect(exitCode).toBe(1);
  expect(text(PLAIN)).toBe(`NODES
  NAME     LAYER 2   AFTER
  node-1   5         3
  node-2   0         1
  node-3   0         1

MOVES
  SERVICE     FROM     TO       NOTE
  default/a   node-1   node-2
  default/b   node-1   node-3

2 Services would move, so that no node has more than 3: say --apply.
`);
  expect([asked(), new Set(owners())]).toEqual([{}, new Set(['node-1'])]);
});

describe('with leave', () => {
  test('has each ask for its node until it is there, and no longer', async () => {
    const { report, asked: seen } = await applied();
    expect(seen[0]).toEqual({ a: 'node-2', b: 'node-3' });
    expect([report.exitCode, report.complaints, asked()]).toEqual([0, [], {}]);
    expect(owners().toSorted()).toEqual(['node-1', 'node-1', 'node-1', 'node-2', 'node-3']);
    expect(report.text(PLAIN)).toMatch(/2 of 2 Services have moved\.\n$/);
    expect((await rebalanceReport(cluster, undefined)).text(PLAIN)).toMatch(/^No Service is to move: a node may have 3\.$/m);
  });

  test('names those that have not gone within a minute, and takes back what they asked for', async () => {
    stubborn = new Set(['b']);
    const { report } = await applied();
    expect([report.exitCode, asked()]).toEqual([1, {}]);
    expect(report.complaints).toEqual(['default/b has not moved: see kubectl typemetal explain default/b']);
    expect(report.text(PLAIN)).toMatch(/default\/b +node-1 +node-3 +has not moved\n\n1 of 2 Services have moved\.\n$/);
  });

  test('takes it back when somebody interrupts it', async () => {
    stubborn = new Set(['a', 'b']);
    const begun = scene.clock.now();
    const { report } = await applied(() => interrupt.abort());
    expect([report.exitCode, asked()]).toEqual([1, {}]);
    expect(scene.clock.now() - begun).toBeLessThan(60_000_000);
  });
});

test('what may not be read or written is said in place of half a balance', async () => {
  scene.server.misbehave({ verb: 'write', status: 403, times: 1 });
  await expect(applied()).rejects.toThrow('you may not patch services');
  expect(asked()).toEqual({});
  const refusing = (): void => scene.server.misbehave({ verb: 'write', status: 403, times: 1 });
  await expect(applied(refusing)).rejects.toThrow(
    /^the annotation metallb\.io\/preferred-node could not be taken away from default\/[ab](, default\/[ab])?: you may not patch services/,
  );
  scene.server.behave();
  scene.server.misbehave({ verb: 'list', status: 403, times: 1 });
  await expect(rebalanceReport(cluster, undefined)).rejects.toThrow(/^you may not list /);
});
