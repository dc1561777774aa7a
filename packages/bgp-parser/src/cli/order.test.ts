import { describe, expect, test } from '@jest/globals';
import { INITIAL_CONTEXT } from '../context.ts';
import { parseOrder, USAGE } from './order.ts';

const IPV4 = { afi: 1, safi: 1 };
const IPV6 = { afi: 2, safi: 1 };

describe('the command line', () => {
  test.each<{ words: string; order: object }>([
    { words: 'decode 00', order: { verb: 'decode', input: '00', context: INITIAL_CONTEXT, pretty: false } },
    { words: 'decode - --pretty', order: { input: '-', pretty: true } },
    { words: 'decode --asn4 00', order: { input: '00', context: { ...INITIAL_CONTEXT, fourOctetAsn: true } } },
    { words: 'encode {} --extended', order: { verb: 'encode', context: { maximumReceivedLength: 65_535, maximumSentLength: 65_535 } } },
    { words: 'decode --add-path ipv4 00', order: { input: '00', context: { addPathReceived: [IPV4], addPathSent: [IPV4] } } },
    { words: 'decode 00 --add-path=ipv6,ipv4', order: { context: { addPathReceived: [IPV6, IPV4] } } },
  ])('$words', ({ words, order }) => expect(parseOrder(words.split(' '))).toMatchObject({ ok: true, value: order }));

  test.each(['--help', 'decode -h', 'nonsense --help'])('%s asks for help', (words) =>
    expect(parseOrder(words.split(' '))).toEqual({ ok: true, value: 'help' }),
  );

  test('the help names every option', () => {
    for (const option of ['--asn4', '--add-path', '--extended', '--pretty']) expect(USAGE).toContain(option);
  });

  test.each([
    { words: '', error: 'say what to do: decode or encode' },
    { words: 'read 00', error: 'there is no read: say decode or encode' },
    { words: 'decode', error: 'decode needs a message, or - to read them from standard input' },
    { words: 'encode --asn4', error: 'encode needs a message, or - to read them from standard input' },
    { words: 'decode 00 01', error: 'decode takes one message, or - for many; there are 2' },
    { words: 'decode 00 --asn2', error: 'there is no option --asn2' },
    { words: 'decode 00 --asn4=yes', error: '--asn4 takes no value' },
    { words: 'encode {} --pretty', error: '--pretty is for decode' },
    { words: 'decode 00 --add-path', error: '--add-path takes ipv4, ipv6 or ipv4,ipv6, not ""' },
    { words: 'decode 00 --add-path ipv4,vpnv4', error: '--add-path takes ipv4, ipv6 or ipv4,ipv6, not "ipv4,vpnv4"' },
    { words: 'decode 00 --add-path toString', error: '--add-path takes ipv4, ipv6 or ipv4,ipv6, not "toString"' },
  ])('refuses "$words": $error', ({ words, error }) =>
    expect(parseOrder(words.split(' ').filter((word) => word !== ''))).toEqual({ ok: false, error }),
  );
});
