import { expect, test } from '@jest/globals';
import { announce } from '../../../test/support/announcements.ts';
import { AddressTable } from '../protocol/layer2/address-table.ts';
import { AddressTallies } from './address-tallies.ts';

test('counts each address until the counts are taken', () => {
  const table = new AddressTable();
  table.apply([announce('a', ['10.0.0.1', '10.0.0.2'])]);
  const tallies = new AddressTallies();
  for (const held of table.all()) tallies.requested(held);
  for (const held of table.all()) if (held.text === '10.0.0.1') tallies.answered(held);
  tallies.announced('10.0.0.2');
  tallies.announced('10.0.0.2');
  expect(tallies.take()).toEqual([
    { ip: '10.0.0.1', requestsReceived: 1, responsesSent: 1, gratuitousSent: 0 },
    { ip: '10.0.0.2', requestsReceived: 1, responsesSent: 0, gratuitousSent: 2 },
  ]);
  expect(tallies.take()).toEqual([]);
});
