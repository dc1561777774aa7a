import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { faultLine } from '../../../test/support/bgp-faults.ts';
import { bgpMessage, TYPE } from '../../../test/support/bgp-octets.ts';
import { hexadecimalOf } from '../../../test/support/octets.ts';
import { Framer } from './framer.ts';

const KEEPALIVE = bgpMessage(TYPE.keepalive, '');
const UPDATE = bgpMessage(TYPE.update, '0004 18c00002 0000');
const NOTIFICATION = bgpMessage(TYPE.notification, '0602');

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Copies of all messages that are whole, in hexadecimal; a fault as a line. */
function takeAll(framer: Framer): string[] {
  const taken: string[] = [];
  for (let next = framer.next(); next !== undefined; next = framer.next()) {
    if (!next.ok) return [...taken, faultLine(next.error)];
    taken.push(hexadecimalOf(next.value));
  }
  return taken;
}

function changed(message: Uint8Array, at: number, octet: number): Uint8Array {
  const copy = message.slice();
  copy[at] = octet;
  return copy;
}

interface Row {
  readonly what: string;
  readonly octets: Uint8Array;
  readonly fault: string;
}

const NO_HEADERS: readonly Row[] = [
  {
    what: 'a marker with one bit cleared',
    octets: changed(KEEPALIVE, 7, 0xfe),
    fault: 'session-reset, offset 7: marker octet is 254, must be 255 -> 1/1',
  },
  {
    what: 'a length of 18',
    octets: changed(KEEPALIVE, 17, 18),
    fault: 'session-reset, offset 16: message length is 18, must be 19 -> 1/2 0012',
  },
  {
    what: 'a KEEPALIVE of 20',
    octets: changed(KEEPALIVE, 17, 20),
    fault: 'session-reset, offset 16: message length is 20, must be 19 -> 1/2 0014',
  },
  {
    what: 'an OPEN of 28',
    octets: changed(changed(KEEPALIVE, 18, 1), 17, 28),
    fault: 'session-reset, offset 16: message length is 28, must be 29 to 4096 -> 1/2 001c',
  },
  {
    what: 'an UPDATE of 22',
    octets: changed(changed(KEEPALIVE, 18, 2), 17, 22),
    fault: 'session-reset, offset 16: message length is 22, must be 23 to 4096 -> 1/2 0016',
  },
  {
    what: 'a NOTIFICATION of 20',
    octets: changed(changed(KEEPALIVE, 18, 3), 17, 20),
    fault: 'session-reset, offset 16: message length is 20, must be 21 to 4096 -> 1/2 0014',
  },
  {
    what: 'a ROUTE-REFRESH of 22',
    octets: changed(changed(KEEPALIVE, 18, 5), 17, 22),
    fault: 'session-reset, offset 16: message length is 22, must be 23 to 4096 -> 1/2 0016',
  },
  {
    what: 'an UPDATE of 4,097',
    octets: changed(changed(UPDATE, 17, 1), 16, 16),
    fault: 'session-reset, offset 16: message length is 4097, must be 23 to 4096 -> 1/2 1001',
  },
  { what: 'type 0', octets: changed(KEEPALIVE, 18, 0), fault: 'session-reset, offset 18: message type is 0, must be 1 to 5 -> 1/3 00' },
  { what: 'type 6', octets: changed(KEEPALIVE, 18, 6), fault: 'session-reset, offset 18: message type is 6, must be 1 to 5 -> 1/3 06' },
  {
    what: 'type 6 with a length of 5',
    octets: changed(changed(KEEPALIVE, 18, 6), 17, 5),
    fault: 'session-reset, offset 16: message length is 5, must be 19 to 4096 -> 1/2 0005',
  },
];

describe('Framer', () => {
  const stream = joined([KEEPALIVE, UPDATE, NOTIFICATION, KEEPALIVE]);
  const messages = [KEEPALIVE, UPDATE, NOTIFICATION, KEEPALIVE].map(hexadecimalOf);

  test('cuts messages out, wherever the pieces end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 })), (lengths) => {
        const framer = new Framer();
        const taken: string[] = [];
        let at = 0;
        for (const length of [...lengths, stream.length]) {
          framer.push(stream.subarray(at, at + length));
          taken.push(...takeAll(framer));
          at += length;
        }
        expect(taken).toEqual(messages);
        expect(framer.waiting).toBe(0);
      }),
    );
  });

  test('says how much waits, and goes on where it was left', () => {
    const framer = new Framer();
    framer.push(stream.subarray(0, stream.length - 1));
    expect(framer.waiting).toBe(stream.length - 1);
    const first = framer.next();
    expect(first?.ok === true && hexadecimalOf(first.value)).toBe(messages[0]);
    framer.push(stream.subarray(stream.length - 1));
    expect(takeAll(framer)).toEqual(messages.slice(1));
  });

  test('needs the memory of the caller no longer than the push', () => {
    const framer = new Framer();
    const chunk = stream.slice();
    framer.push(chunk);
    chunk.fill(0);
    expect(takeAll(framer)).toEqual(messages);
  });
});

describe('a Framer does not go on', () => {
  test.each(NO_HEADERS)('behind $what', ({ octets, fault }) => {
    const framer = new Framer();
    framer.push(joined([UPDATE, octets]));
    expect(takeAll(framer)).toEqual([hexadecimalOf(UPDATE), fault]);
    framer.push(KEEPALIVE);
    expect(takeAll(framer)).toEqual([fault]);
  });

  test('takes longer messages once it is told to, OPEN and KEEPALIVE excepted', () => {
    const long = bgpMessage(TYPE.update, '00'.repeat(5_000));
    const framer = new Framer();
    framer.maximumLength = 65_535;
    framer.push(long);
    expect(takeAll(framer)).toEqual([hexadecimalOf(long)]);
    framer.push(changed(long, 18, TYPE.open));
    expect(takeAll(framer)).toEqual(['session-reset, offset 16: message length is 5019, must be 29 to 4096 -> 1/2 139b']);
  });

  test('holds a mebibyte and not more', () => {
    const framer = new Framer();
    framer.push(new Uint8Array(2 ** 20));
    expect(() => framer.push(Uint8Array.of(0))).toThrow(RangeError);
  });
});
