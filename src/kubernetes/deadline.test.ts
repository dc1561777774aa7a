import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { untilAborted } from './aborted.ts';
import { Deadline } from './deadline.ts';

describe('Deadline', () => {
  test('its signal is aborted when the time is over', () => {
    const clock = new FakeClock();
    using deadline = new Deadline(clock, milliseconds(10), new AbortController().signal);
    clock.advance(milliseconds(9));
    expect([deadline.signal.aborted, deadline.expired]).toEqual([false, false]);
    clock.advance(milliseconds(1));
    expect([deadline.signal.aborted, deadline.expired]).toEqual([true, true]);
  });

  test.each([{ early: true }, { early: false }])('or with its parent (aborted before: $early)', ({ early }) => {
    const parent = new AbortController();
    if (early) parent.abort('enough');
    using deadline = new Deadline(new FakeClock(), milliseconds(10), parent.signal);
    parent.abort('enough');
    expect([deadline.signal.aborted, deadline.signal.reason, deadline.expired]).toEqual([true, 'enough', false]);
  });

  test('disarmed, it only follows its parent', () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    using deadline = new Deadline(clock, milliseconds(10), parent.signal);
    deadline.disarm();
    clock.advance(milliseconds(100));
    expect(deadline.signal.aborted).toBe(false);
    parent.abort();
    expect(deadline.signal.aborted).toBe(true);
  });

  test('leaves nothing behind', () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    for (let times = 0; times < 3; times++) new Deadline(clock, milliseconds(10), parent.signal)[Symbol.dispose]();
    expect([clock.timers, getEventListeners(parent.signal, 'abort').length]).toEqual([0, 0]);
  });
});

test('a wait for something or the end leaves nothing on a signal that lives on', async () => {
  const { signal } = new AbortController();
  await untilAborted(Promise.resolve(), signal);
  expect(getEventListeners(signal, 'abort').length).toBe(0);
  const ending = new AbortController();
  const wait = untilAborted(new Promise(() => undefined), ending.signal);
  ending.abort();
  await wait;
});
