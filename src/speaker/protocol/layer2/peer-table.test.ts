import { expect, test } from '@jest/globals';
import { milliseconds } from '../../../lib/clock.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import type { Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';

/** Takes in a node that is heard at one second. */
function add(table: PeerTable, node: string): Peer {
  const header = { destination: BROADCAST_MAC, source: 0x0200_0000_0002 as Mac, keyId: 0n, boot: 1n, sequence: 1 };
  return table.add({ ...header, node, message: { kind: 'response', nonce: 1n } }, milliseconds(1_000));
}

/** A table in which a is there, and b, c and d have died, c first. */
function mourning(): PeerTable {
  const table = new PeerTable();
  add(table, 'a').lists = new Set(['x']);
  for (const [node, at] of Object.entries({ b: 5_000, c: 4_000, d: 6_000 })) {
    Object.assign(add(table, node), { verdict: 'dead', judgedAt: milliseconds(at), lists: new Set(['y']) });
  }
  return table;
}

test('the dead are in it, and do not count', () => {
  const table = mourning();
  expect([table.there, table.isThere('a'), table.isThere('b'), table.isThere('e')]).toEqual([1, true, false, false]);
  expect([table.gone(), table.gone(milliseconds(5_000)), table.longestGone()]).toEqual([['b', 'c', 'd'], ['b', 'c'], 'c']);
  expect([table.lists('x'), table.lists('y')]).toEqual([true, false]);
});

test('whoever has met others and hears nobody is alone, also when all of them are forgotten', () => {
  const table = mourning();
  expect([new PeerTable().isAlone(milliseconds(1_000)), table.isAlone(milliseconds(1_000)), table.isAlone(milliseconds(9_000))]).toEqual([
    ...[false, false],
    true,
  ]);
  for (const node of 'abcd') table.delete(node);
  expect([table.isAlone(milliseconds(9_000)), table.longestGone()]).toEqual([true, undefined]);
});

test('silence until now counts for nobody, but for the dead', () => {
  const table = mourning();
  table.forgetSilence(milliseconds(8_000));
  expect([table.get('a')?.heardAt, table.get('b')?.heardAt]).toEqual([milliseconds(8_000), milliseconds(1_000)]);
});
