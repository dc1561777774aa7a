import { describe, expect, test } from '@jest/globals';
import type { CodeCoverage } from './coverage.ts';
import { Engine, type Limits } from './engine.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { recordedMessages } from './recorded-messages.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';
import { fuzz } from './watch.ts';

// The fuzzer itself: that it finds what is there to be found, and that each target is one.

const LIMITS: Limits = { runs: 50_000, seconds: 60, seed: 1 };
/** A thread starts within a second on an idle core. */
const THREAD_MILLISECONDS = 60_000;
const KEEPALIVE = recordedMessages().find((message) => message.length === 19) ?? new Uint8Array();

function targetThat(run: Target['run'], seeds: readonly Uint8Array[] = [KEEPALIVE]): Target {
  return { name: 'a test', seeds, repair: (input) => input, run };
}

/** Coverage of code that is not there: each batch reaches `blocks`, and takes so many steps. */
function coverageOf(steps: number, blocks: () => readonly string[] = () => []): CodeCoverage {
  return { take: () => ({ steps, blocks: blocks() }) };
}

describe('the engine', () => {
  test('does not count what ran before it', () => {
    const taken = [1_000_000, 1];
    const coverage: CodeCoverage = { take: () => ({ steps: taken.shift() ?? 1, blocks: [] }) };
    expect(
      new Engine(
        targetThat(() => undefined),
        1,
        () => undefined,
        coverage,
      ).run({ ...LIMITS, runs: 1 }).find,
    ).toBeUndefined();
  });

  test('finds an input that throws, and gives it with the reason', () => {
    const target = targetThat((input) => {
      if (input[3] === 0x40 && input.length > 20) throw new RangeError('a test wants it');
    });
    const { find, runs } = new Engine(target, 1, () => undefined, coverageOf(1)).run(LIMITS);
    expect({ octet: find?.input[3], reason: find?.reason }).toEqual({ octet: 0x40, reason: expect.stringContaining('a test wants it') });
    expect(runs).toBeLessThan(LIMITS.runs);
  });

  test.each([
    { steps: 6_800, find: undefined },
    { steps: 6_801, find: { input: KEEPALIVE, reason: '6801 steps for 19 octets in 1 inputs' } },
  ])('$steps steps for one input of 19 octets', ({ steps, find }) => {
    const limits = { ...LIMITS, runs: 1 };
    expect(
      new Engine(
        targetThat(() => undefined),
        1,
        () => undefined,
        coverageOf(steps),
      ).run(limits).find,
    ).toEqual(find);
  });

  test('keeps just the inputs that reach something new, and tells each one before it runs it', () => {
    let told = 0;
    const ran: string[] = [];
    const target = targetThat((input) => void ran.push(`a first octet below 0x${input[0]?.toString(16)[0]}0`));
    const coverage = coverageOf(1, () => ran.splice(0));
    const report = new Engine(target, 7, () => told++, coverage).run({ ...LIMITS, runs: 2_000 });
    expect(report).toMatchObject({ runs: told, kept: report.blocks });
    expect(report.blocks).toBeGreaterThan(10);
  });
});

test('variations are of many kinds, never too long, and leave what they are made of alone', () => {
  const random = new Random(3);
  const [input, other] = [Uint8Array.from({ length: 4_990 }, (_, at) => at), Uint8Array.of(1, 2, 3)];
  const before = input.slice();
  const variations = Array.from({ length: 500 }, () => mutate(input, other, random));
  expect(input).toEqual(before);
  expect(new Set(variations.map(({ length }) => length)).size).toBeGreaterThan(100);
  expect(Math.max(...variations.map(({ length }) => length))).toBe(5_000);
});

test.each([1, 0, -5, 0x7fff_ffff])('chance with seed %d is spread over its range', (seed) => {
  const random = new Random(seed);
  const counts = new Array<number>(8).fill(0);
  for (let round = 0; round < 8_000; round++) {
    const at = random.below(8);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(700);
});

describe('the targets', () => {
  test.each(TARGETS)('$name has seeds from recordings, and they keep all promises', ({ seeds, run }) => {
    expect(seeds.length).toBeGreaterThan(0);
    for (const seed of seeds) expect(() => run(seed)).not.toThrow();
  });

  test(
    'are fuzzed in a thread of their own, which reports',
    async () => {
      const { find, blocks, runs } = await fuzz('notification', { runs: 1, seconds: 60, seed: 1 });
      expect(find).toBeUndefined();
      expect(blocks).toBeGreaterThan(5);
      expect(runs).toBeGreaterThan(1);
    },
    THREAD_MILLISECONDS,
  );

  test(
    'are looked for by name, and one that there is not is a find of its own',
    async () => {
      const { find } = await fuzz('nothing', { runs: 1, seconds: 1, seed: 1 });
      expect(find?.reason).toBe('there is no target nothing');
    },
    THREAD_MILLISECONDS,
  );
});
