import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { bgpUpdate } from '../../../test/support/bgp-octets.ts';

// The command as a user starts it, with the Node that runs the tests first on the PATH.
const COMMAND = join(import.meta.dirname, './main.ts');
const RECORDINGS = join(import.meta.dirname, '../recordings');
const ENVIRONMENT = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };

/** A process takes tenths of a second to start, and many times that on a machine that does much else. */
const PROCESSES_MILLISECONDS = 60_000;
jest.setTimeout(PROCESSES_MILLISECONDS);

interface Ending {
  readonly code: number;
  readonly printed: string;
  readonly complaints: string;
}

function bgpParser(words: readonly string[], stdin = ''): Promise<Ending> {
  return new Promise((resolve) => {
    const child = execFile(
      COMMAND,
      words,
      { env: ENVIRONMENT, timeout: PROCESSES_MILLISECONDS, maxBuffer: 2 ** 26 },
      (_, printed, complaints) => resolve({ code: child.exitCode ?? -1, printed, complaints }),
    );
    child.stdin?.on('error', () => undefined); // it may end before it has read what it was given
    child.stdin?.end(stdin);
  });
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const MARKER = 'ff'.repeat(16);
const KEEPALIVE = `${MARKER}001304`;
/** 10.0.0.0/24 with path 1 withdrawn, 10.0.1.0/24 with path 2 announced. */
const UPDATE = hexOf(
  bgpUpdate('00000001 18 0a0000', '40 01 01 00 40 02 06 02 01 0000fc00 40 03 04 c6336401 c0 08 04 fc000064', '00000002 18 0a0001'),
);
/** An ORIGIN that there is not. */
const WITHDRAWS = hexOf(bgpUpdate('', '40 01 01 09 40 02 06 02 01 0000fc00 40 03 04 c6336401', '18 0a0001'));
/** Attributes that are longer than the message. */
const RESETS = `${MARKER}0017020000ffff`;
const FLAGS = { optional: false, transitive: true, partial: false, extendedLength: false };

describe('bgp-parser decode', () => {
  test('prints one object, in the form that the README shows', async () => {
    const { code, printed, complaints } = await bgpParser(['decode', UPDATE, '--asn4', '--add-path', 'ipv4,ipv6']);
    expect({ code, complaints, json: JSON.parse(printed) }).toEqual({
      code: 0,
      complaints: '',
      json: {
        type: 'update',
        withdrawn: [{ prefix: '10.0.0.0/24', pathId: 1 }],
        attributes: [
          { code: 1, name: 'origin', flags: FLAGS, value: 'igp' },
          { code: 2, name: 'as-path', flags: FLAGS, value: [{ type: 'sequence', asns: [64_512] }] },
          { code: 3, name: 'next-hop', flags: FLAGS, value: '198.51.100.1' },
          { code: 8, name: 'communities', flags: { ...FLAGS, optional: true }, value: ['64512:100'] },
        ],
        nlri: [{ prefix: '10.0.1.0/24', pathId: 2 }],
        faults: [],
      },
    });
  });

  test.each<{ what: string; hex: string; code: number; faults: object }>([
    {
      what: 'routes to withdraw are no failure of the command',
      hex: WITHDRAWS,
      code: 0,
      faults: [{ treatment: 'treat-as-withdraw', attribute: 1 }],
    },
    { what: 'a session to end is', hex: RESETS, code: 1, faults: [{ treatment: 'session-reset', code: 3, subcode: 1 }] },
    { what: 'so are octets that are no message', hex: 'ff', code: 1, faults: [{ treatment: 'session-reset', code: 1, subcode: 2 }] },
  ])('$what', async ({ hex, code, faults }) => {
    const ending = await bgpParser(['decode', '--asn4', hex]);
    expect(ending).toMatchObject({ code, complaints: '' });
    expect(JSON.parse(ending.printed)).toMatchObject({ faults });
  });

  test('reads a message a line, passes over comments, says which line is none, and ends with the worst exit code', async () => {
    const lines = ['# a comment', '', KEEPALIVE.replaceAll('ff', 'FF:'), 'no octets', RESETS, KEEPALIVE];
    const { code, printed, complaints } = await bgpParser(['decode', '-'], lines.join('\n'));
    expect({ code, complaints }).toEqual({ code: 2, complaints: 'bgp-parser: line 4: not octets in hexadecimal: "no octets"\n' });
    const types = printed
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type?: string }).type);
    expect(types).toEqual(['keepalive', 'update', 'keepalive']);
  });

  test('has a text for people', async () => {
    const { code, printed } = await bgpParser(['decode', '--pretty', '--asn4', WITHDRAWS]);
    expect({ code, lines: printed.split('\n') }).toEqual({
      code: 0,
      lines: [
        'UPDATE',
        '  as-path (transitive): 64512',
        '  next-hop (transitive): 198.51.100.1',
        '  nlri: 10.0.1.0/24',
        '  fault: treat-as-withdraw: attribute 1 at octet 26: value is 9, must be 0, 1 or 2',
        '',
      ],
    });
  });

  test('takes messages of more than 4,096 octets when told so', async () => {
    const communities = 'fc000001'.repeat(1_100);
    const long = `${MARKER}${(23 + 4 + 4_400).toString(16).padStart(4, '0')}020000${(4 + 4_400).toString(16)}d0081130${communities}`;
    expect(await bgpParser(['decode', '-'], long)).toMatchObject({ code: 1 });
    expect(await bgpParser(['decode', '-', '--extended'], long)).toMatchObject({ code: 0 });
  });
});

describe('bgp-parser encode', () => {
  test('is the mirror of decode for all that real routers sent', async () => {
    const external = readdirSync(RECORDINGS).filter((file) => /(?:bird|gobgp)-external/.test(file));
    const lines = external.flatMap((file) => readFileSync(join(RECORDINGS, file), 'utf8').trimEnd().split('\n'));
    const messages = lines.filter((line) => !line.startsWith('#'));
    expect(messages.length).toBeGreaterThan(30);
    const decoded = await bgpParser(['decode', '-', '--asn4'], lines.join('\n'));
    expect(decoded).toMatchObject({ code: 0, complaints: '' });
    expect(await bgpParser(['encode', '-', '--asn4'], decoded.printed)).toEqual({
      code: 0,
      printed: `${messages.join('\n')}\n`,
      complaints: '',
    });
  });

  test.each([
    { what: 'what is no JSON', json: 'decode', complaint: 'not JSON: "decode"' },
    { what: 'what is no message', json: '{"type":"hello"}', complaint: /^type is "hello", must be keepalive, open, / },
    {
      what: 'what has no form',
      json: '{"type":"notification","code":6,"subcode":2,"data":"0"}',
      complaint: /^data is "0", must be octets/,
    },
  ])('refuses $what with exit code 2 and one line', async ({ json, complaint }) => {
    const { code, printed, complaints } = await bgpParser(['encode', json]);
    expect({ code, printed, lines: complaints.split('\n').length }).toEqual({ code: 2, printed: '', lines: 2 });
    expect(complaints.replace(/^bgp-parser: /, '').trimEnd()).toMatch(complaint);
  });
});

describe('bgp-parser', () => {
  test('says in one line what is wrong with a command, and where to read on', async () => {
    expect(await bgpParser(['decode'])).toEqual({
      code: 2,
      printed: '',
      complaints: 'bgp-parser: decode needs a message, or - to read them from standard input: see bgp-parser --help\n',
    });
  });

  test('explains itself', async () => {
    const { code, printed } = await bgpParser(['--help']);
    expect({ code, first: printed.split('\n')[0] }).toEqual({
      code: 0,
      first: 'usage: bgp-parser decode HEX|- [--asn4] [--add-path FAMILIES] [--extended] [--pretty]',
    });
  });
});
