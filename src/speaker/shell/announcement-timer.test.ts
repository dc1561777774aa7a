import { expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { micros, milliseconds } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { AnnouncementTimer } from './announcement-timer.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly sent: string[];
  readonly timer: AnnouncementTimer<number, string>;
  /** For which addresses it was asked who has asked. */
  readonly sought: number[][];
  refreshes: boolean;
}

const HOST = { mac: 9 as Mac, from: 99, toldAt: micros(0) };

function newScene(): Scene {
  const [clock, sent]: [FakeClock, string[]] = [new FakeClock(), []];
  const send = (ip: number, form: string): void => void sent.push(`${clock.now() / 1_000} ${ip}${form}`);
  const sought: number[][] = [];
  const timer = new AnnouncementTimer<number, string>({
    ...{ clock, forms: ['a', 'b'], refreshes: () => scene.refreshes, send },
    askersOf: (ips) => {
      sought.push([...ips]);
      // A host that has asked for all odd ones.
      return [...ips].filter((ip) => ip % 2 === 1).map((ip) => ({ ip, ...HOST }));
    },
    notify: ({ ip, mac, from }) => void sent.push(`${clock.now() / 1_000} ${ip}! to ${mac} ${from}`),
  });
  const scene: Scene = { clock, sent, timer, sought, refreshes: true };
  return scene;
}

test('sends each form at its time, and nothing once it is disposed of', () => {
  const { clock, sent, timer } = newScene();
  timer.announce([1, 2]);
  timer.announce([]);
  clock.advance(milliseconds(60));
  expect(sent).toEqual(['0 1a', '0 2a', '5 1! to 9 99', '50 1a', '50 1b', '50 2a', '50 2b']);
  timer.silence([1]);
  clock.advance(milliseconds(100));
  expect(sent.slice(7)).toEqual(['150 2a', '150 2b']);
  timer.announce([3]);
  timer[Symbol.dispose]();
  clock.advance(milliseconds(100_000));
  expect([sent.length, clock.timers]).toEqual([10, 0]);
});

test('each address is told once a minute by one frame, unless this node may be cut off', () => {
  const scene = newScene();
  const { clock, sent, timer } = scene;
  timer.announce([1, 2]);
  clock.advance(milliseconds(10_000));
  const burst = sent.length;
  clock.advance(milliseconds(80_000));
  expect(sent.slice(burst)).toEqual(['30000 1a', '60000 2a', '90000 1a']);
  scene.refreshes = false;
  clock.advance(milliseconds(60_000));
  scene.refreshes = true;
  timer.silence([2]);
  clock.advance(milliseconds(60_000));
  expect(sent.slice(burst + 3)).toEqual(['210000 1a']);
  timer.silence([1]);
  expect(clock.timers).toBe(0);
});

test('who has asked is looked up once for all addresses that come at a time, and not for those that are gone again', () => {
  const { clock, sent, timer, sought } = newScene();
  timer.announce([1]);
  timer.announce([2, 3]);
  timer.announce([5]);
  timer.silence([3]);
  clock.advance(milliseconds(20));
  expect(sought).toEqual([[1, 2, 5]]);
  expect(sent.filter((line) => line.includes('!'))).toEqual(['5 1! to 9 99', '5 5! to 9 99']);
  timer.announce([1]);
  clock.advance(milliseconds(20));
  expect(sought).toEqual([[1, 2, 5], [1]]);
});
