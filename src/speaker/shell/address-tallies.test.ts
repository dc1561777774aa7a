import { expect, test } from '@jest/globals';
import { AddressTallies } from './address-tallies.ts';

test('counts each address until the counts are taken', () => {
  const tallies = new AddressTallies();
  for (const ip of ['10.0.0.1', '10.0.0.2']) tallies.requested(ip);
  tallies.answered('10.0.0.1');
  tallies.announced('10.0.0.2');
  tallies.announced('10.0.0.2');
  expect(tallies.take()).toEqual([
    { ip: '10.0.0.1', requestsReceived: 1, responsesSent: 1, gratuitousSent: 0 },
    { ip: '10.0.0.2', requestsReceived: 1, responsesSent: 0, gratuitousSent: 2 },
  ]);
  expect(tallies.take()).toEqual([]);
});
