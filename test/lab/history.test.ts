import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiError } from '../../hack/kubernetes/api-client.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab } from '../../hack/lab/lab.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import type { TextMap } from '../../src/lib/json.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { type NaiveService, type NaiveWorld, naivePools, statedBy } from '../support/naive-allocation.ts';
import { conditionFaultsAtRest, faultsAtRest } from '../support/naive-rules.ts';
import { generator } from './support/odd-frames.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';

/**
 * Random changes to a real API server while the controller is killed now and then. Whatever came in between: at rest every
 * status is as the naive model of the rules says, the one that the unit tests compare the allocator with.
 */

const ROUNDS = 6;
/** The controller is killed after a random one of them. */
const CHANGES_OF_ROUND = 30;
const LONGEST_PAUSE_MILLISECONDS = 60;
const TEST_MILLISECONDS = 900_000;
const PATIENCE = { withinMilliseconds: 120_000, pauseMilliseconds: 250 };
const QUIET_MILLISECONDS = 2_000;

const NAMESPACES = ['one', 'two'] as const;
const SERVICES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
const POOL_NAMES = ['p', 'q', 'r'] as const;
const POOL_SPECS: readonly IPAddressPool['spec'][] = [
  { addresses: ['198.51.100.0/30'] },
  { addresses: ['198.51.100.0/31', '2001:db8::/127'] },
  { addresses: ['198.51.101.0/30'], avoidBuggyIPs: true },
  {
    addresses: ['198.51.101.0-198.51.101.2', '2001:db8:1::/126'],
    serviceAllocation: { priority: 5, namespaceSelectors: [{ matchLabels: { team: 'x' } }] },
  },
  { addresses: ['2001:db8::/126', '198.51.102.0/32'], serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'x' } }] } },
  { addresses: ['198.51.103.0/31'], serviceAllocation: { priority: 1, namespaces: ['two'] } },
  { addresses: ['198.51.100.0/29'], autoAssign: false },
];
/** Mostly nothing: who asks for little is mostly served. */
const REQUESTS = [...Array<string>(8).fill(''), '198.51.100.1', '198.51.101.0', '198.51.100.1,2001:db8::1', 'x'];
const WANTED_POOLS = [...Array<string>(6).fill(''), 'p', 'q'];
const POLICIES = ['SingleStack', 'SingleStack', 'PreferDualStack', 'RequireDualStack'] as const;

let lab: Lab;
let controller: ProductProcess;

const pathOf = (service: string): string => `/api/v1/namespaces/${service < 'd' ? 'one' : 'two'}/services`;

/** Draws changes, and makes them. What the server refuses did not happen. */
class Changes {
  readonly #random: () => number;
  made = 0;
  refused = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  below(limit: number): number {
    return this.#random() % limit;
  }

  async one(): Promise<void> {
    const kinds = [...Array<() => Promise<unknown>>(7).fill(() => this.#service()), () => this.#pool(), () => this.#relabel()];
    await sleep(this.below(LONGEST_PAUSE_MILLISECONDS));
    await this.#pick(kinds)().catch((cause: unknown) => {
      if (!(cause instanceof ApiError && [400, 403, 404, 409, 422].includes(cause.status))) throw cause;
      this.refused++;
    });
    this.made++;
  }

  #pick<Option>(options: readonly Option[]): Option {
    const option = options[this.below(options.length)];
    if (option === undefined) throw new Error('there is nothing to choose from');
    return option;
  }

  async #service(): Promise<unknown> {
    const { api } = lab.control;
    const name = this.#pick(SERVICES);
    const path = pathOf(name);
    if (this.below(8) === 0) return api.delete(`${path}/${name}`);
    const draft = this.#draft();
    const spec = { ...draft.spec, type: 'LoadBalancer', ipFamilyPolicy: this.#pick(POLICIES) };
    const created = { apiVersion: 'v1', kind: 'Service', ...draft, metadata: { ...draft.metadata, name }, spec };
    return api.post(path, created).catch(orPatch(`${path}/${name}`, draft));
  }

  #draft(): { readonly metadata: object; readonly spec: object } {
    const annotations = {
      'metallb.io/loadBalancerIPs': this.#pick(REQUESTS),
      'metallb.io/address-pool': this.#pick(WANTED_POOLS),
      'metallb.io/allow-shared-ip': this.#pick(['', 'k', 'k', 'l']),
    };
    const port = { name: 'main', port: this.#pick([80, 81]), protocol: this.#pick(['TCP', 'UDP', 'SCTP']) };
    const type = this.#pick(['LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP']);
    const local = type === 'LoadBalancer' ? { externalTrafficPolicy: this.#pick(['Cluster', 'Cluster', 'Local']) } : {};
    const spec = { type, ports: [port], selector: { app: this.#pick(['x', 'y']) }, allocateLoadBalancerNodePorts: false, ...local };
    if (type === 'ClusterIP') Reflect.deleteProperty(spec, 'allocateLoadBalancerNodePorts');
    return { metadata: { annotations, labels: { tier: this.#pick(['x', 'y']) } }, spec };
  }

  #pool(): Promise<unknown> {
    const { api } = lab.control;
    const name = this.#pick(POOL_NAMES);
    if (this.below(6) === 0) return api.delete(`${POOLS}/${name}`);
    const spec = this.#pick(POOL_SPECS);
    const changed = { spec: { autoAssign: null, avoidBuggyIPs: null, serviceAllocation: null, ...spec } };
    const created = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name }, spec };
    return api.post(POOLS, created).catch(orPatch(`${POOLS}/${name}`, changed));
  }

  #relabel(): Promise<unknown> {
    const labels = { team: this.#pick(['x', 'y']) };
    return lab.control.api.patch(`/api/v1/namespaces/${this.#pick(NAMESPACES)}`, { metadata: { labels } });
  }
}

/** What is there already is changed instead. */
function orPatch(path: string, change: object): (cause: unknown) => Promise<unknown> {
  return (cause) => {
    if (!(cause instanceof ApiError && cause.status === 409)) throw cause;
    return lab.control.api.patch(path, { ...change });
  };
}

interface Items<Item> {
  readonly items: readonly Item[];
}

async function list<Item>(path: string): Promise<readonly Item[]> {
  return ((await lab.control.api.get(path)) as unknown as Items<Item>).items;
}

async function services(): Promise<readonly NaiveService[]> {
  return (await Promise.all(NAMESPACES.map((namespace) => list<NaiveService>(`/api/v1/namespaces/${namespace}/services`)))).flat();
}

/** What is, for a controller that has just been started: it remembers no pool as it was before it was refused. */
async function world(): Promise<NaiveWorld> {
  const namespaces = await list<{ readonly metadata: { readonly name: string; readonly labels: TextMap } }>('/api/v1/namespaces');
  const pools = naivePools(await list<IPAddressPool>(POOLS), new Map());
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
  return { ...pools, namespaces: labels, services: await services() };
}

/** Waits until nothing is wrong; fails with what is. */
async function nothingWrong(what: string, faultsOf: (world: NaiveWorld) => readonly string[] | Promise<readonly string[]>): Promise<void> {
  const probe = async (): Promise<boolean> => {
    const faults = await faultsOf(await world());
    if (faults.length > 0) throw new Error(faults.join('; '));
    return true;
  };
  await eventually(what, probe, PATIENCE);
}

/** What the statuses of the pools count otherwise than the statuses of the Services. */
async function miscounted({ services: all, pools }: NaiveWorld): Promise<string[]> {
  const held = all.flatMap(statedBy);
  const ofPools = await list<IPAddressPool>(POOLS);
  const counted = ofPools.filter(({ metadata }) => pools.has(metadata.name)).map(({ status }) => status);
  const total = counted.reduce((sum, status) => sum + (status?.allocationsTotal ?? 0), 0);
  const listed = counted.flatMap((status) => status?.allocations ?? []).flatMap(({ services: names }) => names);
  const inUse = counted.reduce((sum, status) => sum + (status?.assignedIPv4 ?? 0) + (status?.assignedIPv6 ?? 0), 0);
  const right = total === held.length && listed.length === held.length && inUse === new Set(held).size;
  return right ? [] : [`pools count ${total} holders of ${inUse} addresses, Services ${held.length} of ${new Set(held).size}`];
}

describeLab('a random history', () => {
  beforeAll(async () => {
    lab = await Lab.start({ nodes: 1, podsPerNode: 0, controllerManager: false });
    await lab.installProduct();
    for (const name of NAMESPACES) await lab.control.api.post('/api/v1/namespaces', { metadata: { name, labels: { team: 'x' } } });
    controller = await lab.startController();
    await controller.ready();
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  test(
    'with kills in between ends as the naive model says, and then nothing is written any more',
    async () => {
      const seed = Number(process.env.LAB_SEED ?? Date.now() % 1_000_000);
      process.stderr.write(`the history is that of LAB_SEED=${seed}\n`);
      const random = generator(seed);
      const changes = new Changes(random);
      let addressed = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const kill = changes.below(CHANGES_OF_ROUND);
        for (let change = 0; change < CHANGES_OF_ROUND; change++) {
          await changes.one();
          if (change === kill) await controller.crash();
        }
        // A new life sees all Services anew, and knows of no pool how it was before.
        await controller.crash();
        await nothingWrong('addresses are as the rules say', faultsAtRest);
        addressed += (await services()).filter((service) => statedBy(service).length > 0).length;
      }
      await controller.crash();
      await nothingWrong('conditions are as the rules say', (now) => [...faultsAtRest(now), ...conditionFaultsAtRest(now)]);
      const frozen = (await world()).frozen.size > 0;
      if (!frozen) await nothingWrong('pools count what Services have', miscounted);
      const unchanged = async (): Promise<boolean> => {
        const before = JSON.stringify(await services());
        await sleep(QUIET_MILLISECONDS);
        return JSON.stringify(await services()) === before;
      };
      await eventually('nothing is written any more', unchanged, PATIENCE);
      // That it was no history of refusals in an empty cluster.
      expect(changes.refused).toBeLessThan(changes.made / 2);
      expect(addressed).toBeGreaterThan(ROUNDS);
    },
    TEST_MILLISECONDS,
  );
});
