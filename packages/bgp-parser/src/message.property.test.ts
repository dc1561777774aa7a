import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bgpContexts, bgpMessages } from '../../../test/support/bgp-messages.ts';
import { bgpMessage } from '../../../test/support/bgp-octets.ts';
import { hexadecimalOf } from '../../../test/support/octets.ts';
import { strongestTreatment } from './fault.ts';
import { messageFromJson, messageToJson } from './json/message-json.ts';
import { type Decoded, decodeMessage, encodeMessage } from './message.ts';

describe('any message that nothing is wrong with', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(bgpMessages, ({ context, message }) => {
        expect(decodeMessage(encodeMessage(message, context), context)).toEqual({ message, faults: [] });
      }),
    );
  });

  test('is written as it was read', () => {
    fc.assert(
      fc.property(bgpMessages, ({ context, message }) => {
        const bytes = encodeMessage(message, context);
        const decoded = decodeMessage(bytes, context).message;
        expect(decoded && hexadecimalOf(encodeMessage(decoded, context))).toBe(hexadecimalOf(bytes));
      }),
    );
  });

  test('is said in JSON and read back', () => {
    fc.assert(
      fc.property(bgpMessages, ({ message }) => {
        expect(messageFromJson(JSON.parse(JSON.stringify(messageToJson(message))))).toEqual({ ok: true, value: message });
      }),
    );
  });
});

/** Bytes that look more or less like a message: any, a header with any body, and messages with some octets changed. */
const almostMessages = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 300 })).map(([type, body]) => bgpMessage(type, hexadecimalOf(body))),
  fc
    .tuple(bgpMessages, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([{ context, message }, changes]) => {
      const bytes = encodeMessage(message, context);
      for (const [at, octet] of changes) bytes[18 + (at % (bytes.length - 18))] = octet;
      return bytes;
    }),
);

describe('any octets', () => {
  test('are read without an exception, and what is missing is said', () => {
    fc.assert(
      fc.property(almostMessages, bgpContexts, (bytes, context) => {
        const { message, faults } = decodeMessage(bytes, context);
        if (message === undefined) expect(strongestTreatment(faults)).toBe('session-reset');
        for (const { offset } of faults) expect(offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test('that mean something mean the same when they are written again', () => {
    fc.assert(
      fc.property(almostMessages, bgpContexts, (bytes, context) => {
        const decoded = decodeMessage(bytes, context);
        if (decoded.message === undefined || decoded.faults.length > 0) return;
        expect(again(decoded, context)).toEqual(decoded);
      }),
      { numRuns: 1_000 },
    );
  });

  test('are left alone, and shared with nobody', () => {
    fc.assert(
      fc.property(bgpMessages, ({ context, message }) => {
        const bytes = encodeMessage(message, context);
        const before = bytes.slice();
        const decoded = decodeMessage(bytes, context);
        expect(bytes).toEqual(before);
        bytes.fill(0);
        expect(decoded).toEqual({ message, faults: [] });
      }),
    );
  });
});

/** What is read of a message that was read and written. */
function again({ message }: Decoded, context: Parameters<typeof decodeMessage>[1]): Decoded {
  return decodeMessage(message === undefined ? new Uint8Array() : encodeMessage(message, context), context);
}
