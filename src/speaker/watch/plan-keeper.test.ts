import { beforeEach, describe, expect, test } from '@jest/globals';
import { plannedPeer, serviceRoutes } from '../../../test/support/bgp-plans.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { facts } from '../../../test/support/objects.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { milliseconds } from '../../lib/clock.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { Announcement, WireChange } from '../../model/plan.ts';
import { AnnouncedServices } from './announced-services.ts';
import { AnnouncementNotices } from './announcement-notices.ts';
import { KeptText } from './kept-text.ts';
import { PlanKeeper } from './plan-keeper.ts';
import { RouteAnnouncer } from './route-announcer.ts';
import { decodePlan, encodePlan } from './saved-plan.ts';

const address = parseAddress('198.51.100.200');
if (address === undefined) throw new Error('no address');
const ANNOUNCEMENT: Announcement = { service: 'default/web', addresses: [address], interfaces: { all: true } };
const ROUTES = { routes: [serviceRoutes('default/web', '198.51.100.200/32')], peers: [plannedPeer()], draining: false };

let clock: FakeClock;
let log: RecordingLogger;
let changes: WireChange[];
let kept: Record<'plan' | 'alive', { text: string; ageSeconds: number } | undefined>;
let announced: AnnouncedServices;
let routes: RouteAnnouncer;
let keeper: PlanKeeper;
let end: AbortController;

function fileOf(name: 'plan' | 'alive'): KeptText {
  const file = {
    read: () => kept[name] && `boot ${10_000 - kept[name].ageSeconds}\n${kept[name].text}`,
    write: (text: string) => {
      kept[name] = { text: text.slice(text.indexOf('\n') + 1), ageSeconds: 0 };
    },
  };
  return new KeptText(file, { id: 'boot', seconds: () => 10_000 });
}

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLogger();
  changes = [];
  kept = { plan: undefined, alive: undefined };
  announced = new AnnouncedServices();
  end = new AbortController();
  const applyToWire = (change: WireChange): void => void changes.push(change);
  const events = { record: () => undefined };
  const notices = new AnnouncementNotices({ node: 'node-1', metrics: new RecordingMetrics(), log, events });
  routes = new RouteAnnouncer({ notices, log, applyToWire });
  const files = { plan: fileOf('plan'), alive: fileOf('alive') };
  keeper = new PlanKeeper({ clock, log, files, version: '1', graceSeconds: 30, announced, routes, applyToWire });
});

function keepFrom(ageSeconds: number, plan: string = encodePlan([ANNOUNCEMENT], ROUTES, '1')): void {
  kept = { plan: { text: plan, ageSeconds }, alive: { text: '', ageSeconds } };
}

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(milliseconds(1_000));
    await settle();
  }
}

async function run(): Promise<Promise<void>> {
  const running = keeper.run(end.signal);
  await settle();
  return running;
}

async function tellTruth(): Promise<void> {
  announced.settle();
  routes.complete();
  await settle();
}

/** What the wire was told, in short. */
function told(): string[] {
  return changes.map((change) => {
    if (change.kind === 'replace') return `layer2 ${change.announcements.map(({ service }) => service).join()}`;
    return change.kind === 'replace-bgp'
      ? `bgp ${change.routes.map(({ service }) => service).join()} to ${change.peers.length}`
      : change.kind;
  });
}

describe('without an API server', () => {
  test.each([
    { what: 'a moment ago', age: 5, said: ['layer2 default/web', 'bgp default/web to 1'] },
    { what: 'when others may have taken its addresses', age: 21, said: ['layer2 ', 'bgp default/web to 1'] },
    { what: 'too long ago', age: 3_601, said: [] },
  ])('what was announced $what', async ({ age, said }) => {
    keepFrom(age);
    void run();
    await pass(1);
    expect(told()).toEqual([]);
    await pass(1);
    expect([told(), keeper.resumed]).toEqual([said, said.length > 0]);
    end.abort();
  });

  test.each([
    { what: 'none', plan: '' },
    { what: 'of another version', plan: encodePlan([ANNOUNCEMENT], ROUTES, '2') },
    { what: 'one without Services', plan: encodePlan([], { ...ROUTES, routes: [] }, '1') },
  ])('a plan that is $what is not used', async ({ plan }) => {
    keepFrom(5, plan);
    void run();
    await pass(3);
    expect([told(), log.lines.length]).toEqual([[], 0]);
    end.abort();
  });

  test('a plan without a sign of life is not used', async () => {
    keepFrom(5);
    kept.alive = undefined;
    void run();
    await pass(3);
    expect(told()).toEqual([]);
    end.abort();
  });

  test('it is said, and so is each peer whose password is not there', async () => {
    keepFrom(5, encodePlan([], { ...ROUTES, peers: [plannedPeer({ name: 'secret', password: 'x' })], draining: true }, '1'));
    void run();
    await pass(2);
    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { op: 'resume', routedServices: 1, peers: 0 } },
      { level: 'warn', message: expect.stringContaining('its password is not kept on disk'), fields: { peer: 'secret' } },
    ]);
    expect(told()).toEqual(['layer2 ', 'bgp default/web to 0', 'drain']);
    end.abort();
  });

  test('a wire thread that starts anew has the same, until the truth comes', async () => {
    keepFrom(5);
    void run();
    await pass(2);
    changes = [];
    keeper.replay();
    expect(told()).toEqual(['layer2 default/web', 'bgp default/web to 1']);
    expect([keeper.told.announcements, keeper.told.plan?.routes.map(({ service }) => service)]).toEqual([[ANNOUNCEMENT], ['default/web']]);
    changes = [];
    await tellTruth();
    expect(told()).toEqual(['bgp  to 0', 'drain', 'layer2 ']);
    expect([keeper.resumed, keeper.told]).toEqual([false, { announcements: [], plan: { routes: [], peers: [], draining: false } }]);
    changes = [];
    keeper.replay();
    expect(told()).toEqual(['layer2 ', 'bgp  to 0']);
    end.abort();
  });
});

describe('with an API server', () => {
  test('its word alone counts', async () => {
    keepFrom(5);
    void run();
    await tellTruth();
    await pass(3);
    expect([told(), log.lines.length, keeper.resumed]).toEqual([['bgp  to 0', 'drain', 'layer2 '], 0, false]);
    end.abort();
  });

  test('the plan is kept when all of it is known, when it changes, and not more than once a second', async () => {
    const running = run();
    keeper.changed();
    await pass(2);
    expect(kept.plan).toBeUndefined();
    routes.setPeers([plannedPeer({ name: 'secret', password: 'correct-horse' })]);
    announced.plan('default/web', ANNOUNCEMENT);
    await tellTruth();
    await pass(1);
    expect(decodePlan(kept.plan?.text ?? '', '1')).toMatchObject({ announcements: [ANNOUNCEMENT], withPassword: ['secret'], peers: [] });
    routes.carryOut('default/web', facts({ name: 'web', ips: [] }), {
      kind: 'announce',
      addresses: [address],
      ...serviceRoutes('', '198.51.100.200/32'),
      fault: undefined,
    } as never);
    keeper.changed();
    await pass(1);
    expect(decodePlan(kept.plan?.text ?? '', '1')?.routes).toMatchObject([{ service: 'default/web' }]);
    kept.plan = undefined;
    await pass(5);
    expect(kept.plan).toBeUndefined();
    keeper.changed();
    end.abort();
    await running;
    expect(kept.plan).toBeDefined();
  });

  test('a sign of life is written every five seconds', async () => {
    void run();
    await settle();
    for (let time = 0; time < 3; time++) {
      expect(kept.alive).toBeDefined();
      kept.alive = undefined;
      await pass(5);
    }
    end.abort();
  });
});
