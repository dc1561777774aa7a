import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { announce, announcement, withdraw } from '../../../test/support/announcements.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { type Micros, milliseconds } from '../../lib/clock.ts';
import type { PlanChange, Report, WireChange } from '../../model/plan.ts';
import type { Order, WireSettings } from './messages.ts';
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
  get changes(): (readonly WireChange[])[] {
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
let takesLeave: boolean;
let drainAtEnd: Micros | undefined;

beforeEach(() => {
  clock = new FakeClock();
  workers = [];
  planComesAtOnce = true;
  takesLeave = true;
  drainAtEnd = undefined;
  reports = [];
  stop = new AbortController();
  thread = new WireThread({
    clock,
    node: 'node-1',
    excludedInterfaces: ['^lo$'],
    debug: false,
    onReport: (report) => void reports.push(report),
    drainAtEnd: () => drainAtEnd,
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
      const post = (order: Order): void => {
        worker.orders.push(order);
        if (order.kind === 'end' && takesLeave) setImmediate(() => listener.noticed({ kind: 'ended' }));
      };
      return { post, stop: end };
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

describe('a thread that speaks with other speakers', () => {
  const timing = {
    busyInterval: milliseconds(100),
    idleInterval: milliseconds(1_000),
    speakerGrace: milliseconds(0),
    restartGrace: milliseconds(0),
  };

  /** Starts a thread of its own; what it was given and what it was ordered. */
  function speaking(): { thread: WireThread; given: WireSettings[]; orders: Order[]; end: () => Promise<void> } {
    const [given, orders, ended]: [WireSettings[], Order[], AbortController] = [[], [], new AbortController()];
    const speaker: WireThread = new WireThread({
      ...{ clock, node: 'a', excludedInterfaces: [], debug: false, onReport: () => undefined, onPlanWanted: () => undefined },
      segment: { node: 'a', key: 'first', timing, gone: [] },
      startWorker: (settings, listener) => {
        given.push(settings);
        if (given.length === 1) setImmediate(() => listener.noticed({ kind: 'reports', reports: [{ kind: 'gone', nodes: ['b'] }] }));
        return { post: (order) => void orders.push(order), stop: () => void setImmediate(() => listener.ended('it was told to end')) };
      },
    });
    const done = speaker.run(ended.signal);
    const end = async (): Promise<void> => {
      ended.abort();
      await clock.run(milliseconds(1_000));
      await done;
    };
    return { thread: speaker, given, orders, end };
  }

  test('is given the keys that are good now, with the age of the change, and who was gone, also when it is started again', async () => {
    const { thread: speaker, given, orders, end } = speaking();
    speaker.setKey('second');
    speaker.setKey('second');
    expect(orders).toEqual([{ kind: 'key', key: 'second' }]);
    await settle();
    speaker.restart();
    await clock.run(milliseconds(1_000));
    const started = given.map(({ segment }) => [segment?.key, segment?.replacedKey, segment?.gone]);
    // The next thread starts after 100 ms.
    expect(started).toEqual([
      ['first', undefined, []],
      ['second', { key: 'first', age: milliseconds(100) }, ['b']],
    ]);
    await end();
  });
});

describe('the end', () => {
  test('the thread takes its leave before it is ended', async () => {
    stop.abort();
    expect([current().orders.at(-1), current().stopped]).toEqual([{ kind: 'end', drain: undefined }, false]);
    await running;
    expect(current().stopped).toBe(true);
  });

  test.each([
    { what: 'a thread that does not is ended after a moment', drain: undefined, pause: 499 },
    { what: 'one that does not come again has its time', drain: milliseconds(5_000), pause: 5_499 },
  ])('$what', async ({ drain, pause }) => {
    takesLeave = false;
    drainAtEnd = drain;
    stop.abort();
    expect(current().orders.at(-1)).toEqual({ kind: 'end', drain });
    await clock.run(milliseconds(pause));
    expect(current().stopped).toBe(false);
    await clock.run(milliseconds(1));
    await running;
    expect(current().stopped).toBe(true);
  });
});
