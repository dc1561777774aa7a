import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addressOf, announcement } from '../../../test/support/announcements.ts';
import { arpLine } from '../../../test/support/arp-frames.ts';
import { SpeakerPair } from '../../../test/support/speaker-pair.ts';
import type { Announcement, Report } from '../../model/plan.ts';

/** What is said of owners, of which several objects are written for each address. */
const OF_OWNERS: ReadonlySet<Report['kind']> = new Set(['owned', 'taken', 'claims']);
const CONTENDERS: ReadonlyMap<string, number> = new Map(['a', 'b'].map((node) => [node, 0]));
/** Ten frames leave in it. */
const STEP_MS = 5;
/** A node that is dead is missed by then, and another one has told of all that it had. */
const MOST_MS = 1_000;

let pair: SpeakerPair;
beforeEach(() => {
  pair = new SpeakerPair();
});
afterEach(() => pair[Symbol.dispose]());

/** b has so many addresses and dies; resolves when a tells the segment of the first of them. */
async function die(addresses: number): Promise<void> {
  await pair.start();
  const announcements = Array.from({ length: addresses }, (_, index): Announcement => {
    const text = `10.0.${1 + (index >> 8)}.${index & 0xff}`;
    return { ...announcement(`x/${index}`, [text]), candidacy: { address: addressOf(text), self: true, contenders: CONTENDERS } };
  });
  for (const driver of [pair.a, pair.b]) driver.take({ kind: 'changes', changes: [{ kind: 'replace', announcements }] });
  await pair.run(1_000);
  expect([pair.owned('a').length, pair.owned('b').length]).toEqual([0, addresses]);
  pair.kernels = false;
  pair.kill();
  pair.network.sent.length = 0;
  pair.reports.a.length = 0;
  for (let span = 0; span < MOST_MS && pair.gone('a')?.length !== 1; span += STEP_MS) await pair.run(STEP_MS);
}

/** The addresses of which a has told the segment unasked. */
function told(): ReadonlySet<string> {
  const lines = pair.network.sent.filter(({ link }) => link === 'eth2').map(({ frame }) => arpLine(frame));
  return new Set(lines.flatMap((line) => /^request (\S+) is 02:00:00:00:00:02 to ff:ff:ff:ff:ff:ff$/.exec(line)?.[1] ?? []));
}

function saidOfOwners(): string[] {
  return pair.reports.a.map(({ kind }) => kind).filter((kind) => OF_OWNERS.has(kind));
}

test('of a hundred addresses of a node that died the main thread hears when the segment has heard of each', async () => {
  await die(100);
  for (let span = 0; span < MOST_MS && told().size < 100; span += STEP_MS) {
    expect(saidOfOwners()).toEqual([]);
    await pair.run(STEP_MS);
  }
  await pair.run(2 * STEP_MS);
  expect(saidOfOwners()).toEqual(expect.arrayContaining(['owned', 'taken']));
  expect([told().size, pair.owned('a').length]).toEqual([100, 100]);
});

test('of a few it hears at once', async () => {
  await die(10);
  expect(saidOfOwners()).toEqual(expect.arrayContaining(['owned', 'taken']));
  expect([told().size, pair.owned('a').length]).toEqual([10, 10]);
});
