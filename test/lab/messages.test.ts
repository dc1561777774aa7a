import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab } from '../../hack/lab/lab.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Cluster, type Draft, type EventObject, PATIENCE, type Stored } from './support/cluster.ts';
import { alarmingLines, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';

/**
 * Every event of the controller, and every sentence about failed allocations, provoked through a real API server: objects in,
 * event out. What no user can provoke has no row:
 *
 * - `not enough clusterips`, `noclusterIPsIPFamily`: the API server gives a Service that requires both families two cluster
 *   addresses of different families, or refuses it, and refuses a LoadBalancer without any. Only a cluster that was built anew
 *   around old objects has such Services.
 * - `InternalError`: MetalLB contradicting itself; there is no such state here.
 * - `more than two addresses`, `has the same family`: the request is refused before, with the texts of IPFamilyForAddresses below.
 * - `["<nil>"] is not allowed in config`: MetalLB's word for a family that a pool lacks, which is said properly here.
 */

const POOL = 'metallb.io/address-pool';
const REQUEST = 'metallb.io/loadBalancerIPs';
const SHARED = 'metallb.io/allow-shared-ip';
const BOTH_FAMILIES = ['198.51.100.0/30', '2001:db8:51::/126'];
const CLEARED = 'current IP for "default/subject" not allowed by config, will attempt for new IP assignment: ';

interface Row {
  readonly when: string;
  /** The specs of the pools; one `p` of both families unless told. */
  readonly pools?: Readonly<Record<string, object>>;
  /** Services that have their addresses before. */
  readonly others?: Readonly<Record<string, Draft>>;
  /** The Service that the event is about. */
  readonly subject?: Draft;
  /** What happens once it has its address. */
  readonly later?: (cluster: Cluster) => Promise<unknown>;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly says: string;
}

const asking = (value: string, spec: object = {}): Draft => ({ annotations: { [REQUEST]: value }, spec });
const ofPool = (pool: string, spec: object = {}): Draft => ({ annotations: { [POOL]: pool }, spec });
const sharing = (key: string, port = 80, request = '198.51.100.0'): Draft => ({
  annotations: { [SHARED]: key, [REQUEST]: request },
  spec: { ports: [{ port }] },
});
const annotate = (annotations: object) => (cluster: Cluster) => cluster.patch('Service', 'subject', { metadata: { annotations } });
const change = (kind: 'Service' | 'IPAddressPool', name: string, spec: object) => (cluster: Cluster) => cluster.patch(kind, name, { spec });
const elsewhere = { serviceAllocation: { namespaces: ['elsewhere'] } };

const ASSIGNED: readonly Row[] = [
  { when: 'it gets an address', type: 'Normal', reason: 'IPAllocated', says: 'Assigned IP ["198.51.100.0"]' },
  {
    when: 'it gets addresses of both families',
    subject: { spec: { ipFamilyPolicy: 'RequireDualStack' } },
    type: 'Normal',
    reason: 'IPAllocated',
    says: 'Assigned IP ["198.51.100.0" "2001:db8:51::"]',
  },
  {
    when: 'it may have both families later',
    later: change('Service', 'subject', { ipFamilyPolicy: 'PreferDualStack' }),
    type: 'Normal',
    reason: 'IPAllocated',
    says: 'Assigned additional IP "2001:db8:51::"',
  },
  {
    when: 'it may have both families later, and its pool has one',
    pools: { p: { addresses: ['198.51.100.0/30'] } },
    later: change('Service', 'subject', { ipFamilyPolicy: 'PreferDualStack' }),
    type: 'Normal',
    reason: 'AdditionalAssignFailed',
    says: 'cannot assign additional IP in PreferDualStack: no available IPs in pool p for ipv6 IPFamily',
  },
  {
    when: 'its annotation has the old prefix',
    subject: { annotations: { 'metallb.universe.tf/address-pool': 'p' } },
    type: 'Warning',
    reason: 'deprecatedAnnotation',
    says: 'Service uses deprecated annotation metallb.universe.tf/address-pool',
  },
];

const LOST: readonly Row[] = (
  [
    {
      when: 'its pool gets other addresses',
      later: change('IPAddressPool', 'p', { addresses: ['198.51.100.128/30'] }),
      says: `${CLEARED}["198.51.100.0"] is not allowed in config`,
    },
    {
      when: 'its pool avoids the first address of a network',
      later: change('IPAddressPool', 'p', { avoidBuggyIPs: true }),
      says: `${CLEARED}["198.51.100.0"] is not allowed in config`,
    },
    {
      when: 'its pool is for another namespace',
      later: change('IPAddressPool', 'p', elsewhere),
      says: `${CLEARED}pool p not compatible for ip assignment`,
    },
    {
      when: 'its pool is for Services with a label',
      later: change('IPAddressPool', 'p', { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'gold' } }] } }),
      says: `${CLEARED}pool p not compatible for ip assignment`,
    },
    {
      when: 'it changes the key by which it shares',
      others: { other: sharing('key', 81) },
      subject: sharing('key'),
      later: annotate({ [SHARED]: 'another' }),
      says: `${CLEARED}can't change sharing key for "default/subject", address also in use by default/other`,
    },
    {
      when: 'it turns to a port of another one that shares',
      others: { other: sharing('key', 81) },
      subject: sharing('key'),
      later: change('Service', 'subject', { ports: [{ port: 81 }] }),
      says: `${CLEARED}port TCP/81 is already in use on "198.51.100.0"`,
    },
  ] as const
).map((row) => ({ type: 'Normal', reason: 'ClearAssignment', ...row }));

const SLIPS: readonly Row[] = (
  [
    {
      when: 'it has an address and asks for what is none',
      later: annotate({ [REQUEST]: 'rubbish' }),
      says: `invalid requested loadbalancer IPs: invalid ${REQUEST}: "rubbish"`,
    },
    {
      when: 'it has an address and asks in two places',
      later: async (cluster: Cluster) => {
        await change('Service', 'subject', { loadBalancerIP: '198.51.100.0' })(cluster);
        await annotate({ [REQUEST]: '198.51.100.0' })(cluster);
      },
      says: `invalid requested loadbalancer IPs: service can not have both ${REQUEST} and svc.Spec.LoadBalancerIP`,
    },
    {
      when: 'it has an address and asks for two of one family',
      later: annotate({ [REQUEST]: '198.51.100.1,198.51.100.2' }),
      says: 'invalid requested loadbalancer IPs: IPFamilyForAddresses: same address family ["198.51.100.1" "198.51.100.2"]',
    },
  ] as const
).map((row) => ({ type: 'Warning', reason: 'LoadBalancerFailed', ...row }));

const REQUESTS: readonly Omit<Row, 'type' | 'reason'>[] = [
  {
    when: 'it asks in two places',
    subject: asking('198.51.100.0', { loadBalancerIP: '198.51.100.0' }),
    says: `service can not have both ${REQUEST} and svc.Spec.LoadBalancerIP`,
  },
  { when: 'it asks for what is no address', subject: asking('rubbish'), says: `invalid ${REQUEST}: "rubbish"` },
  { when: 'it asks for a prefix', subject: asking('198.51.100.0/32'), says: `invalid ${REQUEST}: "198.51.100.0/32"` },
  { when: 'its list ends with a comma', subject: asking('198.51.100.0,'), says: `invalid ${REQUEST}: "198.51.100.0,"` },
  {
    when: 'its spec asks for what is no address',
    subject: { spec: { loadBalancerIP: 'rubbish' } },
    says: 'invalid spec.loadBalancerIP "rubbish"',
  },
  {
    when: 'it asks for two addresses of one family',
    subject: asking('198.51.100.1,198.51.100.2'),
    says: 'IPFamilyForAddresses: same address family ["198.51.100.1" "198.51.100.2"]',
  },
  {
    when: 'it asks for three addresses',
    subject: asking('198.51.100.1,198.51.100.2,2001:db8:51::1'),
    says: 'IPFamilyForAddresses: invalid ips length 3 ["198.51.100.1" "198.51.100.2" "2001:db8:51::1"]',
  },
  {
    when: 'it asks for an address of another family',
    subject: asking('2001:db8:51::1'),
    says: 'requested loadBalancer IP(s) ["2001:db8:51::1"] does not match the ipFamily of the service',
  },
  {
    when: 'it requires both families and asks for one address',
    subject: asking('198.51.100.1', { ipFamilyPolicy: 'RequireDualStack' }),
    says: 'requested loadBalancer IP(s) ["198.51.100.1"] does not match the ipFamily of the service',
  },
  { when: 'it asks for an address of no pool', subject: asking('203.0.113.9'), says: '["203.0.113.9"] is not allowed in config' },
  {
    when: 'it asks for addresses of two pools',
    pools: { p: { addresses: ['198.51.100.0/30'] }, q: { addresses: ['2001:db8:52::/126'] } },
    subject: asking('198.51.100.1,2001:db8:52::1', { ipFamilyPolicy: 'RequireDualStack' }),
    says: '["198.51.100.1" "2001:db8:52::1"] is not allowed in config',
  },
  {
    when: 'it asks for an address and for another pool',
    pools: { p: { addresses: ['198.51.100.0/30'] }, q: { addresses: ['198.51.100.8/30'] } },
    subject: { annotations: { [REQUEST]: '198.51.100.1', [POOL]: 'q' } },
    says: 'requested loadBalancer IP(s) ["198.51.100.1"] is not compatible with requested address pool q',
  },
  {
    when: 'it asks for an address of a pool that does not take it',
    pools: { p: { addresses: ['198.51.100.0/30'], ...elsewhere } },
    subject: asking('198.51.100.1'),
    says: 'pool p not compatible for ip assignment',
  },
  {
    when: 'it asks for the address of another',
    others: { other: {} },
    subject: asking('198.51.100.0'),
    says: `can't change sharing key for "default/subject", address also in use by default/other`,
  },
  {
    when: 'it asks for an address that two share by another key',
    others: { other: sharing('key', 81), third: sharing('key', 82) },
    subject: sharing('another', 83),
    says: `can't change sharing key for "default/subject", address also in use by default/other,default/third`,
  },
  {
    when: 'it shares an address and its port is taken there',
    others: { other: sharing('key') },
    subject: sharing('key'),
    says: 'port TCP/80 is already in use on "198.51.100.0"',
  },
];

const POOLS: readonly Omit<Row, 'type' | 'reason'>[] = [
  { when: 'there is no pool', pools: {}, says: 'no IPAddressPool is defined' },
  { when: 'it asks for a pool that is not there', subject: ofPool('nowhere'), says: 'unknown pool "nowhere"' },
  {
    when: 'it asks for a pool that is refused',
    pools: { p: { addresses: ['198.51.100.0/30'] }, bad: { addresses: ['198.51.100.9-198.51.100.8'] } },
    subject: ofPool('bad'),
    says: 'pool "bad" is not in use: parsing address pool bad: invalid CIDR "198.51.100.9-198.51.100.8" in pool "bad": invalid IP range "198.51.100.9-198.51.100.8": start IP "198.51.100.9" is after the end IP "198.51.100.8"',
  },
  {
    when: 'it asks for a pool that does not take it',
    pools: { p: { addresses: ['198.51.100.0/30'], ...elsewhere } },
    subject: ofPool('p'),
    says: 'pool p not compatible for ip assignment',
  },
  {
    when: 'it asks for a pool that is full',
    pools: { p: { addresses: ['198.51.100.0/32'] } },
    others: { other: {} },
    subject: ofPool('p'),
    says: 'no available IPs in pool p',
  },
  {
    when: 'it asks for a pool without its family',
    pools: { p: { addresses: ['198.51.100.0/30'] } },
    subject: ofPool('p', { ipFamilies: ['IPv6'] }),
    says: 'no available IPs in pool p for ipv6 IPFamily',
  },
  {
    when: 'it requires both families of a pool of one',
    pools: { p: { addresses: ['198.51.100.0/30'] } },
    subject: ofPool('p', { ipFamilyPolicy: 'RequireDualStack' }),
    says: 'no available IPs in pool p for dual IPFamily',
  },
  { when: 'all pools are full', pools: { p: { addresses: ['198.51.100.0/32'] } }, others: { other: {} }, says: 'no available IPs' },
  {
    when: 'no pool gives addresses by itself',
    pools: { p: { addresses: ['198.51.100.0/30'], autoAssign: false } },
    says: 'no available IPs',
  },
];

const FAILED: readonly Row[] = [...REQUESTS, ...POOLS].map(({ says, ...row }) => ({
  ...row,
  type: 'Warning',
  reason: 'AllocationFailed',
  says: `Failed to allocate IP for "default/subject": ${says}`,
}));

let lab: Lab;
let controller: ProductProcess;
let cluster: Cluster;

/** Waits for an event about an object; the error names those that came instead. */
async function event(subject: Stored, { reason, says }: Pick<Row, 'reason' | 'says'>): Promise<EventObject> {
  let seen: readonly EventObject[] = [];
  const probe = async (): Promise<EventObject | undefined> => {
    seen = await cluster.eventsOf(subject);
    return seen.find((one) => one.reason === reason && one.message === says);
  };
  return await eventually(`an event ${reason}`, probe, PATIENCE).catch((cause: unknown) => {
    throw new Error(`got only ${JSON.stringify(seen.map((one) => [one.reason, one.message]))}`, { cause });
  });
}

async function preparePools(pools: Readonly<Record<string, object>>, undo: AsyncDisposableStack): Promise<void> {
  for (const [name, spec] of Object.entries(pools)) {
    undo.use(await cluster.createPool(name, [], { spec }));
    await cluster.poolReady(name, name === 'bad' ? 'False' : 'True');
  }
}

function rows(all: readonly Row[]): void {
  test.each(all)('when $when: $says', async ({ pools, others, subject, later, ...row }) => {
    await using undo = new AsyncDisposableStack();
    await preparePools(pools ?? { p: { addresses: BOTH_FAMILIES } }, undo);
    for (const [name, draft] of Object.entries(others ?? {})) {
      undo.use(await cluster.createService(name, draft));
      await cluster.addressed(name);
    }
    const stored = undo.use(await cluster.createService('subject', subject));
    if (later !== undefined) {
      await cluster.addressed('subject');
      await later(cluster);
    }
    const { type, reason, says: message } = row;
    const source = { component: 'metallb-controller' };
    expect(await event(stored, row)).toMatchObject({ type, reason, message, source, count: 1 });
  });
}

describeLab('messages of the controller', () => {
  beforeAll(async () => {
    lab = await Lab.start({ nodes: 1, podsPerNode: 0 });
    await lab.installProduct();
    cluster = new Cluster(lab.control.api);
    controller = await lab.startController();
    await controller.ready();
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('a Service has what it asks for', () => rows(ASSIGNED));
  describe('a Service loses what it has', () => rows(LOST));
  describe('a Service keeps what it has', () => rows(SLIPS));
  describe('a Service gets nothing', () => rows(FAILED));

  test('when a status that somebody edited meanwhile names two addresses of one family', async () => {
    await using _pool = await cluster.createPool('p', BOTH_FAMILIES);
    await cluster.poolReady('p', 'True');
    await using subject = await cluster.createService('subject');
    await cluster.addressed('subject');
    await controller.program.kill();
    const ingress = [{ ip: '198.51.100.1' }, { ip: '198.51.100.2' }];
    await cluster.patchStatus('Service', 'subject', { loadBalancer: { ingress } });
    controller.start();
    await controller.ready();
    const says =
      'Failed to retrieve LBIPs IPFamily for ["198.51.100.1" "198.51.100.2"]: IPFamilyForAddresses: same address family ["198.51.100.1" "198.51.100.2"]';
    expect(await event(subject, { reason: 'nolbIPsIPFamily', says })).toMatchObject({ type: 'Warning' });
  });

  test('nothing alarming is in the log', async () => {
    expect(await alarmingLines(controller)).toEqual([]);
  });
});
