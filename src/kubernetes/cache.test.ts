import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settle } from '../../test/support/fake-clock.ts';
import { Cache } from './cache.ts';

const RESOURCE = { group: '', version: 'v1', plural: 'services' };

interface Thing {
  readonly tags: readonly string[];
}

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const things = fc.record({ tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')) });
type Step = { readonly key: string; readonly thing: Thing | undefined } | { readonly present: readonly string[] };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ key: keys, thing: fc.option(things, { nil: undefined }) }),
    fc.record({ present: fc.uniqueArray(keys) }),
  ),
);

function play(step: Step, cache: Cache<Thing>, model: Map<string, Thing>): void {
  if ('present' in step) {
    cache.finishList(new Set(step.present));
    for (const key of [...model.keys()]) if (!step.present.includes(key)) model.delete(key);
    return;
  }
  cache.set(step.key, step.thing);
  if (step.thing === undefined) model.delete(step.key);
  else model.set(step.key, step.thing);
}

test('entries, indexes old and new, and listeners agree with a plain map', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const cache = new Cache<Thing>(RESOURCE);
      const early = cache.index(({ tags }) => tags);
      const model = new Map<string, Thing>();
      const heard = new Map<string, Thing | undefined>();
      cache.subscribe((key) => heard.set(key, cache.get(key)));
      for (const step of history) play(step, cache, model);
      expect(new Map(cache.entries())).toEqual(model);
      expect(cache.size).toBe(model.size);
      expect(new Map([...heard].filter(([, thing]) => thing !== undefined))).toEqual(model);
      const late = cache.index(({ tags }) => tags);
      for (const tag of ['x', 'y', 'z', 'never']) {
        const tagged = new Map([...model].filter(([, thing]) => thing.tags.includes(tag)));
        expect(early.get(tag)).toEqual(tagged);
        expect(late.get(tag)).toEqual(tagged);
      }
    }),
  );
});

test('an object that was never held and goes is no news', () => {
  const cache = new Cache<string>(RESOURCE);
  const heard: string[] = [];
  using _subscription = cache.subscribe((key) => heard.push(key));
  cache.set('a', undefined);
  cache.set('a', 'x');
  cache.set('a', 'x');
  cache.set('a', undefined);
  expect(heard).toEqual(['a', 'a', 'a']);
});

test('a subscription ends alone', () => {
  const cache = new Cache<string>(RESOURCE);
  const heard: string[] = [];
  const listener = (key: string): void => void heard.push(key);
  const first = cache.subscribe(listener);
  using _second = cache.subscribe(listener);
  first[Symbol.dispose]();
  cache.set('a', 'x');
  expect(heard).toEqual(['a']);
});

test('whoever waits for the first list is told, or leaves', async () => {
  const cache = new Cache<string>(RESOURCE);
  const ending = new AbortController();
  const told: string[] = [];
  const waits = [
    cache.whenSynced(new AbortController().signal).then(() => told.push('synced')),
    cache.whenSynced(ending.signal).then(() => told.push('left')),
  ];
  ending.abort();
  await settle();
  expect([told, cache.synced]).toEqual([['left'], false]);
  cache.finishList(new Set());
  await Promise.all([...waits, cache.whenSynced(ending.signal)]);
  expect([told, cache.synced]).toEqual([['left', 'synced'], true]);
});

test('the same function gives the same index, which goes on with whoever asks next', () => {
  const cache = new Cache<Thing>(RESOURCE);
  const tagsOf = ({ tags }: Thing): readonly string[] => tags;
  const first = cache.index(tagsOf);
  cache.set('a', { tags: ['x'] });
  expect(cache.index(tagsOf)).toBe(first);
  expect(cache.index(({ tags }) => tags)).not.toBe(first);
  expect([...first.get('x').keys()]).toEqual(['a']);
});
