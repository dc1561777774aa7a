import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { Reachability } from './reachability.ts';

const LOST = 'the API server at https://api cannot be reached: connection refused';

/** A server that can be asked whether it is ready. */
function scene(): { reachability: Reachability; clock: FakeClock; log: RecordingLogger; probes: () => number } {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  let probes = 0;
  const probe = async (): Promise<void> => void probes++;
  const reachability = new Reachability('https://api', { clock, log, random: () => 0, probe });
  return { reachability, clock, log, probes: () => probes };
}

test('whoever waits goes on when the server is back; each is said once', async () => {
  const { reachability, log } = scene();
  reachability.failed(LOST);
  reachability.failed(LOST);
  expect(reachability.reachable).toBe(false);
  const back = reachability.whenReachable(new AbortController().signal);
  reachability.answered(200);
  reachability.answered(200);
  await back;
  expect(reachability.reachable).toBe(true);
  expect(log.messages()).toEqual([`${LOST}; retrying until it answers`, 'the API server at https://api answers again']);
});

test('another cause is news when it stays for ten seconds', () => {
  const { reachability, clock, log } = scene();
  for (const fault of ['refused', 'cut', 'cut', 'refused', 'cut']) reachability.failed(fault);
  clock.advance(milliseconds(9_999));
  reachability.failed('cut');
  expect(log.messages('error')).toEqual(['refused; retrying until it answers']);
  clock.advance(milliseconds(1));
  for (const fault of ['cut', 'cut']) reachability.failed(fault);
  expect(log.messages('error')).toEqual(['refused; retrying until it answers', 'cut; retrying until it answers']);
});

test('the cause of an outage is said though the one before it ended with the same', () => {
  const { reachability, log } = scene();
  for (const fault of ['refused', 'cut']) reachability.failed(fault);
  reachability.answered(200);
  reachability.failed('cut');
  expect(log.messages('error')).toEqual(['refused; retrying until it answers', 'cut; retrying until it answers']);
});

test('it is asked once a second until it answers, and not after the end', async () => {
  const { reachability, clock, probes } = scene();
  reachability.failed(LOST);
  await clock.run(milliseconds(3_500));
  expect(probes()).toBe(3);
  reachability[Symbol.dispose]();
  await clock.run(milliseconds(3_500));
  expect(probes()).toBe(3);
});

describe('a server that starts refuses what it will allow', () => {
  test.each([401, 403, 429, 500, 503])('%i is no return for ten seconds', (status) => {
    const { reachability, clock } = scene();
    reachability.failed(LOST);
    reachability.answered(status);
    clock.advance(milliseconds(9_999));
    reachability.answered(status);
    expect(reachability.reachable).toBe(false);
    clock.advance(milliseconds(1));
    reachability.answered(status);
    expect(reachability.reachable).toBe(true);
  });

  test.each([200, 201, 404, 409, 410, 422])('%i is a return at once', (status) => {
    const { reachability } = scene();
    reachability.failed(LOST);
    reachability.answered(403);
    reachability.answered(status);
    expect(reachability.reachable).toBe(true);
  });

  test('the ten seconds begin anew when it went away in between', () => {
    const { reachability, clock } = scene();
    reachability.failed(LOST);
    reachability.answered(403);
    clock.advance(milliseconds(8_000));
    reachability.failed(LOST);
    reachability.answered(403);
    clock.advance(milliseconds(8_000));
    reachability.answered(403);
    expect(reachability.reachable).toBe(false);
  });

  test.each([401, 403, 500])('%i of a server that was there all the time changes nothing', (status) => {
    const { reachability, log } = scene();
    reachability.answered(status);
    expect([reachability.reachable, log.messages()]).toEqual([true, []]);
  });
});
