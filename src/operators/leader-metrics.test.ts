import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/fake-clock.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { LeaderMetrics } from './leader-metrics.ts';

const PENDING = new Map([
  ['NoPool', 2],
  ['PoolExhausted', 1],
] as const);

test('a replica says that it leads, and who waits, from the beginning of its term to the end', async () => {
  const metrics = new RecordingMetrics();
  const leader = new LeaderMetrics(metrics);
  const state = (): unknown[] => [metrics.value('typemetal_leader'), [...metrics.series('typemetal_services_pending')]];
  const leads = Promise.withResolvers<void>();
  const end = new AbortController();
  const shown = leader.show({ whenLeading: () => leads.promise }, () => PENDING, end.signal);
  await settle();
  expect(state()).toEqual([0, []]);
  leads.resolve();
  await settle();
  expect(state()).toEqual([
    1,
    [
      ['reason="NoPool"', 2],
      ['reason="PoolExhausted"', 1],
    ],
  ]);
  end.abort();
  await shown;
  expect(state()).toEqual([0, []]);
});

test('a term that ends before it began is none', async () => {
  const metrics = new RecordingMetrics();
  const leader = new LeaderMetrics(metrics);
  await leader.show(undefined, () => PENDING, AbortSignal.abort());
  expect(metrics.value('typemetal_leader')).toBe(0);
});
