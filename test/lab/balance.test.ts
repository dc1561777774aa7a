import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { runTypemetal } from './support/typemetal.ts';
import { Visits } from './support/visits.ts';

/** After maintenance of nodes all addresses are where they went: they are spread again when somebody asks for that, and go where a Service asks for. */

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
const PREFERRED = 'metallb.io/preferred-node';
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six'];
/** A quarter more than a third of six. */
const BOUND = 3;
/** Longer than it takes for a preference to move something. */
const SETTLED_MILLISECONDS = 12_000;

let product: ProductLab;

/** How many of the Services each node has that has any; all of them are announced. */
async function loads(): Promise<Readonly<Record<string, number>>> {
  const owners = await Promise.all(NAMES.map((name) => product.cluster.announcedBy(name)));
  return Object.fromEntries(
    Array.from(
      Map.groupBy(owners, (node) => node),
      ([node, services]) => [node, services.length],
    ),
  );
}

async function exclude(node: string, value: string | null): Promise<void> {
  await product.cluster.patch('Node', node, { metadata: { labels: { [EXCLUDE_LABEL]: value } } });
}

function wishes(): void {
  test('one of them goes to the node that its Service asks for, and an event says why', async () => {
    const { cluster } = product;
    const before = await cluster.announcedBy('one');
    const wanted = before === 'node-2' ? 'node-3' : 'node-2';
    const service = await cluster.patch('Service', 'one', { metadata: { annotations: { [PREFERRED]: wanted } } });
    await settles('it has moved', async () => expect(await cluster.announcedBy('one')).toBe(wanted));
    expect((await cluster.event(service, 'ownerChanged')).message).toMatch(/is preferred to node "/);
    expect(await runTypemetal(product.lab, ['explain', 'one'])).toMatchObject({ code: 0 });
    await cluster.patch('Service', 'one', { metadata: { annotations: { [PREFERRED]: 'nowhere' } } });
    await settles('the word of a node that is not there', async () => {
      const { code, printed } = await runTypemetal(product.lab, ['explain', 'one']);
      expect([code, printed]).toEqual([1, expect.stringContaining('it asks for node "nowhere"')]);
    });
    expect(await cluster.announcedBy('one')).toBe(wanted);
  });
}

describeLab('addresses that are all on one node', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster, lab } = product;
    await cluster.createPool('segment', ['198.51.100.200-198.51.100.219']);
    await cluster.create('L2Advertisement', 'segment', {});
    await Promise.all(['node-2', 'node-3'].map((node) => exclude(node, '')));
    for (const name of NAMES) await cluster.createService(name);
    await settles('one node has all', async () => expect(await loads()).toEqual({ 'node-1': NAMES.length }));
    for (const name of NAMES) {
      const [address = ''] = await cluster.addressed(name);
      await eventually(`${name} answers`, async () => (await lab.client.http(address)).status === 200, PATIENCE);
    }
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  test('stay there when the others are back, and a command says what would move', async () => {
    await Promise.all(['node-2', 'node-3'].map((node) => exclude(node, null)));
    await sleep(SETTLED_MILLISECONDS);
    expect(await loads()).toEqual({ 'node-1': NAMES.length });
    const { code, printed, complaint } = await runTypemetal(product.lab, ['rebalance']);
    expect([code, complaint]).toEqual([1, '']);
    expect(printed).toContain('3 Services would move, so that no node has more than 3: say --apply.\n');
    expect(await loads()).toEqual({ 'node-1': NAMES.length });
  });

  test('are spread when it is told to, while clients are answered, and stay where they went', async () => {
    const { cluster, lab } = product;
    const visits = await Promise.all(NAMES.map(async (name) => new Visits(lab.client, (await cluster.addressed(name))[0] ?? '', 80)));
    await Promise.all(visits.map((each) => each.some()));
    const { code, printed, complaint } = await runTypemetal(lab, ['rebalance', '--apply']);
    await Promise.all(visits.map((each) => each.some()));
    const counted = await Promise.all(visits.map((each) => each.end()));
    process.stdout.write(`${JSON.stringify({ rebalanced: counted })}\n`);
    expect([code, complaint]).toEqual([0, '']);
    expect(printed).toContain('3 of 3 Services have moved.\n');
    expect(counted.flatMap(({ lost }) => lost)).toEqual([]);
    const owners = await Promise.all(NAMES.map((name) => cluster.announcedBy(name)));
    // A request that is under way in the moment of a move is cut, and no other.
    for (const [index, { cut }] of counted.entries()) expect(cut).toBeLessThanOrEqual(owners[index] === 'node-1' ? 0 : 1);
    const spread = await loads();
    expect(new Set(Object.keys(spread))).toEqual(new Set(['node-1', 'node-2', 'node-3']));
    expect(Math.max(...Object.values(spread))).toBeLessThanOrEqual(BOUND);
    for (const name of NAMES) expect((await product.cluster.get('Service', name)).metadata.annotations).not.toHaveProperty([PREFERRED]);
    await sleep(SETTLED_MILLISECONDS);
    expect(await loads()).toEqual(spread);
    expect(await runTypemetal(product.lab, ['rebalance'])).toMatchObject({
      code: 0,
      printed: expect.stringContaining('No Service is to move'),
    });
  });

  describe('and wishes', wishes);
});
