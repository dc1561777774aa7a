import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PACKET_CLASS, runFilter } from '../../../test/support/filter-machine.ts';
import { neighborSolicitation } from '../../../test/support/ndp-frames.ts';
import {
  arpFilter,
  arpQuestionFilter,
  arpReplyFilter,
  coverAddresses,
  discoveryFilter,
  everyFrameFilter,
  KEPT_OCTETS,
  MAX_INSTRUCTIONS,
  MAX_RANGES,
  type PacketFilter,
  solicitationFilter,
} from './packet-filter.ts';

const LAST = 0xffff_ffff;

/** An ARP request for `target`, 42 octets; `change` sets octets. */
function request(target: number, change: Readonly<Record<number, number>> = {}): DataView {
  const frame = new DataView(new ArrayBuffer(42));
  frame.setUint32(12, 0x0806_0001);
  frame.setUint32(16, 0x0800_0604);
  frame.setUint16(20, 1);
  frame.setUint32(38, target);
  for (const [offset, octet] of Object.entries(change)) frame.setUint8(Number(offset), octet);
  return frame;
}

function keeps(filter: PacketFilter, target: number): boolean {
  return runFilter(filter, request(target), PACKET_CLASS.broadcast) > 0;
}

describe('coverAddresses', () => {
  test.each<{ addresses: number[]; room: number; ranges: [number, number][] }>([
    { addresses: [], room: 9, ranges: [] },
    { addresses: [7], room: 9, ranges: [[7, 7]] },
    { addresses: [9, 7, 8], room: 9, ranges: [[7, 9]] },
    { addresses: [7, 7], room: 9, ranges: [[7, 7]] },
    {
      addresses: [1, 3, 10],
      room: 9,
      ranges: [
        [1, 1],
        [3, 3],
        [10, 10],
      ],
    },
    {
      addresses: [1, 3, 10],
      room: 2,
      ranges: [
        [1, 3],
        [10, 10],
      ],
    },
    { addresses: [1, 3, 10], room: 1, ranges: [[1, 10]] },
    { addresses: [1, 3, 5, 7], room: 2, ranges: [[1, 7]] },
    {
      addresses: [0, LAST],
      room: 2,
      ranges: [
        [0, 0],
        [LAST, LAST],
      ],
    },
  ])('$addresses in $room', ({ addresses, room, ranges }) => {
    expect(coverAddresses(addresses, room).map(({ first, last }) => [first, last])).toEqual(ranges);
  });
});

describe('arpFilter', () => {
  const filter = arpFilter([0x0a00_0001]);

  test.each<{ what: string; frame: DataView; type: number; kept: number }>([
    { what: 'a broadcast request', frame: request(0x0a00_0001), type: PACKET_CLASS.broadcast, kept: KEPT_OCTETS },
    { what: 'a unicast request', frame: request(0x0a00_0001), type: PACKET_CLASS.host, kept: KEPT_OCTETS },
    { what: 'another target', frame: request(0x0a00_0002), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: "another station's frame, or one with a VLAN tag", frame: request(0x0a00_0001), type: PACKET_CLASS.otherHost, kept: 0 },
    { what: 'a frame for a group', frame: request(0x0a00_0001), type: PACKET_CLASS.multicast, kept: 0 },
    { what: 'a reply to the address', frame: request(0x0a00_0001, { 21: 2 }), type: PACKET_CLASS.host, kept: 0 },
    { what: 'a reply of the address', frame: request(7, { 21: 2, 28: 10, 31: 1 }), type: PACKET_CLASS.host, kept: KEPT_OCTETS },
    { what: 'a request of the address', frame: request(7, { 28: 10, 31: 1 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another operation', frame: request(0x0a00_0001, { 21: 3, 28: 10, 31: 1 }), type: PACKET_CLASS.host, kept: 0 },
    { what: 'another EtherType', frame: request(0x0a00_0001, { 13: 0x35 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another hardware type', frame: request(0x0a00_0001, { 15: 6 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another protocol type', frame: request(0x0a00_0001, { 16: 0x86 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another hardware length', frame: request(0x0a00_0001, { 18: 8 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another protocol length', frame: request(0x0a00_0001, { 19: 16 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'a frame cut short', frame: new DataView(request(0x0a00_0001).buffer, 0, 41), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'an empty frame', frame: new DataView(new ArrayBuffer(0)), type: PACKET_CLASS.broadcast, kept: 0 },
  ])('$what: keeps $kept', ({ frame, type, kept }) => {
    expect(runFilter(filter, frame, type)).toBe(kept);
  });

  test('without addresses keeps nothing', () => {
    expect(keeps(arpFilter([]), 0)).toBe(false);
  });

  test('a pool of any size is one range', () => {
    const pool = Array.from({ length: 5_000 }, (_, index) => 0x0a00_0000 + index);
    const program = arpFilter(pool);
    expect(program.length).toBeLessThan(25);
    expect([
      keeps(program, 0x0a00_0000 - 1),
      keeps(program, 0x0a00_0000),
      keeps(program, 0x0a00_0000 + 4_999),
      keeps(program, 0x0a00_0000 + 5_000),
    ]).toEqual([false, true, true, false]);
  });

  test.each([1, 99, 100, 101, 200, 201, 1_000, MAX_RANGES])(
    '%d scattered addresses: exactly these, and the kernel takes the program',
    (count) => {
      const addresses = Array.from({ length: count }, (_, index) => 3 + index * 1_000_003);
      const program = arpFilter(addresses);
      expect(program.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
      for (const address of addresses) {
        expect([keeps(program, address - 1), keeps(program, address), keeps(program, address + 1)]).toEqual([false, true, false]);
      }
    },
  );

  test('more than fit: keeps all of them and still refuses what is far away', () => {
    const addresses = Array.from({ length: 3_000 }, (_, index) => 0x0a00_0000 + index * 2 + (index >= 1_500 ? 1_000_000 : 0));
    const program = arpFilter(addresses);
    expect(program.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
    expect(addresses.every((address) => keeps(program, address))).toBe(true);
    expect([keeps(program, 0x0a00_0000 - 1), keeps(program, 0x0a00_0000 + 500_000), keeps(program, 0x0b00_0000)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

const address = fc.oneof(
  fc.integer({ min: 0, max: LAST }),
  fc.integer({ min: 0x0a00_0000, max: 0x0a00_0100 }),
  fc.constantFrom(0, 1, LAST - 1, LAST),
);

test('a filter keeps exactly the requests for its addresses', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 600 }), fc.array(address, { maxLength: 50 }), (addresses, others) => {
      const program = arpFilter(addresses);
      const held = new Set(addresses);
      const around = addresses.flatMap((one) => [one, Math.max(one - 1, 0), Math.min(one + 1, LAST)]);
      for (const target of [...around, ...others]) expect([target, keeps(program, target)]).toEqual([target, held.has(target)]);
    }),
  );
});

test('with less room a filter keeps more, never less', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (addresses, room) => {
      const program = arpFilter(addresses, room);
      expect(addresses.every((one) => keeps(program, one))).toBe(true);
      expect(coverAddresses(addresses, room).length).toBeLessThanOrEqual(room);
    }),
  );
});

describe('discoveryFilter', () => {
  const filter = discoveryFilter([0x0a00_0001, 0x0a00_0003]);

  test.each<{ what: string; set?: Readonly<Record<number, number>>; target?: string; type?: number; kept: number }>([
    { what: 'a question to the group', kept: KEPT_OCTETS },
    { what: 'a question to this station', type: PACKET_CLASS.host, kept: KEPT_OCTETS },
    { what: 'another address that ends alike', target: 'fd00::1:2:a00:3', kept: KEPT_OCTETS },
    { what: 'an address in between', target: '2001:db8::a00:2', kept: 0 },
    { what: "another station's frame, or one with a VLAN tag", type: PACKET_CLASS.otherHost, kept: 0 },
    { what: 'another EtherType', set: { 13: 0xde }, kept: 0 },
    { what: 'UDP', set: { 20: 17 }, kept: 0 },
    { what: 'what crossed a router', set: { 21: 254 }, kept: 0 },
    { what: 'an advertisement', set: { 54: 136 }, kept: KEPT_OCTETS },
    { what: 'an advertisement of another', set: { 54: 136 }, target: '2001:db8::a00:2', kept: 0 },
    { what: 'a router advertisement', set: { 54: 134 }, kept: 0 },
    { what: 'another code', set: { 55: 1 }, kept: 0 },
  ])('$what: keeps $kept', ({ set = {}, target = '2001:db8::a00:1', type = PACKET_CLASS.multicast, kept }) => {
    const { buffer } = neighborSolicitation(target, { set });
    expect(runFilter(filter, new DataView(buffer), type)).toBe(kept);
  });

  test('keeps nothing for nobody, and nothing of a frame cut short', () => {
    const frame = new DataView(neighborSolicitation('2001:db8::a00:1').buffer, 0, 77);
    expect(runFilter(filter, frame, PACKET_CLASS.multicast)).toBe(0);
    expect(discoveryFilter([])).toHaveLength(1);
  });
});

describe('arpReplyFilter', () => {
  test.each<{ what: string; frame: DataView; type: number; kept: number }>([
    { what: 'a reply to this station', frame: request(1, { 21: 2 }), type: PACKET_CLASS.host, kept: KEPT_OCTETS },
    { what: 'a reply to all', frame: request(1, { 21: 2 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: "another station's reply", frame: request(1, { 21: 2 }), type: PACKET_CLASS.otherHost, kept: 0 },
    { what: 'a request', frame: request(1), type: PACKET_CLASS.host, kept: 0 },
    { what: 'another EtherType', frame: request(1, { 13: 0x35, 21: 2 }), type: PACKET_CLASS.host, kept: 0 },
  ])('$what: keeps $kept', ({ frame, type, kept }) => {
    expect(runFilter(arpReplyFilter(), frame, type)).toBe(kept);
  });
});

test.each(Object.entries(PACKET_CLASS))('every frame is kept that is for this station or a group: %s', (name, type) => {
  expect(runFilter(everyFrameFilter(1_400), request(1), type)).toBe(name === 'otherHost' ? 0 : 1_400);
});

describe('arpQuestionFilter', () => {
  const filter = arpQuestionFilter([0x0a00_0001]);
  const sender = { 28: 10, 31: 9 };

  test.each<{ what: string; frame: DataView; type: number; kept: number }>([
    { what: 'a broadcast request of a host', frame: request(0x0a00_0001, sender), type: PACKET_CLASS.broadcast, kept: KEPT_OCTETS },
    { what: 'a unicast request of a host', frame: request(0x0a00_0001, sender), type: PACKET_CLASS.host, kept: KEPT_OCTETS },
    { what: 'a probe', frame: request(0x0a00_0001), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'another target', frame: request(0x0a00_0002, sender), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: "another station's, or with a VLAN tag", frame: request(0x0a00_0001, sender), type: PACKET_CLASS.otherHost, kept: 0 },
    { what: 'a tag in the frame', frame: request(0x0a00_0001, { ...sender, 12: 0x81, 13: 0 }), type: PACKET_CLASS.broadcast, kept: 0 },
    { what: 'a reply', frame: request(0x0a00_0001, { ...sender, 21: 2 }), type: PACKET_CLASS.host, kept: 0 },
    { what: 'a reply of the address', frame: request(7, { 21: 2, 28: 10, 31: 1 }), type: PACKET_CLASS.host, kept: 0 },
    { what: 'a frame cut short', frame: new DataView(request(0x0a00_0001, sender).buffer, 0, 41), type: PACKET_CLASS.host, kept: 0 },
  ])('$what: keeps $kept', ({ frame, type, kept }) => {
    expect(runFilter(filter, frame, type)).toBe(kept);
  });
});

describe('solicitationFilter', () => {
  const filter = solicitationFilter([0x0000_00c8]);
  const view = (frame: Uint8Array): DataView => new DataView(frame.buffer);

  test.each<{ what: string; frame: DataView; type: number; kept: number }>([
    { what: 'a solicitation', frame: view(neighborSolicitation('2001:db8::c8')), type: PACKET_CLASS.multicast, kept: KEPT_OCTETS },
    { what: 'another target', frame: view(neighborSolicitation('2001:db8::c9')), type: PACKET_CLASS.multicast, kept: 0 },
    { what: "another station's", frame: view(neighborSolicitation('2001:db8::c8')), type: PACKET_CLASS.otherHost, kept: 0 },
    { what: 'an advertisement', frame: view(neighborSolicitation('2001:db8::c8', { set: { 54: 136 } })), type: PACKET_CLASS.host, kept: 0 },
    { what: 'from far', frame: view(neighborSolicitation('2001:db8::c8', { set: { 21: 64 } })), type: PACKET_CLASS.multicast, kept: 0 },
  ])('$what: keeps $kept', ({ frame, type, kept }) => {
    expect(runFilter(filter, frame, type)).toBe(kept);
  });
});
