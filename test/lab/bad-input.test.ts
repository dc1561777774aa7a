import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { residentMebibytes } from '../../hack/lab/process-cost.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { type Draft, PATIENCE, POOL_ANNOTATION } from './support/cluster.ts';
import { oddFrames, randomFrames } from './support/odd-frames.ts';
import { alarmingLines, type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** What people write wrongly, and what anybody may put on the wire: nothing but the wrong thing itself suffers. */

/** What kept Services have and what bad pools must not touch. */
const GOOD = '198.51.100.200-198.51.100.209';
const REQUEST = 'metallb.io/loadBalancerIPs';

let product: ProductLab;

interface BadPool {
  readonly fault: string;
  readonly addresses: readonly string[];
  readonly spec?: object;
  readonly says: string;
}

/** The prefix that names the pool, and the one that names the entry. */
const entry = (text: string, fault: string): string => `parsing address pool bad: invalid CIDR "${text}" in pool "bad": ${fault}`;

function badRange(start: string, end: string, fault: string): BadPool {
  const text = `${start}-${end}`;
  return { fault: `the range ${text}`, addresses: [text], says: entry(text, `invalid IP range "${text}": ${fault}`) };
}

const BAD_POOLS: readonly BadPool[] = [
  badRange('198.51.100.249', '198.51.100.240', 'start IP "198.51.100.249" is after the end IP "198.51.100.240"'),
  badRange('198.51.100.x', '198.51.100.249', 'invalid start IP "198.51.100.x"'),
  badRange('198.51.100.240', '198.51.100.256', 'invalid end IP "198.51.100.256"'),
  badRange('198.51.100.240', '2001:db8::1', 'start IP "198.51.100.240" and end IP "2001:db8::1" are of different families'),
  {
    fault: 'an address without a length',
    addresses: ['198.51.100.240'],
    says: entry('198.51.100.240', 'invalid CIDR "198.51.100.240": no prefix length given'),
  },
  { fault: 'no address at all', addresses: [], says: 'parsing address pool bad: pool has no prefixes defined' },
  {
    fault: 'one bad entry among good ones',
    addresses: ['198.51.100.240/30', 'rubbish'],
    says: entry('rubbish', 'invalid CIDR "rubbish": no prefix length given'),
  },
  {
    fault: 'addresses of another pool',
    addresses: ['198.51.100.204/30'],
    says: 'CIDR "198.51.100.204/30" in pool "bad" overlaps with already defined CIDR "198.51.100.200/29"',
  },
  {
    fault: 'the same addresses twice',
    addresses: ['198.51.100.240/29', '198.51.100.244/31'],
    says: 'CIDR "198.51.100.244/31" in pool "bad" overlaps with already defined CIDR "198.51.100.240/29"',
  },
  {
    fault: 'a namespace twice',
    addresses: ['198.51.100.240/30'],
    spec: { serviceAllocation: { namespaces: ['default', 'default'] } },
    says: 'parsing address pool bad: duplicate definition in namespaces field',
  },
];

async function refusals(pool: string): Promise<LogLine[]> {
  return (await logOf(product.controller)).filter((line) => line.msg === 'failed to parse the configuration' && line.pool === pool);
}

function pools(): void {
  test.each(BAD_POOLS)('a pool with $fault is refused with its text, and nothing else changes', async ({ addresses, spec, says }) => {
    const { cluster, lab } = product;
    const said = (await refusals('bad')).length;
    const kept = await cluster.addressesOf('kept');
    await using _pool = await cluster.createPool('bad', addresses, { spec: spec ?? {} });
    expect(await cluster.poolReady('bad', 'False')).toMatchObject({ reason: 'ConfigurationError', message: says });
    // Waiting for the line leaves none for the next row.
    await settles('the log has it once', async () =>
      expect((await refusals('bad')).slice(said)).toMatchObject([{ level: 'error', error: says }]),
    );
    expect(await cluster.poolReady('good', 'True')).toMatchObject({ message: '' });
    await using _service = await cluster.createService('beside');
    expect(await cluster.addressed('beside')).toEqual(['198.51.100.201']);
    expect(await cluster.addressesOf('kept')).toEqual(kept);
    await settles('the kept Service answers', async () => expect((await lab.client.http(kept[0] ?? '')).status).toBe(200));
  });

  test('a pool that is spoiled by an edit goes on as it was, says why, and is mended by the next edit', async () => {
    const { cluster, lab } = product;
    const kept = await cluster.addressesOf('kept');
    await cluster.patch('IPAddressPool', 'good', { spec: { addresses: ['198.51.100.200-198.51.100.199'] } });
    const { message } = await cluster.poolReady('good', 'False');
    expect(message).toContain('start IP "198.51.100.200" is after the end IP "198.51.100.199"');
    await settles('the log has it once', async () => expect(await refusals('good')).toMatchObject([{ level: 'error', error: message }]));
    for (const process of product.processes) await process.crash();
    await product.ready();
    expect(await cluster.addressesOf('kept')).toEqual(kept);
    await cluster.patch('IPAddressPool', 'good', { spec: { addresses: [GOOD] } });
    await cluster.poolReady('good', 'True');
    expect(await cluster.addressesOf('kept')).toEqual(kept);
    await eventually('the kept Service answers', () => lab.client.http(kept[0] ?? ''), PATIENCE);
  });
}

interface BadRequest extends Draft {
  readonly fault: string;
  readonly says: string;
}

const ask = (value: string): Draft['annotations'] & object => ({ [REQUEST]: value });

const BAD_REQUESTS: readonly BadRequest[] = [
  { fault: 'an address in no pool', annotations: ask('203.0.113.9'), says: '["203.0.113.9"] is not allowed in config' },
  {
    fault: 'an address of another family',
    annotations: ask('2001:db8:51::c801'),
    says: 'requested loadBalancer IP(s) ["2001:db8:51::c801"] does not match the ipFamily of the service',
  },
  {
    fault: 'two addresses of one family',
    annotations: ask('198.51.100.205,198.51.100.206'),
    says: 'IPFamilyForAddresses: same address family ["198.51.100.205" "198.51.100.206"]',
  },
  {
    fault: 'the address of another Service',
    annotations: ask('198.51.100.200'),
    says: 'can\'t change sharing key for "default/asking", address also in use by default/kept',
  },
  { fault: 'what is no address', annotations: ask('rubbish'), says: `invalid ${REQUEST}: "rubbish"` },
  { fault: 'one address and rubbish', annotations: ask('198.51.100.205,rubbish'), says: `invalid ${REQUEST}: "198.51.100.205,rubbish"` },
  { fault: 'what is no address, in its spec', spec: { loadBalancerIP: 'rubbish' }, says: 'invalid spec.loadBalancerIP "rubbish"' },
  {
    fault: 'an address in both places',
    annotations: ask('198.51.100.205'),
    spec: { loadBalancerIP: '198.51.100.205' },
    says: `service can not have both ${REQUEST} and svc.Spec.LoadBalancerIP`,
  },
  { fault: 'a pool that is not there', annotations: { 'metallb.io/address-pool': 'nowhere' }, says: 'unknown pool "nowhere"' },
  {
    fault: 'an address and the pool of others',
    annotations: { ...ask('198.51.100.205'), 'metallb.io/address-pool': 'tiny' },
    says: 'requested loadBalancer IP(s) ["198.51.100.205"] is not compatible with requested address pool tiny',
  },
  { fault: 'a pool that is full', annotations: { 'metallb.io/address-pool': 'tiny' }, says: 'no available IPs in pool tiny' },
];

function requests(): void {
  test.each(BAD_REQUESTS)('a Service that asks for $fault gets an event and no address, until it is mended', async ({ says, ...draft }) => {
    const { cluster } = product;
    await using service = await cluster.createService('asking', draft);
    const source = { component: 'metallb-controller' };
    const message = `Failed to allocate IP for "default/asking": ${says}`;
    expect(await cluster.event(service, 'AllocationFailed')).toMatchObject({ type: 'Warning', message, count: 1, source });
    const { metadata, status } = await cluster.get('Service', 'asking');
    expect(status?.loadBalancer).toEqual({});
    expect(metadata.annotations?.[POOL_ANNOTATION]).toBeUndefined();
    const annotations = { [REQUEST]: null, 'metallb.io/address-pool': null };
    await cluster.patch('Service', 'asking', { metadata: { annotations }, spec: { loadBalancerIP: null } });
    expect(await cluster.addressed('asking')).toEqual(['198.51.100.201']);
    expect(await cluster.addressesOf('kept')).toEqual(['198.51.100.200']);
  });

  test('a Service that has an address keeps it when it asks for what is no address', async () => {
    const { cluster } = product;
    await using service = await cluster.createService('slipping');
    const addresses = await cluster.addressed('slipping');
    await cluster.patch('Service', 'slipping', { metadata: { annotations: ask('rubbish') } });
    const message = `invalid requested loadbalancer IPs: invalid ${REQUEST}: "rubbish"`;
    expect(await cluster.event(service, 'LoadBalancerFailed')).toMatchObject({ type: 'Warning', message, count: 1 });
    expect(await cluster.addressesOf('slipping')).toEqual(addresses);
  });

  test('a Service that has an address loses it when it asks for one that it cannot have', async () => {
    const { cluster, lab } = product;
    await using service = await cluster.createService('wanting');
    const [address = ''] = await cluster.addressed('wanting');
    await cluster.announcedBy('wanting');
    await cluster.patch('Service', 'wanting', { metadata: { annotations: ask('203.0.113.9') } });
    const message = 'Failed to allocate IP for "default/wanting": ["203.0.113.9"] is not allowed in config';
    expect(await cluster.event(service, 'AllocationFailed')).toMatchObject({ type: 'Warning', message });
    await cluster.unannounced('wanting');
    expect(await cluster.addressesOf('wanting')).toEqual([]);
    await settles('nobody answers', async () => expect(await lab.client.resolve(address)).toBeUndefined());
  });
}

/** What a flood may cost in memory for good, beyond what the runtime's own pools take when work begins. */
const GROWTH_MEBIBYTES = 24;
const FLOOD_FRAMES = 60_000;
/** One of the frames says that its sender has the address: an address is defended every ten seconds at most. */
const THEFTS_SAID_IN_A_MINUTE = 6;
const SEED = 20_260_727;

function wire(): void {
  test('frames of any content and any length cost nothing: no answer fails, nothing grows, and nothing is said but what they say themselves', async () => {
    const { cluster, lab, wire: link } = product;
    const [address = ''] = await cluster.addressesOf('kept');
    const speaker = product.speaker(await cluster.announcedBy('kept'));
    const source = lab.client.host.addresses.mac;
    const owner = lab.node(await cluster.announcedBy('kept')).host.addresses.mac;
    const target = { address, owner, source };
    const flood = async (rows: readonly { readonly hex: string }[]): Promise<void> => {
      const frames = rows.map(({ hex }) => hex);
      const rounds = Math.ceil(FLOOD_FRAMES / frames.length);
      expect(await link.send({ frames, rounds, pauseMilliseconds: 0 })).toBeGreaterThan(FLOOD_FRAMES / 2);
    };
    await flood(oddFrames(target)); // the first time warms everything up
    const before = { at: Date.now(), mebibytes: await residentMebibytes(speaker), lines: (await logOf(speaker)).length };
    for (let round = 0; round < 3; round++) {
      await flood(oddFrames(target));
      await flood(randomFrames(target, SEED + round));
      // Once a question is answered nothing of the flood is left in the queue.
      await settles('the flood is read', async () => expect((await link.ask(address, 1)).byMac[owner]).toBe(1));
      await settles('each question has one answer', async () => expect(await link.ask(address, 5)).toEqual({ byMac: { [owner]: 5 } }));
    }
    expect((await residentMebibytes(speaker)) - before.mebibytes).toBeLessThan(GROWTH_MEBIBYTES);
    const minutes = Math.ceil((Date.now() - before.at) / 60_000);
    // Another speaker that a busy machine lets stand still for a moment is called away, and stood in for.
    const ofOthers = ['peerJudged', 'standInBegun', 'standInEnded'];
    const lines = (await logOf(speaker)).slice(before.lines).filter(({ event }) => !ofOthers.includes(`${event}`));
    const thefts = lines.filter((line) => line.kind === 'thief' && line.mac === source);
    const losses = lines.filter(({ msg }) => /^\d+ ARP requests were lost in the last minute/.test(msg));
    expect(lines.filter((line) => ![...thefts, ...losses].includes(line))).toEqual([]);
    expect(thefts.length).toBeLessThanOrEqual(THEFTS_SAID_IN_A_MINUTE * minutes);
    expect(losses.length).toBeLessThanOrEqual(minutes);
    await settles('the Service answers', async () => expect((await lab.client.http(address)).status).toBe(200));
  });
}

describeLab('bad input', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster } = product;
    await cluster.createPool('good', [GOOD, '2001:db8:51::c800/120']);
    await cluster.createPool('tiny', ['198.51.100.220/32'], { spec: { autoAssign: false } });
    await cluster.create('L2Advertisement', 'everywhere', { spec: {} });
    await cluster.createService('kept');
    await cluster.createService('filling', { annotations: { 'metallb.io/address-pool': 'tiny' } });
    expect(await cluster.addressed('kept')).toEqual(['198.51.100.200']);
    expect(await cluster.addressed('filling')).toEqual(['198.51.100.220']);
    await eventually('the kept Service answers', () => product.lab.client.http('198.51.100.200'), PATIENCE);
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('Services', requests);
  describe('the wire', wire);
  describe('pools', pools);

  test('no process has ended, and none has anything alarming in its log', async () => {
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
