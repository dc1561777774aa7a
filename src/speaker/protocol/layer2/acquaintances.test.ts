import { expect, test } from '@jest/globals';
import { type Micros, micros } from '../../../lib/clock.ts';
import { type Claim, MOST_CLAIMS } from '../../wire/segment.ts';
import { Acquaintances } from './acquaintances.ts';
import { Owners } from './owners.ts';
import type { OwnersEffect } from './owners-events.ts';

const OWN = 1;

/** Which of four hellos of d in a row node b teaches d at; the digests are those of a and c. */
function turns(a: number, c: number): boolean[] {
  const view = new Acquaintances('b', true);
  view.greet('a', a, false, OWN);
  view.greet('c', c, false, OWN);
  return Array.from({ length: 4 }, () => {
    view.greet('d', 5, false, OWN);
    return view.isToTeach('d', OWN);
  });
}

test.each([
  { what: 'all who know the same take turns', a: OWN, c: OWN, teaches: [false, true, false, false] },
  { what: 'whoever knows something else has none', a: 7, c: OWN, teaches: [true, false, true, false] },
  {
    what: 'where hardly two know the same all take turns in pairs, so that a hundred do not teach each other',
    a: 7,
    c: 8,
    teaches: [false, true, false, true],
  },
  { what: 'who is alone among others that agree teaches each time: nobody else can', a: 7, c: 7, teaches: [true, true, true, true] },
])('$what', ({ a, c, teaches }) => {
  expect(turns(a, c)).toEqual(teaches);
});

test('who knows the same is not taught', () => {
  const view = new Acquaintances('b', true);
  view.greet('d', OWN, false, OWN);
  expect(view.isToTeach('d', OWN)).toBe(false);
  expect(view.isToTeach('x', OWN)).toBe(false);
});

/** A node that knows an owner of so many addresses from `first` on, since before the first second. */
function knowing(node: string, addresses: number, first: bigint): Owners {
  const owners = new Owners({ node, rank: (name) => name, listens: false, looks: false });
  owners.step({ kind: 'started', now: micros(0) });
  for (let index = 0; index < addresses; index += MOST_CLAIMS) {
    const claims = Array.from({ length: Math.min(MOST_CLAIMS, addresses - index) }, (_, offset): Claim => {
      const address = { family: 'IPv4', value: first + BigInt(index + offset) } as const;
      return { address, epoch: 1, owner: 'x', leaving: false };
    });
    owners.step({ kind: 'claimed', now: micros(0), node: 'x', claims });
  }
  return owners;
}

const isLesson = (effect: OwnersEffect): boolean => effect.kind === 'send' && effect.to === 'peer';

/** How many frames a node says to a peer that knows something else and says ten hellos a second, in each of so many seconds. */
function taught(owners: Owners, seconds: number): readonly number[] {
  const hello = (now: Micros): number =>
    owners.step({ kind: 'greeted', now, node: 'peer', digest: 7, damped: false }).filter(isLesson).length;
  return Array.from({ length: seconds }, (_, second) =>
    Array.from({ length: 10 }, (__, tenth) => hello(micros(second * 1_000_000 + tenth * 100_000))).reduce((sum, frames) => sum + frames, 0),
  );
}

test.each([
  { addresses: 1_000, frames: 26, first: [26 * 10, 26 * 10, 26 * 10], most: 26 * 10 },
  { addresses: 10_000, frames: 257, first: [257 * 6, 257 * 2, 257 * 2], most: 257 * 2 },
  { addresses: 65_536, frames: 1_681, first: [1_681, 1_681, 0], most: 1_681 },
])(
  'a peer that is never taught enough is taught $addresses addresses again and again, and no more than five hundred frames a second for long',
  ({ addresses, frames, first, most }) => {
    const seconds = taught(knowing('b', addresses, 0x0a00_0000n), 12);
    expect([seconds.slice(0, 3), Math.max(...seconds.slice(3))]).toEqual([first, most]);
    const sum = seconds.reduce((total, each) => total + each, 0);
    expect(sum).toBeLessThanOrEqual(500 * 14 + frames);
  },
);

test.each<{ what: string; node?: string; digest?: number; damped?: boolean; own?: number; before?: number; known: boolean }>([
  { what: 'what it said before, which is what this node knows', known: true },
  { what: 'another digest', digest: 7, known: false },
  { what: 'that others should come first', damped: true, known: false },
  { what: 'what this node does not know any more', own: 7, known: false },
  { what: 'what this node knows, for the first time', before: 7, known: false },
  { what: 'that it is there', node: 'c', known: false },
])('a hello with $what says nothing new: $known', ({ node = 'b', digest = OWN, damped = false, own = OWN, before = OWN, known }) => {
  const view = new Acquaintances('a', true);
  view.greet('b', before, false, OWN);
  expect(view.knows(node, digest, damped, own)).toBe(known);
});

test('a hello that says what this node has learned since the one before is taken: what was strange is not any more', () => {
  const view = new Acquaintances('a', true);
  view.greet('b', 7, false, OWN);
  expect(view.knows('b', 7, false, 7)).toBe(false);
  view.greet('b', 7, false, 7);
  expect(view.knows('b', 7, false, 7)).toBe(true);
});

test('of a node that is gone nothing is known', () => {
  const view = new Acquaintances('a', true);
  view.greet('b', OWN, false, OWN);
  view.lose(['b']);
  expect(view.knows('b', OWN, false, OWN)).toBe(false);
});
