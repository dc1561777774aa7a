import { describe, expect, test } from '@jest/globals';
import { hexadecimalOf, octetsOf } from '../../../test/support/octets.ts';
import { CEASE, ERROR_CODE } from './error-code.ts';
import { errorName, errorSubcodeName } from './error-name.ts';
import { ceaseWithText, hardReset, hardResetReason, type Notification, shutdownText } from './notification.ts';

function notification(code: number, subcode: number, data: string): Notification {
  return { type: 'notification', code, subcode, data: octetsOf(data) };
}

describe('the text of a shutdown', () => {
  test.each<{ what: string; octets: Notification; text: string | undefined }>([
    { what: 'in a shutdown', octets: notification(6, 2, '03 627965'), text: 'bye' },
    { what: 'in a reset', octets: notification(6, 4, '03 627965'), text: 'bye' },
    { what: 'with something behind it', octets: notification(6, 2, '02 627965'), text: 'by' },
    { what: 'of UTF-8', octets: notification(6, 2, '04 f09f918b'), text: '👋' },
    { what: 'of no UTF-8', octets: notification(6, 2, '02 ff62'), text: '\uFFFDb' },
    { what: 'of no octet', octets: notification(6, 2, '00'), text: undefined },
    { what: 'that is not there', octets: notification(6, 2, ''), text: undefined },
    { what: 'that is cut short', octets: notification(6, 2, '04 627965'), text: undefined },
    { what: 'in another Cease', octets: notification(6, 3, '03 627965'), text: undefined },
    { what: 'in another error', octets: notification(3, 2, '03 627965'), text: undefined },
  ])('$what: $text', ({ octets, text }) => expect(shutdownText(octets)).toBe(text));

  test('is written as it is read, and cut between two characters', () => {
    expect(ceaseWithText(CEASE.administrativeShutdown, 'bye')).toEqual(notification(6, 2, '03 627965'));
    const long = ceaseWithText(CEASE.administrativeReset, '👋'.repeat(64));
    expect([long.data.length, shutdownText(long)]).toEqual([253, '👋'.repeat(63)]);
  });
});

describe('Hard Reset', () => {
  test('holds another notification', () => {
    const inner = notification(6, 3, '0102');
    expect(hexadecimalOf(hardReset(inner).data)).toBe('06030102');
    expect(hardResetReason(hardReset(inner))).toEqual(inner);
  });

  test.each([
    { what: 'another Cease', octets: notification(6, 8, '0603') },
    { what: 'half of one', octets: notification(6, 9, '06') },
    { what: 'another error', octets: notification(3, 9, '0603') },
  ])('$what holds none', ({ octets }) => expect(hardResetReason(octets)).toBeUndefined());
});

test.each([
  { code: ERROR_CODE.cease, subcode: CEASE.bfdDown, names: ['Cease', 'BFD Down'] },
  { code: ERROR_CODE.open, subcode: 11, names: ['OPEN Message Error', 'Role Mismatch'] },
  { code: ERROR_CODE.holdTimerExpired, subcode: 0, names: ['Hold Timer Expired', undefined] },
  { code: 200, subcode: 1, names: [undefined, undefined] },
])('$code/$subcode is called $names', ({ code, subcode, names }) => {
  expect([errorName(code), errorSubcodeName(code, subcode)]).toEqual(names);
});
