import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SpeakerPair } from '../../../test/support/speaker-pair.ts';
import { micros } from '../../lib/clock.ts';

const ADDRESS = '10.0.0.200';
/** Minutes of hellos, on a machine that does other things as well. */
const LONG_MS = 60_000;

let scene: SpeakerPair;
afterEach(() => scene[Symbol.dispose]());

async function started(): Promise<void> {
  scene = new SpeakerPair();
  await scene.start();
  await scene.contest();
  expect([scene.owned('a'), scene.owned('b')]).toEqual([[], [ADDRESS]]);
}

describe('a link that is closed and opened again knows who was there: it', () => {
  beforeEach(started);

  /** The link of a is down for two seconds, in which the speaker of b ends. */
  async function missed(): Promise<void> {
    scene.put(2, { up: false });
    await scene.run(500);
    scene.kill();
    await scene.run(1_500);
    scene.put(2);
  }

  test('misses a node that has died meanwhile: its addresses are taken', async () => {
    scene.kernels = false;
    await missed();
    await scene.run(5_000);
    expect([scene.gone('a'), scene.owned('a')]).toEqual([['b'], [ADDRESS]]);
  });

  test('gives one whose speaker has ended meanwhile its time of grace, and stands in for it', async () => {
    await missed();
    await scene.run(25_000);
    expect([scene.gone('a'), scene.owned('a')]).toEqual([[], []]);
    expect(scene.reports.a.findLast((report) => report.kind === 'standing-in')).toMatchObject({ addresses: 1 });
    await scene.run(10_000);
    expect([scene.gone('a'), scene.owned('a')]).toEqual([['b'], [ADDRESS]]);
  });

  test('goes on standing in for one that was away before', async () => {
    scene.kill();
    await scene.run(1_000);
    expect(scene.reports.a.findLast((report) => report.kind === 'standing-in')).toMatchObject({ addresses: 1 });
    scene.put(2, { up: false });
    await scene.run(1_000);
    expect(scene.reports.a.findLast((report) => report.kind === 'standing-in')).toMatchObject({ addresses: 0 });
    scene.put(2);
    await scene.run(1_000);
    expect(scene.reports.a.findLast((report) => report.kind === 'standing-in')).toMatchObject({ addresses: 1 });
  });
});

describe('a link that is closed and opened again listens: it', () => {
  beforeEach(started);

  test('says nothing for 300 ms of what was taken meanwhile, nor after it', async () => {
    scene.kernels = false;
    scene.cut();
    scene.put(3, { up: false });
    await scene.run(2_000);
    expect(scene.owned('a')).toEqual([ADDRESS]);
    scene.kernels = true;
    scene.network.wire(2, 3);
    scene.network.sent.length = 0;
    scene.put(3);
    await scene.run(280);
    expect([scene.told(), await scene.answers()]).toEqual([0, false]);
    await scene.run(3_000);
    expect([scene.told(), await scene.answers(), scene.owned('a'), scene.owned('b')]).toEqual([0, false, [ADDRESS], []]);
  });

  test('says after 300 ms what nobody has taken', async () => {
    scene.put(3, { up: false });
    await scene.run(100);
    scene.network.sent.length = 0;
    scene.put(3);
    await scene.run(280);
    expect([scene.told(), await scene.answers()]).toEqual([0, false]);
    await scene.run(1_000);
    expect([scene.told() > 0, await scene.answers()]).toEqual([true, true]);
  });
});

test.each<{ what: string; second: { up?: boolean; carrier?: boolean } }>([
  { what: 'is there', second: {} },
  { what: 'is closed', second: { up: false } },
  { what: 'has no signal', second: { carrier: false } },
])('a node that is dead on one link and was heard on a second one, which $what, is gone', async ({ second }) => {
  scene = new SpeakerPair(['secret', 'secret'], 2);
  await scene.start();
  await scene.contest();
  scene.kernels = false;
  scene.cut();
  await scene.run(5_000);
  expect([scene.gone('a'), scene.owned('a')]).toEqual([[], []]);
  scene.kill();
  scene.put(4, second);
  await scene.run(5_000);
  expect([scene.gone('a'), scene.owned('a')]).toEqual([['b'], [ADDRESS]]);
});

describe('a key that changes', () => {
  beforeEach(started);

  test(
    'signs beside the new one, and a speaker that has started since and knows only that is heard',
    async () => {
      for (const driver of [scene.a, scene.b]) driver.take({ kind: 'key', key: 'new' });
      await scene.run(10_000);
      scene.kill();
      scene.restart({ key: 'new' });
      await scene.run(60_000);
      expect([scene.owned('a'), scene.owned('b'), scene.gone('a'), scene.gone('b')]).toEqual([[], [ADDRESS], [], []]);
      expect(scene.lines('a')).toEqual([]);
    },
    LONG_MS,
  );

  test('is known to a thread that replaces another one, though others do not have the new one yet', async () => {
    scene.b.take({ kind: 'key', key: 'new' });
    await scene.run(5_000);
    scene.kill();
    scene.restart({ key: 'new', replacedKey: { key: 'secret', age: micros(5_000_000) } });
    await scene.run(20_000);
    expect([scene.owned('a'), scene.owned('b'), scene.lines('a')]).toEqual([[], [ADDRESS], []]);
  });

  test('is no other cluster: the half of the frames that is signed with the new one is not counted by who does not have it', async () => {
    scene.b.take({ kind: 'key', key: 'new' });
    await scene.run(20_000);
    expect(scene.reports.a.findLast((report) => report.kind === 'segment')?.counts.refused).toEqual({});
    expect(scene.reports.a.filter((report) => report.kind === 'log' && report.fields.event === 'frameRefused')).toEqual([]);
  });
});
