import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { announce, announcement, withdraw } from '../../../test/support/announcements.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import type { Order } from './messages.ts';
import { WireThread } from './wire-thread.ts';
import type { WireWorkerListener } from './wire-worker.ts';

/** A worker that does what the test says. */
class FakeWorker {
  readonly listener: WireWorkerListener;
  readonly orders: Order[] = [];
  stopped = false;

  constructor(listener: WireWorkerListener) {
    this.listener = listener;
  }

  /** The plan changes that were posted, one list for each message. */
  get changes(): (readonly PlanChange[])[] {
    return this.orders.flatMap((order) => (order.kind === 'changes' ? [order.changes] : []));
  }
}

const WHOLE: PlanChange = { kind: 'replace', announcements: [announcement('default/a', ['10.0.0.1'])] };

let clock: FakeClock;
let workers: FakeWorker[];
let reports: Report[];
let thread: WireThread;
let stop: AbortController;
let running: Promise<void>;
let planComesAtOnce: boolean;

beforeEach(() => {
  clock = new FakeClock();
  workers = [];
  planComesAtOnce = true;
  reports = [];
  stop = new AbortController();
  thread = new WireThread({
    clock,
    excludedInterfaces: ['^lo$'],
    debug: false,
    onReport: (report) => void reports.push(report),
    onPlanWanted: () => {
      if (planComesAtOnce) thread.apply(WHOLE);
    },
    startWorker: (_, listener) => {
      const worker = new FakeWorker(listener);
      workers.push(worker);
      const end = (): void => {
        worker.stopped = true;
        setImmediate(() => listener.ended('it was told to end'));
      };
      return { post: (order) => void worker.orders.push(order), stop: end };
    },
  });
  running = thread.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  expect(clock.timers).toBe(0);
});

/** The worker that runs now. */
function current(): FakeWorker {
  const worker = workers.at(-1);
  if (worker === undefined) throw new Error('no worker was started');
  return worker;
}

describe('the plan', () => {
  test('is asked for when the thread starts', () => {
    expect(current().changes).toEqual([[WHOLE]]);
  });

  test('changes wait, merged by Service, until the last ones were taken', () => {
    thread.apply(announce('default/b', ['10.0.0.2']));
    thread.apply(withdraw('default/b'));
    thread.apply(withdraw('default/a'));
    expect(current().changes).toHaveLength(1);
    current().listener.noticed({ kind: 'applied' });
    expect(current().changes[1]).toEqual([withdraw('default/b'), withdraw('default/a')]);
    current().listener.noticed({ kind: 'applied' });
    expect(current().changes).toHaveLength(2);
  });

  test('is asked for again after a crash, and what waited is not sent before it', async () => {
    thread.apply(withdraw('default/z'));
    current().listener.ended('a bug');
    await clock.run(milliseconds(100));
    expect(workers).toHaveLength(2);
    expect(current().changes).toEqual([[WHOLE]]);
  });

  test('what waited before a crash is forgotten even if the whole plan comes late', async () => {
    planComesAtOnce = false;
    thread.apply(withdraw('default/z'));
    current().listener.ended('a bug');
    await clock.run(milliseconds(100));
    thread.apply(announce('default/b', ['10.0.0.2']));
    expect(current().changes).toEqual([[announce('default/b', ['10.0.0.2'])]]);
  });

  test('changes while no thread runs wait for the next one', async () => {
    current().listener.ended('a bug');
    await settle();
    thread.apply(announce('default/b', ['10.0.0.2']));
    await clock.run(milliseconds(100));
    expect(current().changes).toEqual([[WHOLE]]);
  });
});

describe('reports', () => {
  test('are handed out in order and acknowledged', () => {
    current().listener.noticed({ kind: 'reports', reports: [{ kind: 'interfaces', names: ['eth0'] }, { kind: 'ready' }] });
    expect(reports.map(({ kind }) => kind)).toEqual(['interfaces', 'ready']);
    expect(current().orders.at(-1)).toEqual({ kind: 'received' });
  });
});

describe('a ping', () => {
  test.each([
    { answering: true, health: 'answering' },
    { answering: false, health: 'waiting' },
  ])('is $health when the thread says $answering', async ({ answering, health }) => {
    const asked = thread.ping(milliseconds(500), stop.signal);
    const order = current().orders.at(-1);
    current().listener.noticed({ kind: 'pong', id: order?.kind === 'ping' ? order.id : -1, answering });
    await expect(asked).resolves.toBe(health);
  });

  test('is silent when the thread says nothing in time, and a late word is of no account', async () => {
    const asked = thread.ping(milliseconds(500), stop.signal);
    await clock.run(milliseconds(500));
    await expect(asked).resolves.toBe('silent');
    current().listener.noticed({ kind: 'pong', id: 1, answering: true });
  });

  test('is silent while no thread runs', async () => {
    current().listener.ended('a bug');
    await settle();
    await expect(thread.ping(milliseconds(500), stop.signal)).resolves.toBe('silent');
  });
});

describe('a thread that ends', () => {
  test('is said once and started again, later each time', async () => {
    const waits: number[] = [];
    for (let crash = 0; crash < 9; crash++) {
      current().listener.ended('a bug');
      await settle();
      const due = clock.nextDue ?? clock.now();
      waits.push((due - clock.now()) / 1_000);
      await clock.run(milliseconds(10_000));
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(reports).toHaveLength(9);
    expect(reports[0]).toEqual({
      kind: 'log',
      level: 'error',
      message: 'the wire thread ended and starts again in 100 ms; no ARP request is answered until then',
      fields: { op: 'wireThread', error: 'a bug' },
    });
  });

  test('begins with the shortest wait again after a minute of health', async () => {
    for (const healthyMilliseconds of [0, 0, 61_000]) {
      await clock.run(milliseconds(healthyMilliseconds));
      current().listener.ended('a bug');
      await settle();
      await clock.run(milliseconds(1_000));
    }
    expect(reports.at(-1)).toMatchObject({ message: expect.stringContaining('in 100 ms') });
  });

  test('on purpose comes back with the whole plan', async () => {
    thread.restart();
    await clock.run(milliseconds(100));
    expect(workers).toHaveLength(2);
    expect(current().changes).toEqual([[WHOLE]]);
  });

  test('because everything ends is neither said nor started again', async () => {
    stop.abort();
    await running;
    expect(workers.map(({ stopped }) => stopped)).toEqual([true]);
    expect(reports).toEqual([]);
  });
});
