import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { ingressOf, type Stored } from './support/cluster.ts';
import { generator } from './support/odd-frames.ts';
import { alarmingLines, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { type Faults, MAY_CHANGE, RollCall } from './support/roll-call.ts';
import { settles } from './support/settles.ts';

/** Processes are killed while Services come and go: no address is ever lost, doubled or changed. */

const KILLS = 50;
/** Most Services at once; few more addresses than that, so that what is given back is given out again soon. */
const MOST_SERVICES = 12;
const POOL = '198.51.100.200-198.51.100.217';
/** The longest pause before a kill; a controller needs one to two seconds to its first allocation, so this meets every phase. */
const LONGEST_PAUSE_MILLISECONDS = 3_000;
/** How often the Services are looked at besides. */
const LOOK_MILLISECONDS = 150;
const TEST_MILLISECONDS = 900_000;
const PATIENCE = { withinMilliseconds: 120_000 };

let product: ProductLab;

/** Old Services that want an address only now and then: one that does so while the controller is dead must not take a younger one's. */
const TURNING = ['turning-1', 'turning-2', 'turning-3'];

/** Creates, deletes and turns Services at random, and remembers which there must be. */
class Traffic {
  readonly #random: () => number;
  readonly #resting = new Set<string>();
  /** The names of those that there must be now. */
  readonly alive: string[] = [];
  /** How many there have been. */
  created = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The old Services come first. */
  async begin(): Promise<void> {
    for (const name of TURNING) await product.cluster.createService(name, { labels: { [MAY_CHANGE]: 'yes' } });
  }

  /** All of the old Services want an address in the end. */
  async end(): Promise<void> {
    for (const name of this.#resting) await this.#turn(name);
  }

  /** One to three Services come or go, and perhaps an old one turns. */
  async churn(): Promise<void> {
    if (this.#random() % 2 === 0) await this.#turn(TURNING[this.#random() % TURNING.length] ?? '');
    for (let change = this.#random() % 3; change >= 0; change--) {
      const full = this.alive.length >= MOST_SERVICES;
      if (full || (this.alive.length > 3 && this.#random() % 2 === 0)) await this.#delete();
      else await this.#create();
    }
  }

  async #turn(name: string): Promise<void> {
    const type = this.#resting.delete(name) ? 'LoadBalancer' : 'ClusterIP';
    if (type === 'ClusterIP') this.#resting.add(name);
    await product.cluster.patch('Service', name, { spec: { type } });
  }

  async #create(): Promise<void> {
    const name = `churn-${++this.created}`;
    await product.cluster.createService(name);
    this.alive.push(name);
  }

  async #delete(): Promise<void> {
    const [name = ''] = this.alive.splice(this.#random() % this.alive.length, 1);
    await product.lab.control.api.delete(`/api/v1/namespaces/default/services/${name}`);
  }
}

/** Looks at all Services again and again until it is disposed of. */
class Watchman implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #round: Promise<Faults> = this.#watch();

  /** Ends the round, and gives all that was wrong. */
  end(): Promise<Faults> {
    this.#ending.abort();
    return this.#round;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #watch(): Promise<Faults> {
    const rollCall = new RollCall();
    const faults: string[] = [];
    while (!this.#ending.signal.aborted) {
      faults.push(...rollCall.look(await loadBalancers()));
      await sleep(LOOK_MILLISECONDS);
    }
    return faults;
  }
}

async function loadBalancers(): Promise<readonly Stored[]> {
  return (await product.cluster.list('Service')).filter(({ metadata }) => metadata.name !== 'kubernetes');
}

/** Everybody has an address, one node announces each, and the client gets an answer. */
async function settled(alive: readonly string[]): Promise<void> {
  const all = async (): Promise<boolean> => (await loadBalancers()).every((service) => ingressOf(service).length === 1);
  await eventually('every Service has an address', all, PATIENCE);
  expect((await loadBalancers()).map(({ metadata }) => metadata.name).toSorted()).toEqual(alive.toSorted());
  for (const service of await loadBalancers()) {
    const [address = ''] = ingressOf(service);
    await eventually(`HTTP to ${service.metadata.name}`, () => product.lab.client.http(address, { withinMilliseconds: 500 }), PATIENCE);
    await settles('one node answers', async () => {
      const { byMac } = await product.wire.ask(address, 2);
      expect({ address, answers: Object.values(byMac) }).toEqual({ address, answers: [2] });
    });
  }
}

/** The controller every other time, for it is its memory that a kill takes away; the speakers in turn otherwise. */
function victimOf(kill: number): ProductProcess {
  const speakers = [...product.speakers.values()];
  return kill % 2 === 0 ? product.controller : (speakers[(kill >> 1) % speakers.length] ?? product.controller);
}

describeLab('restarts', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    await product.cluster.createPool('main', [POOL]);
    await product.cluster.create('L2Advertisement', 'everywhere', { spec: {} });
    await product.cluster.poolReady('main', 'True');
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  test(
    `${KILLS} kills while Services come and go neither lose nor double nor change an address`,
    async () => {
      const seed = Number(process.env.LAB_SEED ?? Date.now() % 1_000_000);
      process.stderr.write(`the kills are those of LAB_SEED=${seed}\n`);
      const random = generator(seed);
      const traffic = new Traffic(random);
      await traffic.begin();
      await using watchman = new Watchman();
      for (let kill = 0; kill < KILLS; kill++) {
        await traffic.churn();
        await sleep(random() % LONGEST_PAUSE_MILLISECONDS);
        const churning = traffic.churn(); // so that some die in the middle of it
        await victimOf(kill).crash();
        await churning;
      }
      await product.ready();
      await traffic.end();
      await settled([...traffic.alive, ...TURNING]);
      expect(await watchman.end()).toEqual([]);
      expect(traffic.created).toBeGreaterThan(KILLS);
    },
    TEST_MILLISECONDS,
  );

  test('the pool counts what is left, and nothing alarming is in any log', async () => {
    const { cluster } = product;
    const left = (await loadBalancers()).length;
    const counted = async (): Promise<boolean> => (await cluster.get('IPAddressPool', 'main')).status?.assignedIPv4 === left;
    await eventually(`${left} addresses are assigned`, counted, PATIENCE);
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
