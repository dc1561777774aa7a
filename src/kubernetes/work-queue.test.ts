import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { AssertionError } from '../lib/assert.ts';
import { milliseconds } from '../lib/clock.ts';
import { MetalError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import { ApiError } from './api-error.ts';
import { DeadlineError, type Reconcile, reconcileCounters, WorkQueue, type WorkQueueLimits, type WorkQueuePorts } from './work-queue.ts';

class Hopeless extends MetalError {
  readonly code = 'HOPELESS';
  readonly retryable = false;
}

/** A queue whose turns are kept, and end when the test says so or at once. */
class Scene {
  readonly clock = new FakeClock();
  readonly log = new RecordingLogger();
  readonly metrics = new RecordingMetrics();
  readonly turns: string[] = [];
  readonly queue: WorkQueue;
  readonly end = new AbortController();
  readonly ended: Promise<void>;
  readonly ports: WorkQueuePorts;

  constructor(reconcile: Reconcile = async () => undefined, limits: WorkQueueLimits = {}, more: Partial<WorkQueuePorts> = {}) {
    const counters = reconcileCounters(this.metrics);
    this.ports = { clock: this.clock, random: () => 0, log: this.log, counters, ...more };
    const turn: Reconcile = (name, signal) => {
      this.turns.push(name);
      return reconcile(name, signal);
    };
    this.queue = new WorkQueue('test', this.ports, turn, limits);
    this.ended = this.queue.run(this.end.signal);
    this.ended.catch(() => undefined);
  }

  count(name: string): number | undefined {
    return this.metrics.value(`metallb_k8s_client_${name}_total`);
  }
}

/** A turn that fails as told, then succeeds. */
function failing(...faults: unknown[]): Reconcile {
  return async () => {
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
  };
}

describe('turns', () => {
  test('names are merged while they wait, and given turns in their order', async () => {
    const scene = new Scene();
    for (const name of ['a', 'b', 'a', 'c', 'b']) scene.queue.add(name);
    expect(scene.queue.size).toBe(3);
    await settle();
    expect(scene.turns).toEqual(['a', 'b', 'c']);
    expect([scene.count('updates'), scene.count('update_errors')]).toEqual([3, 0]);
  });

  test('a name has one turn at a time, and another one when it was added meanwhile', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const scene = new Scene(() => gates[scene.turns.length - 1]?.promise ?? Promise.resolve());
    scene.queue.add('a');
    await settle();
    scene.queue.add('a');
    scene.queue.add('a');
    await settle();
    expect(scene.turns).toEqual(['a']);
    gates[0]?.resolve();
    await settle();
    expect(scene.turns).toEqual(['a', 'a']);
    gates[1]?.resolve();
    await settle();
    expect(scene.turns).toEqual(['a', 'a']);
  });

  test('so many names at once as there are workers', async () => {
    const gate = Promise.withResolvers<void>();
    const scene = new Scene(() => gate.promise, { workers: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) scene.queue.add(name);
    await settle();
    expect(scene.turns).toEqual(['a', 'b', 'c']);
    gate.resolve();
    await settle();
    expect(scene.turns).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('quick turns leave the event loop to others', async () => {
    const scene = new Scene(undefined, { workers: 4 });
    for (let name = 0; name < 1_000; name++) scene.queue.add(`${name}`);
    let others = 0;
    while (scene.turns.length < 1_000) {
      await new Promise((resolve) => setImmediate(resolve));
      others += 1;
    }
    expect(others).toBeGreaterThan(100);
  });

  test('a delay is waited for; the earliest of several counts', async () => {
    const scene = new Scene();
    scene.queue.addAfter('a', milliseconds(500));
    scene.queue.addAfter('a', milliseconds(200));
    scene.queue.addAfter('a', milliseconds(900));
    await scene.clock.run(milliseconds(199));
    expect(scene.turns).toEqual([]);
    await scene.clock.run(milliseconds(1));
    expect(scene.turns).toEqual(['a']);
    await scene.clock.run(milliseconds(1_000));
    expect(scene.turns).toEqual(['a']);
  });
});

test('what waits and what fails is measured while the queue runs, over all queues of a title', async () => {
  const gate = Promise.withResolvers<void>();
  const scene = new Scene(
    async (name) => {
      if (name === 'bad') throw new Error('no');
      await gate.promise;
    },
    { workers: 2 },
  );
  const { queues } = scene.ports.counters;
  const other = new WorkQueue('test', scene.ports, async () => undefined);
  const depth = (): number | undefined => scene.metrics.value('typemetal_workqueue_depth', { controller: 'test' });
  const failing = (): number | undefined => scene.metrics.value('typemetal_workqueue_failing', { controller: 'test' });
  for (const name of ['bad', 'a', 'b', 'c', 'd']) scene.queue.add(name);
  await settle();
  expect([depth(), failing()]).toEqual([2, 1]);
  other.add('waits until it runs');
  queues.add(other);
  expect(depth()).toBe(3);
  queues.delete(other);
  gate.resolve();
  await settle();
  expect([depth(), failing()]).toEqual([0, 1]);
  scene.end.abort();
  await scene.ended;
  expect([depth(), failing()]).toEqual([undefined, undefined]);
});

describe('failures', () => {
  test('are repeated after a doubling wait of that name alone, logged on one line, and forgotten at the first success', async () => {
    const scene = new Scene(failing(new Error('one\n  at stack'), new Error('two'), undefined, new Error('three')));
    scene.queue.add('a');
    await scene.clock.run(milliseconds(99));
    expect(scene.turns).toEqual(['a']);
    await scene.clock.run(milliseconds(1));
    await scene.clock.run(milliseconds(200));
    expect(scene.turns).toEqual(['a', 'a', 'a']);
    scene.queue.add('a');
    await scene.clock.run(milliseconds(100));
    expect(scene.turns.length).toBe(5);
    expect(scene.log.lines.map(({ message, fields }) => `${fields.name}: ${fields.error}: ${message}`)).toEqual([
      'a: one: reconcile failed, next attempt in 0.1 s',
      'a: two: reconcile failed, next attempt in 0.2 s',
      'a: three: reconcile failed, next attempt in 0.1 s',
    ]);
    expect([scene.count('updates'), scene.count('update_errors')]).toEqual([5, 3]);
  });

  test.each([
    { name: 'what cannot pass by itself: the longest wait', fault: new Hopeless('no'), wait: 60_000 },
    {
      name: 'Retry-After: what it says',
      fault: new ApiError('later', { status: 429, reason: 'TooManyRequests', retryAfter: milliseconds(7_000) }),
      wait: 7_000,
    },
    { name: 'a conflict: the first wait', fault: new ApiError('changed', { status: 409, reason: 'Conflict' }), wait: 100 },
  ])('$name', async ({ fault, wait }) => {
    const scene = new Scene(failing(fault));
    scene.queue.add('a');
    await scene.clock.run(milliseconds(wait - 1));
    expect(scene.turns.length).toBe(1);
    await scene.clock.run(milliseconds(1));
    expect(scene.turns.length).toBe(2);
  });

  test('an absent server and a conflict are no errors in the log', async () => {
    const scene = new Scene(
      failing(new ApiError('away', { status: 0, reason: 'Unreachable' }), new ApiError('changed', { status: 409, reason: 'Conflict' })),
    );
    scene.queue.add('a');
    await scene.clock.run(milliseconds(1_000));
    expect([scene.turns.length, scene.log.messages('error')]).toEqual([3, []]);
  });

  test('a turn that takes too long is told so, and repeated', async () => {
    const scene = new Scene(
      (_name, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    scene.queue.add('a');
    await scene.clock.run(milliseconds(30_000));
    expect(scene.log.lines[0]?.fields.error).toBe('not done after 30 s');
    await scene.clock.run(milliseconds(100));
    expect(scene.turns.length).toBe(2);
    expect(new DeadlineError('x').retryable).toBe(true);
  });

  test('a bug ends the queue with it', async () => {
    const scene = new Scene(failing(new AssertionError('two owners')));
    scene.queue.add('a');
    await expect(scene.ended).rejects.toThrow('two owners');
  });
});

describe('the server is away', () => {
  test('no turns meanwhile, all at once on its return', async () => {
    const back = Promise.withResolvers<void>();
    const gate = { reachable: false, whenReachable: () => back.promise };
    const scene = new Scene(undefined, {}, { gate });
    for (const name of ['a', 'b']) scene.queue.add(name);
    await scene.clock.run(milliseconds(600_000));
    expect(scene.turns).toEqual([]);
    gate.reachable = true;
    back.resolve();
    await settle();
    expect(scene.turns).toEqual(['a', 'b']);
  });
});

describe('limits and the end', () => {
  test('a full queue says so once an episode and keeps what it has', async () => {
    const gate = Promise.withResolvers<void>();
    const scene = new Scene(() => gate.promise, { capacity: 2, workers: 1 });
    scene.queue.add('busy');
    await settle();
    for (const name of ['a', 'b', 'c', 'd', 'a']) scene.queue.add(name);
    expect([scene.queue.size, scene.log.messages('error').length]).toEqual([2, 1]);
    gate.resolve();
    await settle();
    expect(scene.turns).toEqual(['busy', 'a', 'b']);
  });

  test('it ends when the turns under way have, which are told; what waits is dropped, timers too', async () => {
    const gate = Promise.withResolvers<void>();
    const told: unknown[] = [];
    const scene = new Scene(
      (_name, signal) => {
        signal.addEventListener('abort', () => told.push(signal.reason));
        return gate.promise;
      },
      { workers: 1 },
    );
    for (const name of ['a', 'b']) scene.queue.add(name);
    scene.queue.addAfter('c', milliseconds(10));
    await settle();
    scene.end.abort('enough');
    let over = false;
    scene.ended.then(() => {
      over = true;
    }, undefined);
    await settle();
    expect([over, told, scene.clock.timers]).toEqual([false, ['enough'], 1]);
    gate.resolve();
    await scene.ended;
    expect([scene.turns, scene.clock.timers]).toEqual([['a'], 0]);
  });
});

test('every name added has a turn that begins after it was added, however turns fail', async () => {
  const plans = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), wait: fc.constantFrom(0, 0, 50, 5_000), fails: fc.nat(2) }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const faults = new Map<string, number>();
      const reached = new Map<string, number>();
      let step = 0;
      const scene = new Scene(async (name) => {
        const begun = step;
        await pause(scene.clock, milliseconds(20), scene.end.signal);
        const left = faults.get(name) ?? 0;
        faults.set(name, left - 1);
        if (left > 0) throw new Error('not yet');
        reached.set(name, begun);
      });
      const wanted = new Map<string, number>();
      for (const { name, wait, fails } of plan) {
        step += 1;
        faults.set(name, fails);
        wanted.set(name, step);
        scene.queue.add(name);
        await scene.clock.run(milliseconds(wait));
      }
      await scene.clock.run(milliseconds(300_000));
      for (const [name, at] of wanted) expect(reached.get(name)).toBeGreaterThanOrEqual(at);
      scene.end.abort();
      await scene.ended;
    }),
    { numRuns: 50 },
  );
});
