import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/fake-clock.ts';
import { Places } from './places.ts';

const FOREVER = new AbortController().signal;

test('no more than the limit at once, in the order they came', async () => {
  const places = new Places(2);
  const order: number[] = [];
  const leave: (() => void)[] = [];
  const visit = async (visitor: number): Promise<void> => {
    using _place = await places.take(FOREVER);
    order.push(visitor);
    await new Promise<void>((resolve) => leave.push(resolve));
  };
  const visits = [1, 2, 3, 4].map(visit);
  await settle();
  expect(order).toEqual([1, 2]);
  leave[0]?.();
  await settle();
  expect(order).toEqual([1, 2, 3]);
  for (const index of [1, 2]) leave[index]?.();
  await settle();
  leave[3]?.();
  await Promise.all(visits);
  expect(order).toEqual([1, 2, 3, 4]);
});

test('who gives up leaves the line and takes no place', async () => {
  const places = new Places(1);
  const first = await places.take(FOREVER);
  const ending = new AbortController();
  const waiting = places.take(ending.signal);
  const behind = places.take(FOREVER);
  ending.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(places.take(ending.signal)).rejects.toThrow('enough');
  first[Symbol.dispose]();
  await expect(behind).resolves.toBeDefined();
});

test('the line is bounded', async () => {
  const places = new Places(0);
  const ending = new AbortController();
  const waiting = Array.from({ length: 10_000 }, () => places.take(ending.signal).catch(() => undefined));
  await expect(places.take(ending.signal)).rejects.toMatchObject({ code: 'API_BUSY', retryable: true });
  ending.abort();
  await Promise.all(waiting);
});
