import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/fake-clock.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { type Micros, milliseconds } from '../lib/clock.ts';
import { LeaderMetrics } from './leader-metrics.ts';

const PENDING = new Map([
  ['NoPool', 2],
  ['PoolExhausted', 1],
] as const);

/** What is told, word by word, of one who does not lead, and of one who does. */
const FOLLOWS = [0, []];
const LEADS = [
  1,
  [
    ['reason="NoPool"', 2],
    ['reason="PoolExhausted"', 1],
  ],
];

/** One term, of which the test says when it begins, how long it is sure, and when it ends. */
class Scene {
  remaining: Micros = milliseconds(10_000);
  readonly #metrics: RecordingMetrics = new RecordingMetrics();
  readonly #begun = Promise.withResolvers<void>();
  readonly #end = new AbortController();
  readonly #shown: Promise<void>;

  constructor() {
    const leadership = { whenLeading: () => this.#begun.promise, remaining: () => this.remaining };
    this.#shown = new LeaderMetrics(this.#metrics).show(leadership, () => PENDING, this.#end.signal);
  }

  get told(): unknown[] {
    return [this.#metrics.value('typemetal_leader'), [...this.#metrics.series('typemetal_services_pending')]];
  }

  async begin(): Promise<void> {
    this.#begun.resolve();
    await settle();
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#shown;
  }
}

test('a replica says that it leads, and who waits, from the beginning of its term to the end', async () => {
  const scene = new Scene();
  await settle();
  expect(scene.told).toEqual(FOLLOWS);
  await scene.begin();
  expect(scene.told).toEqual(LEADS);
  await scene.end();
  expect(scene.told).toEqual(FOLLOWS);
});

test('a leader whose time is over says that it does not lead, without being told, until it has renewed', async () => {
  const scene = new Scene();
  await scene.begin();
  const told = [0, -1_000, 1].map((left) => {
    scene.remaining = milliseconds(left);
    return scene.told;
  });
  expect(told).toEqual([FOLLOWS, FOLLOWS, LEADS]);
  await scene.end();
});

test('a term that ends before it began is none', async () => {
  const metrics = new RecordingMetrics();
  const leader = new LeaderMetrics(metrics);
  await leader.show(undefined, () => PENDING, AbortSignal.abort());
  expect(metrics.value('typemetal_leader')).toBe(0);
});
