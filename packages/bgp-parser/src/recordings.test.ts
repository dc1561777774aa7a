import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Context, decodeMessage, encodeMessage, INITIAL_CONTEXT, type Message, negotiate } from './bgp-parser.ts';

// What FRR, BIRD, GoBGP and ExaBGP said in the lab, message by message: `make recordings` writes the files anew.

const FOLDER = join(import.meta.dirname, '../recordings');

/** A file of recordings/: the recorder's OPEN, then what the router sent. */
interface Recording {
  readonly file: string;
  readonly open: string;
  readonly messages: readonly string[];
}

const recordings: readonly Recording[] = readdirSync(FOLDER).map((file) => {
  const lines = readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n');
  const open = /^# recorder's open: (.*)$/m.exec(lines.join('\n'))?.[1] ?? '';
  return { file, open, messages: lines.filter((line) => !line.startsWith('#')) };
});

/** One message, the context to read it in, and the one in which its sender wrote it. */
interface Row {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly received: Context;
  readonly sent: Context;
}

const rows: readonly Row[] = recordings.flatMap(({ file, open, messages }) => {
  const [first = '', ...rest] = messages;
  const agreed = contextOf(file, messageOf(open, INITIAL_CONTEXT), messageOf(first, INITIAL_CONTEXT));
  return [
    { where: `${file} 1`, bytes: Buffer.from(first, 'hex'), received: INITIAL_CONTEXT, sent: INITIAL_CONTEXT },
    ...rest.map((hex, index) => ({ where: `${file} ${index + 2}`, bytes: Buffer.from(hex, 'hex'), ...agreed })),
  ];
});

function messageOf(hex: string, context: Context): Message {
  const { message } = decodeMessage(Buffer.from(hex, 'hex'), context);
  if (message === undefined) throw new Error(`${hex} is no message`);
  return message;
}

/**
 * OPENs do not say that two ASes are members of one confederation: what else tells an internal session from an external one
 * does not count there (RFC 5065, Section 5), and the routers differ in what they take it for.
 */
function contextOf(file: string, ours: Message, theirs: Message): Pick<Row, 'received' | 'sent'> {
  if (ours.type !== 'open' || theirs.type !== 'open') throw new Error(`${file} does not begin with two OPENs`);
  const confederation = file.includes('confederation') ? { internal: undefined } : {};
  return { received: { ...negotiate(ours, theirs), ...confederation }, sent: { ...negotiate(theirs, ours), ...confederation } };
}

/** ExaBGP sends over the border what has to stay inside: the types of the attributes that are then left out, by row. */
const DISCARDED: Readonly<Record<string, readonly number[]>> = { 'exabgp-external.txt 3': [9, 10], 'exabgp-two-octet.txt 3': [9, 10] };

describe('what real routers send', () => {
  test('is here from all four', () => {
    const routers = recordings.map(({ file }) => /^(?<router>[a-z]+)-/.exec(file)?.groups?.router);
    expect(new Set(routers)).toEqual(new Set(['frr', 'bird', 'gobgp', 'exabgp']));
    expect(new Set(rows.map(({ bytes, received }) => decodeMessage(bytes, received).message?.type))).toEqual(
      new Set(['open', 'update', 'notification', 'keepalive', 'route-refresh']),
    );
  });

  test.each(rows)('$where is read, and written again as it was', ({ where, bytes, received, sent }) => {
    const { message, faults } = decodeMessage(bytes, received);
    const discarded = DISCARDED[where] ?? [];
    expect(faults).toMatchObject(discarded.map((attribute) => ({ treatment: 'attribute-discard', attribute })));
    if (message === undefined) throw new Error('nothing was read');
    const written = encodeMessage(message, sent);
    // FRR and ExaBGP put each capability into a parameter of its own, which means the same as one with all of them.
    if (message.type === 'open' || discarded.length > 0) expect(decodeMessage(written, received)).toEqual({ message, faults: [] });
    else expect(Buffer.from(written).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });
});
