import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Micros, micros } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import type { Mac } from '../../../lib/mac.ts';
import { type BurstEffect, type BurstEvent, noBurst, stepBurst } from './burst.ts';
import type { RecentAsker } from './recent-askers.ts';

type Form = 'request' | 'reply';

interface Sent {
  readonly at: Micros;
  readonly ip: Ipv4;
  readonly form: Form | 'notice';
}

type Move = { readonly at: number } & ({ readonly appeared: readonly number[] } | { readonly disappeared: readonly number[] });
type Change = Move | { readonly at: number; readonly asked: readonly number[] };

/** A host that has asked for that address. */
function askerOf(ip: number): RecentAsker<Ipv4> {
  return { ip: ip as Ipv4, mac: 0x0200_0000_0099 as Mac, from: 99 as Ipv4, toldAt: micros(0) };
}

/** Runs the machine on a clock of its own; wake-ups come `late` microseconds late. */
function run(changes: readonly Change[], late = 0, forms: readonly Form[] = ['request', 'reply']): readonly Sent[] {
  const sent: Sent[] = [];
  let state = noBurst<Ipv4, Form>(forms);
  let wake: Micros | undefined;
  const step = (event: BurstEvent<Ipv4>): void => {
    let effects: readonly BurstEffect<Ipv4, Form>[];
    [state, effects] = stepBurst(state, event);
    wake = undefined;
    for (const effect of effects) {
      if (effect.kind === 'wake-at') wake = micros(effect.at + late);
      else if (effect.kind === 'notify') sent.push({ at: event.now, ip: effect.asker.ip, form: 'notice' });
      else sent.push({ at: event.now, ip: effect.ip, form: effect.form });
    }
  };
  const wakeUntil = (end: number): void => {
    for (let woken = 0; wake !== undefined && wake <= end; woken++) {
      if (woken > 100_000) throw new Error('the machine never rests');
      step({ kind: 'woke', now: wake });
    }
  };
  for (const change of changes) {
    wakeUntil(change.at);
    const now = micros(change.at);
    if ('appeared' in change) step({ kind: 'appeared', now, ips: change.appeared as readonly Ipv4[] });
    else if ('asked' in change) step({ kind: 'asked-before', now, askers: change.asked.map(askerOf) });
    else step({ kind: 'disappeared', now, ips: change.disappeared as readonly Ipv4[] });
  }
  wakeUntil(Number.POSITIVE_INFINITY);
  return sent;
}

const lines = (sent: readonly Sent[]): string[] => sent.map(({ at, ip, form }) => `${at / 1_000} ms ${ip} ${form}`);

describe('a burst', () => {
  test('of one address: one request at once, then five rounds of both', () => {
    expect(lines(run([{ at: 0, appeared: [1] }]))).toEqual([
      '0 ms 1 request',
      ...[50, 150, 400, 1_100, 2_200].flatMap((at) => [`${at} ms 1 request`, `${at} ms 1 reply`]),
    ]);
  });

  test('of a protocol with one form: six frames', () => {
    const sent = run([{ at: 0, appeared: [1] }], 0, ['request']);
    expect(lines(sent)).toEqual([0, 50, 150, 400, 1_100, 2_200].map((at) => `${at} ms 1 request`));
  });

  test('stops at once when the address is withdrawn', () => {
    expect(
      lines(
        run([
          { at: 0, appeared: [1] },
          { at: 100_000, disappeared: [1] },
        ]),
      ),
    ).toEqual(['0 ms 1 request', '50 ms 1 request', '50 ms 1 reply']);
  });

  test('begins anew when the address comes back', () => {
    const sent = run([
      { at: 0, appeared: [1] },
      { at: 60_000, disappeared: [1] },
      { at: 70_000, appeared: [1] },
    ]);
    expect(sent.filter(({ at }) => at >= 70_000)).toHaveLength(11);
    expect(sent.filter(({ at }) => at < 70_000)).toHaveLength(3);
  });

  test('begins anew, and does not run twice, when the address is announced again meanwhile', () => {
    const sent = run([
      { at: 0, appeared: [1] },
      { at: 60_000, appeared: [1] },
    ]);
    expect(sent.filter(({ at }) => at >= 60_000)).toHaveLength(11);
  });

  test('keeps the pace whoever calls, and however often', () => {
    const sent = run(Array.from({ length: 100 }, (_, index) => ({ at: 1_000_000, appeared: [index] })));
    expect(sent.filter(({ at }) => at === 1_000_000)).toHaveLength(11);
  });

  test('leaves other addresses alone', () => {
    const sent = run([
      { at: 0, appeared: [1, 2] },
      { at: 60_000, disappeared: [1] },
    ]);
    expect(sent.filter(({ ip }) => ip === 2)).toHaveLength(11);
  });

  test('reaches every address once before the first gets its second round', () => {
    const ips = Array.from({ length: 1_000 }, (_, index) => index);
    const sent = run([{ at: 0, appeared: ips }]);
    expect(sent.slice(0, 1_000).map(({ ip }) => ip)).toEqual(ips);
    expect(sent[999]?.at).toBeLessThanOrEqual(500_000);
    expect(sent).toHaveLength(11_000);
  });

  test('lets a new address pass before the later rounds of others', () => {
    const sent = run([
      { at: 0, appeared: Array.from({ length: 1_000 }, (_, index) => index) },
      { at: 700_000, appeared: [5_000] },
    ]);
    expect(sent.find(({ ip }) => ip === 5_000)?.at).toBeLessThanOrEqual(705_500);
  });

  test('is silent when nothing was announced', () => {
    expect(stepBurst(noBurst(['request']), { kind: 'disappeared', now: micros(0), ips: [1 as Ipv4] })[1]).toEqual([]);
  });
});

const someIps = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });
const histories = fc
  .array(
    fc.oneof(
      fc.record({ after: fc.integer({ min: 0, max: 3_000_000 }), appeared: someIps }),
      fc.record({ after: fc.integer({ min: 0, max: 3_000_000 }), disappeared: someIps }),
    ),
    { maxLength: 8 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ after, ...change }) => {
      at += after;
      return { at, ...change } as Move;
    });
  });
const lateness = fc.constantFrom(0, 900, 4_000, 30_000);

describe('every burst', () => {
  test('keeps the pace: in any window 2,000 frames a second and what may leave at once', () => {
    fc.assert(
      fc.property(histories, lateness, (changes, late) => {
        const sent = run(changes, late);
        for (let first = 0; first < sent.length; first += 7) {
          for (let last = first; last < sent.length; last += 13) {
            const span = (sent[last]?.at ?? 0) - (sent[first]?.at ?? 0);
            expect(last - first + 1).toBeLessThanOrEqual(span / 500 + 22);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('sends eleven frames for an address that stays, none for one that went', () => {
    fc.assert(
      fc.property(histories, lateness, (changes, late) => {
        const sent = run(changes, late);
        for (let ip = 1; ip <= 40; ip++) {
          const last = changes.findLast((change) => ('appeared' in change ? change.appeared : change.disappeared).includes(ip));
          const after = sent.filter((frame) => frame.ip === ip && last !== undefined && frame.at >= last.at);
          if (last === undefined) expect(after).toEqual([]);
          else if ('appeared' in last) expect(after.length).toBeGreaterThanOrEqual(11);
          else expect(after.filter(({ at }) => at > last.at)).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('notices to those who have asked', () => {
  const many = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
  const notices = (sent: readonly Sent[]): readonly Sent[] => sent.filter(({ form }) => form === 'notice');

  test('come at once, and once, when nothing else is due', () => {
    const sent = run([
      { at: 0, appeared: [1] },
      { at: 5_000, asked: [1, 1] },
    ]);
    expect(lines(sent).slice(0, 4)).toEqual(['0 ms 1 request', '5 ms 1 notice', '5 ms 1 notice', '50 ms 1 request']);
    expect(notices(sent)).toHaveLength(2);
  });

  test('do not delay round 0 of any address', () => {
    const sent = run([
      { at: 0, appeared: many(1, 500) },
      { at: 5_000, asked: many(1, 500) },
    ]);
    const firsts = sent.filter(({ at }) => at < (notices(sent)[0]?.at ?? 0));
    expect(new Set(firsts.map(({ ip }) => ip)).size).toBe(500);
  });

  test('leave every second frame to the later rounds, and keep the pace', () => {
    const sent = run([
      { at: 0, appeared: many(1, 200) },
      { at: 5_000, asked: many(1, 200).flatMap((ip) => [ip, ip, ip, ip, ip]) },
    ]);
    const contended = sent.filter(({ at }) => at >= 150_000 && at < 450_000);
    expect(contended.length).toBeGreaterThanOrEqual(590);
    expect(contended.length).toBeLessThanOrEqual(620);
    expect(notices(contended).length / contended.length).toBeCloseTo(0.5, 1);
    expect(notices(sent)).toHaveLength(1_000);
  });

  test.each<{ what: string; next: Change }>([
    { what: 'are not sent of an address that is withdrawn', next: { at: 5_000, disappeared: [2] } },
    { what: 'begin anew with an address that appears again', next: { at: 5_000, appeared: [2] } },
  ])('$what', ({ next }) => {
    const sent = run([{ at: 0, appeared: [1, 2] }, { at: 5_000, asked: [...many(100, 300), 1, 2] }, next]);
    expect(notices(sent).filter(({ ip }) => ip === 2)).toEqual([]);
    expect(notices(sent).filter(({ ip }) => ip === 1)).toHaveLength(1);
  });

  test('are bounded', () => {
    const sent = run([{ at: 0, asked: many(1, 10_000) }]);
    expect(sent).toHaveLength(8_192);
    expect(sent.at(-1)?.at).toBeLessThanOrEqual(8_192 * 500);
  });
});
