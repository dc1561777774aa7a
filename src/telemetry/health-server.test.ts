import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { type HealthCheck, serveHealth } from './health-server.ts';

const fine: HealthCheck = { name: 'fine', check: async () => undefined };
const broken: HealthCheck = { name: 'cache', check: async () => 'pools are not listed yet' };
const throwing: HealthCheck = {
  name: 'worker',
  check: async () => {
    throw new Error('the thread ended');
  },
};

/** Serves `live` and `ready` on a free port while `use` runs. */
async function served<Value>(
  checks: { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] },
  use: (base: string, clock: FakeClock) => Promise<Value>,
): Promise<Value> {
  const stop = new AbortController();
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<number>();
  const settings = { host: '127.0.0.1', port: 0, logger: new RecordingLogger(), clock, onListening: resolve, ...checks };
  const closed = serveHealth(settings, stop.signal);
  try {
    return await use(`http://127.0.0.1:${await promise}`, clock);
  } finally {
    stop.abort();
    await closed;
  }
}

async function answerOf(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

describe('serveHealth', () => {
  test.each<{ checks: readonly HealthCheck[]; answer: [number, string] }>([
    { checks: [], answer: [200, 'ok\n'] },
    { checks: [fine], answer: [200, 'ok\n'] },
    { checks: [fine, broken], answer: [503, 'cache: pools are not listed yet\n'] },
    { checks: [throwing, broken], answer: [503, 'worker: the thread ended\ncache: pools are not listed yet\n'] },
  ])('$checks: $answer', async ({ checks, answer }) => {
    expect(await served({ live: checks, ready: [] }, (base) => answerOf(`${base}/healthz`))).toEqual(answer);
    expect(await served({ live: [], ready: checks }, (base) => answerOf(`${base}/readyz`))).toEqual(answer);
    expect(await served({ live: [], ready: checks }, (base) => answerOf(`${base}/healthz`))).toEqual([200, 'ok\n']);
  });

  test('a check that hangs is said so, and runs once however often it is asked', async () => {
    const answer = Promise.withResolvers<string | undefined>();
    let started = 0;
    const check = (): Promise<string | undefined> => {
      started++;
      return answer.promise;
    };
    const hanging: HealthCheck = { name: 'api', check };

    await served({ live: [hanging], ready: [] }, async (base, clock) => {
      const asked = [answerOf(`${base}/healthz`), answerOf(`${base}/healthz`)];
      while (clock.timers < 2) await clock.run(milliseconds(0));
      clock.advance(milliseconds(800));
      expect(await Promise.all(asked)).toEqual(new Array(2).fill([503, 'api: no answer within 800 ms\n']));
      expect(started).toBe(1);
      answer.resolve(undefined);
      expect(await answerOf(`${base}/healthz`)).toEqual([200, 'ok\n']);
      expect(await answerOf(`${base}/healthz`)).toEqual([200, 'ok\n']);
      expect([started, clock.timers]).toEqual([3, 0]);
    });
  });
});
