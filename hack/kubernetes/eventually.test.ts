import { describe, expect, test } from '@jest/globals';
import { eventually, NotInTimeError } from './eventually.ts';

const SOON = { withinMilliseconds: 5_000, pauseMilliseconds: 1 };

describe('eventually', () => {
  test.each([
    { first: undefined, last: 'value' },
    { first: false as const, last: 0 },
  ])('asks again after $first and gives $last', async ({ first, last }) => {
    const answers = [first, first, last];
    expect(await eventually<string | number>('an answer', () => answers.shift(), SOON)).toBe(last);
    expect(answers).toEqual([]);
  });

  test('takes an exception for a no', async () => {
    let asked = 0;
    const probe = (): string => {
      if (++asked < 3) throw new Error('not yet');
      return 'now';
    };
    expect(await eventually('an answer', probe, SOON)).toBe('now');
  });

  test('says what did not happen, and why not', async () => {
    const probe = (): string => {
      throw new Error('no route');
    };
    const failing = eventually('an answer', probe, { withinMilliseconds: 20, pauseMilliseconds: 1 });
    await expect(failing).rejects.toThrow(new NotInTimeError('not within 0.02 s: an answer; last: no route'));
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const waiting = eventually('never', () => undefined, { withinMilliseconds: 60_000 }, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});
