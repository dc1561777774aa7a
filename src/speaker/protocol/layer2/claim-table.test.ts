import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf } from '../../../../test/support/announcements.ts';
import { milliseconds } from '../../../lib/clock.ts';
import { type Claim, MOST_CLAIMS } from '../../wire/segment.ts';
import { beats, ClaimTable, claimMessages, holdersOf } from './claim-table.ts';

const TEXT = '198.51.100.1';
const NOW = milliseconds(1_000);
const rank = (node: string): string => node;

function claim(epoch: number, owner: string, leaving = false): Claim {
  return { address: addressOf(TEXT), epoch, owner, leaving };
}

const claims = fc
  .record({ epoch: fc.nat({ max: 3 }), owner: fc.constantFrom('', 'a', 'b', 'c'), leaving: fc.boolean() })
  .map(({ epoch, owner, leaving }) => claim(epoch, owner, owner !== '' && leaving));

describe('of two claims', () => {
  test.each<{ what: string; better: Claim; worse: Claim }>([
    { what: 'the higher epoch counts', better: claim(3, 'b'), worse: claim(2, 'a') },
    { what: 'the end of a higher epoch counts', better: claim(3, ''), worse: claim(2, 'a') },
    { what: 'the first node in the order counts', better: claim(2, 'a'), worse: claim(2, 'b') },
    { what: 'one that is kept counts', better: claim(2, 'b'), worse: claim(2, 'a', true) },
    { what: 'any counts before none', better: claim(2, 'b', true), worse: claim(2, '') },
  ])('$what', ({ better, worse }) => {
    expect([beats(better, worse, TEXT, rank), beats(worse, better, TEXT, rank), beats(better, better, TEXT, rank)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('all who hear the same ones hold the same one, in whatever order they come', () => {
    const held = (heard: readonly Claim[]): Claim | undefined =>
      heard.reduce<Claim | undefined>((best, one) => (best === undefined || beats(one, best, TEXT, rank) ? one : best), undefined);
    fc.assert(
      fc.property(fc.array(claims, { minLength: 1, maxLength: 6 }), (heard) => {
        expect(held(heard.toReversed())).toEqual(held(heard));
        expect(held([...heard, ...heard])).toEqual(held(heard));
      }),
    );
  });
});

describe('the table', () => {
  test('has the digest of what it holds, however it came to it', () => {
    fc.assert(
      fc.property(fc.array(claims, { minLength: 1, maxLength: 6 }), (heard) => {
        const [one, other] = [new ClaimTable(), new ClaimTable()];
        for (const each of heard) one.set(TEXT, each, NOW);
        other.set(TEXT, heard.at(-1) ?? claim(0, ''), NOW);
        expect(one.digest).toBe(other.digest);
        expect(one.digest === new ClaimTable().digest).toBe(heard.at(-1)?.owner === '');
      }),
    );
  });

  test('forgets what is nobody’s after ten minutes, and nothing else', () => {
    const table = new ClaimTable();
    table.set(TEXT, claim(7, ''), NOW);
    table.set('198.51.100.2', claim(1, 'a'), NOW);
    table.set('198.51.100.3', claim(1, 'a'), milliseconds(600_000));
    expect(table.get(TEXT)?.epoch).toBe(7);
    table.set('198.51.100.3', claim(2, 'a'), milliseconds(601_000));
    expect([table.get(TEXT), table.get('198.51.100.2')?.owner]).toEqual([undefined, 'a']);
  });

  test('has an end', () => {
    const table = new ClaimTable();
    for (let index = 0; !table.full; index++) table.set(`${index}`, claim(1, 'a'), NOW);
    expect([...table.entries()]).toHaveLength(65_536);
  });
});

test('claims go out by owner, as many as a frame has room for', () => {
  const many = Array.from({ length: MOST_CLAIMS + 1 }, (_, epoch) => claim(epoch, 'a'));
  const messages = claimMessages([...many, claim(1, 'b')]);
  const sizes = messages.map((message) => message.kind === 'claims' && message.claims.map(({ owner }) => owner));
  expect(sizes).toEqual([many.slice(1).map(() => 'a'), ['a'], ['b']]);
});

test('whoever has an address and does not give it up holds one', () => {
  expect([...holdersOf([claim(1, 'a'), claim(2, 'b', true), claim(3, ''), claim(4, 'a'), claim(5, 'c')])]).toEqual(['a', 'c']);
});
