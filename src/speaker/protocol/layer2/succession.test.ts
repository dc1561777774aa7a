import { expect, test } from '@jest/globals';
import { type Acquaintance, ahead, leavingFor, patienceFor, standing, type Vacancy } from './succession.ts';

const ORDER = ['a', 'b', 'c', 'd'].map((node) => ({ node, score: 0 }));

interface Scene {
  readonly node?: string;
  readonly heard?: readonly string[];
  readonly gone?: readonly string[];
  readonly damped?: readonly string[];
  readonly met?: boolean;
  readonly settled?: boolean;
  readonly alone?: boolean;
}

function view({
  node = 'c',
  heard = ['a', 'b', 'd'],
  gone = [],
  damped = [],
  met = true,
  settled = true,
  alone = false,
}: Scene): Acquaintance {
  return {
    ...{ node, met, settled, alone },
    hears: (one) => heard.includes(one),
    isGone: (one) => gone.includes(one),
    isDamped: (one) => damped.includes(one),
  };
}

test.each<{ what: string; scene: Scene; vacancy: Vacancy; waits: number | undefined }>([
  { what: 'the first acts at once', scene: { node: 'a' }, vacancy: 'new', waits: 0 },
  { what: 'others leave it what is new', scene: {}, vacancy: 'new', waits: 5_100 },
  { what: 'after a death each has 50 ms', scene: {}, vacancy: 'gone', waits: 100 },
  { what: 'whoever is gone has none', scene: { gone: ['a'] }, vacancy: 'gone', waits: 50 },
  { what: 'whoever was never heard has none', scene: { heard: ['b'] }, vacancy: 'gone', waits: 50 },
  { what: 'whoever leaves answers meanwhile', scene: {}, vacancy: 'left', waits: 800 },
  { what: 'whoever is damped comes last', scene: { damped: ['a', 'b'] }, vacancy: 'gone', waits: 0 },
  {
    what: 'one that is damped itself comes last',
    scene: { node: 'a', heard: ['b', 'c', 'd'], damped: ['a'] },
    vacancy: 'gone',
    waits: 150,
  },
  { what: 'one that was never heard may come yet', scene: { node: 'b', heard: ['c'], settled: false }, vacancy: 'new', waits: 5_000 },
  { what: 'and has no speaker when it did not', scene: { node: 'b', heard: ['c'] }, vacancy: 'new', waits: 0 },
  { what: 'where nobody is heard the first has it', scene: { node: 'a', heard: [], met: false }, vacancy: 'new', waits: 0 },
  { what: 'where nobody is heard no other has', scene: { node: 'b', heard: [], met: false }, vacancy: 'gone', waits: undefined },
  { what: 'but for one that is alone for long', scene: { node: 'b', heard: [], met: false, alone: true }, vacancy: 'new', waits: 0 },
  { what: 'who is no contender has nothing', scene: { node: 'z' }, vacancy: 'gone', waits: undefined },
])('$what', ({ scene, vacancy, waits }) => {
  const patience = patienceFor(ORDER, vacancy, view(scene));
  expect(patience === undefined ? undefined : patience / 1_000).toBe(waits);
});

test.each([
  { others: 1, heard: 1, seconds: 2 },
  { others: 5, heard: 5, seconds: 2 },
  { others: 6, heard: 6, seconds: 2.4 },
  { others: 9, heard: 4, seconds: 2 },
  { others: 100, heard: 100, seconds: 10 },
])('of $others others $heard are heard: who leaves answers for $seconds s', ({ others, heard, seconds }) => {
  const names = Array.from({ length: others }, (_, index) => `n${index}`);
  const candidacy = {
    address: { family: 'IPv4', value: 1n },
    self: false,
    contenders: new Map(['c', ...names].map((node) => [node, 0])),
  } as const;
  expect(leavingFor(candidacy, view({ heard: names.slice(0, heard) })) / 1_000_000).toBe(seconds);
});

test('whoever stands before a node is heard or not', () => {
  expect(ahead(ORDER, view({ heard: ['b'] }))).toEqual({ heard: 1, unheard: 1 });
  expect(standing(ORDER, view({ gone: ['a', 'c'], damped: ['b'] })).map(({ node }) => node)).toEqual(['c', 'd', 'b']);
});
