import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DrainEvent, type DrainState, stepDrain } from './drain.ts';

test.each<{ what: string; events: DrainEvent[]; states: DrainState[]; effects: string[] }>([
  { what: 'a node that leaves', events: ['back', 'away', 'expired'], states: ['serving', 'draining', 'drained'], effects: ['start-timer'] },
  { what: 'one that had left before the start', events: ['away', 'away'], states: ['drained', 'drained'], effects: [] },
  { what: 'one that comes again', events: ['away', 'back'], states: ['drained', 'serving'], effects: [] },
  {
    what: 'one that is wanted back in the meantime',
    events: ['back', 'away', 'back'],
    states: ['serving', 'draining', 'serving'],
    effects: ['start-timer', 'stop-timer'],
  },
  {
    what: 'one that is told twice waits once',
    events: ['back', 'away', 'away', 'expired'],
    states: ['serving', 'draining', 'draining', 'drained'],
    effects: ['start-timer'],
  },
])('$what: $states', ({ events, states, effects }) => {
  const [seen, done]: [DrainState[], string[]] = [[], []];
  let state: DrainState = 'unknown';
  for (const event of events) {
    const [next, orders] = stepDrain(state, event);
    state = next;
    seen.push(state);
    done.push(...orders);
  }
  expect([seen, done]).toEqual([states, effects]);
});

test('a timer runs exactly while a node is draining, and where it ends follows from what was said last', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<DrainEvent>('away', 'back', 'expired')), (events) => {
      let state: DrainState = 'unknown';
      let running = false;
      for (const event of events) {
        if (event === 'expired' && !running) continue;
        const [next, effects] = stepDrain(state, event);
        state = next;
        running = (running && event !== 'expired' && !effects.includes('stop-timer')) || effects.includes('start-timer');
        expect(running).toBe(state === 'draining');
        if (event === 'back') expect(state).toBe('serving');
        if (event === 'away') expect(['draining', 'drained']).toContain(state);
      }
    }),
  );
});
