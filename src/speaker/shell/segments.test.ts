import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { addressOf, announce } from '../../../test/support/announcements.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { SpeakerPair } from '../../../test/support/speaker-pair.ts';
import { milliseconds } from '../../lib/clock.ts';
import { Owners } from '../protocol/layer2/owners.ts';
import { StandIns } from '../protocol/layer2/stand-ins.ts';
import { ETHER_TYPE_SEGMENT } from '../wire/segment.ts';

/** Minutes of hellos, on a machine that does other things as well. */
const LONG_MS = 60_000;

let scene: SpeakerPair;
beforeEach(() => {
  scene = new SpeakerPair();
});
afterEach(() => scene[Symbol.dispose]());

describe('two speakers on one cable', () => {
  test('hear each other, and say that nobody is gone', async () => {
    await scene.start();
    expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
    expect(scene.reports.a.filter(({ kind }) => kind === 'gone')).toHaveLength(1);
  });

  test('say hello often while they announce something, seldom while they do not', async () => {
    await scene.start();
    expect(await scene.hellos('eth3', 10_000)).toBe(100);
    expect(await scene.hellos('eth2', 10_000)).toBe(10);
  });

  test('one that is silent, and whose kernel is too, is gone within 350 ms, and back with its next word', async () => {
    await scene.start();
    scene.kernels = false;
    scene.cut();
    await scene.run(350);
    expect(scene.gone('a')).toEqual(['b']);
    expect(scene.lines('a')).toEqual(['node "b" does not answer any more and nobody hears it: its addresses go to others']);
    scene.kernels = true;
    scene.network.wire(2, 3);
    await scene.run(1_500);
    expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
  });

  test('one whose speaker ends keeps its addresses while its kernel answers, and loses them after the grace', async () => {
    await scene.start();
    scene.b[Symbol.dispose]();
    await scene.run(29_000);
    expect(scene.gone('a')).toEqual([]);
    expect(scene.lines('a')).toEqual([
      'the speaker of node "b" is silent while its kernel answers: it keeps its addresses for a time of grace',
    ]);
    await scene.run(3_000);
    expect(scene.gone('a')).toEqual(['b']);
  });
});

test('what is known of owners is told at once, then once a second, and at the end', async () => {
  const told = (): number => scene.reports.b.filter(({ kind }) => kind === 'claims').length;
  await scene.start();
  const before = told();
  const change = (index: number): void => scene.b.take({ kind: 'changes', changes: [announce('default/b', [`10.0.0.${index}`])] });
  // Each is looked at for 60 ms before it is taken.
  for (let index = 201; index < 211; index++) {
    change(index);
    await scene.run(70);
  }
  expect(told() - before).toBe(1);
  await scene.run(1_000);
  expect(told() - before).toBe(2);
  change(230);
  await scene.run(70);
  change(231);
  await scene.run(70);
  scene.b.take({ kind: 'end', drain: undefined });
  expect(told() - before).toBe(3);
  const last = scene.reports.b.findLast((report) => report.kind === 'claims');
  expect(last).toMatchObject({ met: true });
  expect(last?.claims).toContainEqual({ address: addressOf('10.0.0.231'), epoch: 1, owner: 'b', leaving: false });
});

describe('two speakers whose cable or one of whom ends', () => {
  test(
    'one that says that it comes back is waited for longer',
    async () => {
      await scene.start();
      scene.b.take({ kind: 'end', drain: undefined });
      await settle();
      scene.b[Symbol.dispose]();
      await scene.run(290_000);
      expect(scene.gone('a')).toEqual([]);
      await scene.run(15_000);
      expect(scene.gone('a')).toEqual(['b']);
    },
    LONG_MS,
  );

  test('what was announced is announced again when the other one is back', async () => {
    await scene.start();
    scene.kernels = false;
    scene.cut();
    await scene.run(5_000);
    scene.kernels = true;
    scene.network.sent.length = 0;
    scene.network.wire(2, 3);
    await scene.run(1_500);
    expect(scene.told()).toBeGreaterThan(0);
  });

  test(
    'what was announced is told once a minute, but by nobody who may be the one that is cut off',
    async () => {
      await scene.start();
      scene.network.sent.length = 0;
      await scene.run(60_000);
      expect(scene.told()).toBe(1);
      scene.kernels = false;
      scene.cut();
      scene.network.sent.length = 0;
      await scene.run(90_000);
      expect(scene.told()).toBe(0);
    },
    LONG_MS,
  );

  test('a link without a signal says nothing of the others', async () => {
    await scene.start();
    scene.kernels = false;
    scene.network.put({ index: 2, carrier: false });
    scene.cut();
    await scene.run(10_000);
    expect(scene.gone('a')).toEqual([]);
    expect(scene.lines('a')).toEqual([]);
    scene.kernels = true;
    scene.network.wire(2, 3);
    scene.network.put({ index: 2, carrier: true });
    await scene.run(3_000);
    expect(scene.gone('a')).toEqual([]);
  });
});

describe('a node whose link has a signal again, or that goes on after it stood still,', () => {
  /** Both may have the address of b's Service; its link has no signal for a while. */
  async function withoutSignal(span: number): Promise<void> {
    await scene.start();
    await scene.contest();
    scene.kernels = false;
    scene.network.put({ index: 3, carrier: false });
    scene.cut();
    await scene.run(span);
    scene.kernels = true;
    scene.network.sent.length = 0;
    scene.network.wire(2, 3);
    scene.network.put({ index: 3, carrier: true });
  }

  test('says nothing for 300 ms, and then what it said before when nobody has taken it', async () => {
    await withoutSignal(100);
    await scene.run(280);
    expect([scene.told(), await scene.answers()]).toEqual([0, false]);
    await scene.run(3_000);
    expect([scene.told() > 0, await scene.answers()]).toEqual([true, true]);
  });

  test('says nothing of what another one has taken', async () => {
    await withoutSignal(5_000);
    await scene.run(3_000);
    expect([scene.told(), await scene.answers()]).toEqual([0, false]);
  });

  test.each([
    { stood: 200, silent: false },
    { stood: 400, silent: true },
  ])('whose loop stood still for $stood ms: answers nothing for 100 ms: $silent', async ({ stood, silent }) => {
    await scene.start();
    scene.clock.stall(milliseconds(stood));
    expect(await scene.answers()).toBe(!silent);
    await scene.run(90);
    expect(await scene.answers()).toBe(!silent);
    await scene.run(60);
    expect(await scene.answers()).toBe(true);
  });

  test('answers nothing that it was asked without one', async () => {
    await withoutSignal(100);
    await scene.run(1_000);
    scene.network.put({ index: 3, carrier: false });
    expect(await scene.answers()).toBe(false);
  });
});

describe('a frame', () => {
  test('is counted, and one of another key is told of once', async () => {
    using strangers = new SpeakerPair(['one', 'two']);
    await strangers.start();
    await strangers.run(20_000);
    const counts = strangers.reports.a.findLast((report) => report.kind === 'segment')?.counts;
    expect([counts?.received, (counts?.sent.hello ?? 0) > 10, (counts?.refused.key ?? 0) > 100]).toEqual([{}, true, true]);
    const lines = strangers.reports.a.filter((report) => report.kind === 'log' && report.fields.event === 'frameRefused');
    expect(lines).toMatchObject([{ level: 'info', fields: { reason: 'key', mac: '02:00:00:00:00:03' } }]);
  });

  test('counts once while the key changes, though it comes with the seals of both', async () => {
    await scene.start();
    for (const driver of [scene.a, scene.b]) driver.take({ kind: 'key', key: 'new' });
    const received = (): number => scene.reports.a.findLast((report) => report.kind === 'segment')?.counts.received.hello ?? 0;
    await scene.run(1_000);
    const before = received();
    expect([await scene.hellos('eth3', 60_000), Math.round((received() - before) / 10)]).toEqual([1_200, 60]);
  });

  test('that another key has signed is nobody’s', async () => {
    using strangers = new SpeakerPair(['one', 'two']);
    await strangers.start();
    strangers.kernels = false;
    strangers.cut();
    await strangers.run(5_000);
    expect([strangers.gone('a'), strangers.lines('a')]).toEqual([[], []]);
  });

  test('that was changed on its way counts for nothing', async () => {
    await scene.start();
    const hello = scene.network.sent.findLast(({ link, frame }) => link === 'eth3' && frame.getUint16(12) === ETHER_TYPE_SEGMENT)?.frame;
    scene.kernels = false;
    scene.cut();
    if (hello === undefined) throw new Error('b said nothing');
    for (let round = 0; round < 30; round++) {
      // A later number, which is what a forger would write.
      hello.setUint32(38, hello.getUint32(38) + 1_000);
      scene.network.receive(2, new Uint8Array(hello.buffer, hello.byteOffset, hello.byteLength));
      await scene.run(20);
    }
    await scene.run(5_000);
    const counts = scene.reports.a.findLast((report) => report.kind === 'segment')?.counts;
    // It has the MAC of a speaker: all of them are looked at.
    expect(counts?.refused).toEqual({ seal: 30 });
    expect(counts?.verdicts).toEqual({ dead: 1 });
    expect(scene.gone('a')).toEqual(['b']);
  });

  test(
    'is understood while the key changes, on one node minutes after the other',
    async () => {
      await scene.start();
      scene.a.take({ kind: 'key', key: 'new' });
      await scene.run(4 * 60_000);
      scene.b.take({ kind: 'key', key: 'new' });
      await scene.run(20 * 60_000);
      expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
      expect([...scene.lines('a'), ...scene.lines('b')]).toEqual([]);
    },
    LONG_MS,
  );
});

test('what says nothing new is taken by none of the machines that decide whose the addresses are and for whom to answer', async () => {
  await scene.start();
  const [owners, standIns] = [jest.spyOn(Owners.prototype, 'step'), jest.spyOn(StandIns.prototype, 'step')];
  const greeted = (): number => [...owners.mock.calls, ...standIns.mock.calls].filter(([{ kind }]) => kind === 'greeted').length;
  expect(await scene.hellos('eth3', 10_000)).toBe(100);
  expect(greeted()).toBe(0);
  // Another address is another digest, until the other one has heard of it.
  scene.b.take({ kind: 'changes', changes: [announce('default/c', ['10.0.0.201'])] });
  scene.a.take({ kind: 'changes', changes: [announce('default/d', ['10.0.0.202'])] });
  await scene.run(1_000);
  expect(greeted()).toBeGreaterThan(0);
  jest.restoreAllMocks();
});
