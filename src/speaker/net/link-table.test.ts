import { describe, expect, test } from '@jest/globals';
import { addressMessage, endMessage, joined, linkMessage } from '../../../test/support/netlink-messages.ts';
import { describeDecodeError } from '../../lib/binary.ts';
import { formatAddress } from '../../lib/ip.ts';
import { LinkTable, type LinkTableEffect } from './link-table.ts';
import { decodeNetlink } from './netlink.ts';

const UP = 0x1_0003;
const ETH0 = { index: 2, name: 'eth0', mac: [2, 0, 0, 0, 0, 1], flags: UP };
const ETH1 = { index: 3, name: 'eth1', mac: [2, 0, 0, 0, 0, 2], flags: UP };
const INTERRUPTED = 0x10;
const BUSY = -16;

/** What the table wants after these messages, one word each: `links 1`, `eth0+10.0.0.1 eth1`, `failed -16`. */
function take(table: LinkTable, ...messages: readonly Uint8Array[]): string[] {
  const decoded = decodeNetlink(joined(...messages));
  if (!decoded.ok) throw new Error(describeDecodeError(decoded.error));
  return table.take(decoded.value).map(word);
}

function word(effect: LinkTableEffect): string {
  if (effect.kind === 'request') return `${effect.what} ${effect.sequence}`;
  if (effect.kind === 'failed') return `failed ${effect.errno}`;
  return effect.links.map(({ name, addresses }) => [name, ...addresses.map(({ address }) => formatAddress(address))].join('+')).join(' ');
}

const done = (sequence: number, flags = 0): Uint8Array => endMessage('done', sequence, 0, flags);

/** A table that knows eth0 with one address. */
function knowing(): LinkTable {
  const table = new LinkTable();
  table.scan();
  take(table, linkMessage(ETH0), done(1));
  take(table, addressMessage(2, 24, [10, 0, 0, 1]), done(2));
  return table;
}

describe('a link table', () => {
  test('asks for the links, then for their addresses, then says both', () => {
    const table = new LinkTable();
    expect(table.scan().map(word)).toEqual(['links 1']);
    expect(take(table, linkMessage(ETH1), linkMessage(ETH0))).toEqual([]);
    expect(take(table, done(1))).toEqual(['addresses 2']);
    expect(take(table, addressMessage(2, 24, [10, 0, 0, 1]), done(2))).toEqual(['eth0+10.0.0.1 eth1']);
  });

  test.each<{ what: string; messages: Uint8Array[]; says: string[] }>([
    { what: 'a new link', messages: [linkMessage(ETH1)], says: ['eth0+10.0.0.1 eth1'] },
    { what: 'a link that went, with its addresses', messages: [linkMessage(ETH0, true), linkMessage(ETH0)], says: ['eth0'] },
    { what: 'a new name', messages: [linkMessage({ ...ETH0, name: 'lan' })], says: ['lan+10.0.0.1'] },
    { what: 'another MAC', messages: [linkMessage({ ...ETH0, mac: [2, 0, 0, 0, 0, 9] })], says: ['eth0+10.0.0.1'] },
    { what: 'a second address', messages: [addressMessage(2, 24, [10, 0, 0, 2])], says: ['eth0+10.0.0.1+10.0.0.2'] },
    { what: 'an address that went', messages: [addressMessage(2, 24, [10, 0, 0, 1], true)], says: ['eth0'] },
    { what: 'nothing new', messages: [linkMessage(ETH0), addressMessage(2, 24, [10, 0, 0, 1])], says: [] },
    { what: 'there and back in one datagram', messages: [linkMessage(ETH1), linkMessage(ETH1, true)], says: [] },
  ])('after the first word, $what', ({ messages, says }) => {
    expect(take(knowing(), ...messages)).toEqual(says);
  });

  test('another scan finds what events did not tell', () => {
    const table = knowing();
    expect(table.scan().map(word)).toEqual(['links 3']);
    expect(take(table, linkMessage(ETH1), done(3))).toEqual(['addresses 4', 'eth0+10.0.0.1 eth1']);
    expect(take(table, done(4))).toEqual(['eth1']);
  });

  test('a scan that finds the same says nothing', () => {
    const table = knowing();
    table.scan();
    take(table, linkMessage(ETH0), done(3));
    expect(take(table, addressMessage(2, 24, [10, 0, 0, 1]), done(4))).toEqual([]);
  });

  test('an event during a scan is not lost with it', () => {
    const table = knowing();
    table.scan();
    expect(take(table, linkMessage(ETH0), done(3))).toEqual(['addresses 4']);
    expect(take(table, linkMessage(ETH1))).toEqual(['eth0+10.0.0.1 eth1']);
    expect(take(table, addressMessage(2, 24, [10, 0, 0, 1]), done(4))).toEqual([]);
  });

  test('an interrupted dump is read again, but not for ever', () => {
    const table = new LinkTable();
    table.scan();
    for (const sequence of [1, 3]) {
      take(table, linkMessage(ETH0), done(sequence, INTERRUPTED));
      expect(take(table, done(sequence + 1))).toEqual([`links ${sequence + 2}`]);
    }
    take(table, linkMessage(ETH0), done(5, INTERRUPTED));
    expect(take(table, done(6))).toEqual(['eth0']);
  });

  test('a scan that is wanted during a scan comes after it; two that never end have failed', () => {
    const table = new LinkTable();
    expect([table.scan(), table.scan()].flat().map(word)).toEqual(['links 1']);
    expect(table.scan().map(word)).toEqual(['failed -110']);
    take(table, linkMessage(ETH0), done(1));
    expect(take(table, done(2))).toEqual(['links 3', 'eth0']);
  });

  test('a refusal is a failure; one of another request is not ours', () => {
    const table = new LinkTable();
    table.scan();
    expect(take(table, endMessage('error', 99, BUSY))).toEqual([]);
    expect(take(table, endMessage('error', 1, BUSY))).toEqual(['failed -16']);
  });
});
