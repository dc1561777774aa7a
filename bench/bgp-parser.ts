// The BGP codec: a full-size UPDATE both ways, packing, a stream as routers sent it, the worst octets there are.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Context,
  decodeMessage,
  encodeMessage,
  Framer,
  INITIAL_CONTEXT,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type IpAddress,
  type Nlri,
  negotiate,
  type Open,
  packUpdates,
  parseAddress,
  pathAttribute,
  type RouteGroup,
} from '../packages/bgp-parser/src/bgp-parser.ts';
import { distributionOf, print } from './samples.ts';

const CONTEXT: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const RECORDINGS = fileURLToPath(new URL('../packages/bgp-parser/recordings', import.meta.url));
const PREFIXES = 10_000;
const ROUNDS = 2_000;
const WARM_UP = 500;
const STREAM_MILLISECONDS = 2_000;
const FULL = 4_096;
const MICROSECONDS = 1_000;
const KEPT = 50;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

updates();
packing();
worst();
streams();

/** One UPDATE as long as they get, of each family, read and written. */
function updates(): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const [bytes = new Uint8Array()] = packUpdates([groupOf(family, PREFIXES)], [], CONTEXT).messages;
    const { message } = decodeMessage(bytes, CONTEXT);
    if (message === undefined) throw new Error('the UPDATE that was packed cannot be read');
    const figures = { family, octets: bytes.length, unit: 'us' };
    print('bgp-decode', { ...figures, ...timed(() => decodeMessage(bytes, CONTEXT)) });
    print('bgp-encode', { ...figures, ...timed(() => encodeMessage(message, CONTEXT)) });
  }
}

/** 10,000 hosts in one go. */
function packing(): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const group = groupOf(family, PREFIXES);
    const { messages } = packUpdates([group], [], CONTEXT);
    const longest = Math.max(...messages.map(({ length }) => length));
    const milliseconds = distributionOf(
      samples(ROUNDS / 10, () => packUpdates([group], [], CONTEXT)).map((sample) => sample / MICROSECONDS),
    );
    print('bgp-pack', { family, prefixes: PREFIXES, messages: messages.length, longest, unit: 'ms', ...milliseconds });
  }
}

/** Full messages that cost the most for their octets, in time and in memory that is kept. */
function worst(): void {
  const addPath = { ...CONTEXT, addPathReceived: [IPV4_UNICAST, IPV6_UNICAST] };
  const rows: readonly { readonly what: string; readonly bytes: Uint8Array; readonly context?: Context }[] = [
    { what: 'default routes of IPv4', bytes: updateOf(new Uint8Array(FULL - 23), 0) },
    { what: 'routes of IPv4 with one bit', bytes: updateOf(filled([1, 0x80], FULL - 23), 0) },
    { what: 'routes of IPv6 with one bit', bytes: updateOf(reach(filled([1, 0x80], FULL - 51)), 1) },
    { what: 'routes of IPv6 with 65 bits', bytes: updateOf(reach(filled([65, 0x20, 1, 0, 0, 0, 0, 0, 0, 0x80], FULL - 56)), 1) },
    { what: 'paths to default routes', bytes: updateOf(new Uint8Array(FULL - 26), 0), context: addPath },
    { what: 'AS_PATH of segments with one number', bytes: updateOf(longAttribute(0x40, 2, filled([2, 1, 0, 0, 0xfc, 0], FULL - 27)), 1) },
    { what: 'attributes that repeat', bytes: updateOf(filled([0xc0, 0x63, 0], FULL - 23), 1) },
    { what: 'attributes that should be known', bytes: updateOf(unknownAttributes(), 1) },
    { what: 'capabilities without a value', bytes: openWith(filled([0x80, 0], FULL - 35)) },
  ];
  for (const { what, bytes, context = CONTEXT } of rows) {
    const { faults } = decodeMessage(bytes, context);
    const figures = { what, octets: bytes.length, faults: faults.length, 'octets kept': keptOctets(bytes, context), unit: 'us' };
    print('bgp-worst', { ...figures, ...timed(() => decodeMessage(bytes, context)) });
  }
}

/** Octets of the heap that what was decoded takes, as long as somebody holds it. */
function keptOctets(bytes: Uint8Array, context: Context): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: KEPT }, () => decodeMessage(bytes, context));
  collectGarbage();
  return Math.round((process.memoryUsage().heapUsed - before) / kept.length);
}

/** One recorded session: what a router sent, and the context in which it did. */
interface Recording {
  readonly stream: Uint8Array;
  readonly context: Context;
}

/** What routers sent, as often as goes into two seconds: cut into messages, and read. */
function streams(): void {
  const files = globSync('*.txt', { cwd: RECORDINGS }).toSorted();
  for (const [router, own] of Map.groupBy(files, (file) => file.split('-', 1).join())) {
    const recordings = own.map((file) => recordingOf(readFileSync(`${RECORDINGS}/${file}`, 'utf8')));
    const start = performance.now();
    let [messages, octets] = [0, 0];
    while (performance.now() - start < STREAM_MILLISECONDS) {
      for (const recording of recordings) {
        messages += readStream(recording);
        octets += recording.stream.length;
      }
    }
    const seconds = (performance.now() - start) / 1_000;
    const rates = { rate: messages / seconds, mebibytes: octets / seconds / 2 ** 20, 'octets per message': octets / messages };
    print('bgp-stream', { router, sessions: recordings.length, unit: 'messages per second', ...rates });
  }
}

/** A file of recordings: the OPEN that was sent to the router stands in a remark, the router's own comes first. */
function recordingOf(text: string): Recording {
  const lines = text.split('\n').filter((line) => /^[0-9a-f]+$/.test(line));
  const ours = openOf(/^# recorder's open: ([0-9a-f]+)$/m.exec(text)?.[1]);
  const theirs = openOf(lines[0]);
  const context = ours === undefined || theirs === undefined ? CONTEXT : negotiate(ours, theirs);
  return { stream: Buffer.concat(lines.map((line) => Buffer.from(line, 'hex'))), context };
}

function openOf(hexadecimal: string | undefined): Open | undefined {
  const { message } = decodeMessage(Buffer.from(hexadecimal ?? '', 'hex'), INITIAL_CONTEXT);
  return message?.type === 'open' ? message : undefined;
}

function readStream({ stream, context }: Recording): number {
  const framer = new Framer(context.maximumReceivedLength);
  framer.push(stream);
  let count = 0;
  for (let next = framer.next(); next?.ok; next = framer.next()) {
    decodeMessage(next.value, context);
    count++;
  }
  return count;
}

function groupOf(family: 'ipv4' | 'ipv6', count: number): RouteGroup {
  const first = family === 'ipv4' ? address('10.0.0.0') : address('fd00::');
  const nlri = Array.from(
    { length: count },
    (_, index): Nlri => ({
      address: { family: first.family, value: first.value + BigInt(index) },
      length: family === 'ipv4' ? 32 : 128,
    }),
  );
  const attributes = [
    pathAttribute('origin', 'igp'),
    pathAttribute('as-path', [{ type: 'sequence', asns: [64_512] }]),
    pathAttribute('communities', [0xfc00_0064]),
  ];
  return { attributes, nextHops: [family === 'ipv4' ? address('10.0.0.1') : address('fd00::1')], nlri };
}

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function timed(run: () => unknown): ReturnType<typeof distributionOf> {
  return distributionOf(samples(ROUNDS, run));
}

/** Microseconds of each run, once the code is warm. */
function samples(rounds: number, run: () => unknown): number[] {
  for (let round = 0; round < WARM_UP; round++) run();
  return Array.from({ length: rounds }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) * MICROSECONDS;
  });
}

/** An UPDATE with `part` as its withdrawn routes (0) or its attributes (1). */
function updateOf(part: Uint8Array, position: 0 | 1): Uint8Array {
  const body = new Uint8Array(4 + part.length);
  new DataView(body.buffer).setUint16(2 * position, part.length);
  body.set(part, 2 + 2 * position);
  return messageOf(2, body);
}

function messageOf(type: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(19 + body.length).fill(0xff, 0, 16);
  new DataView(message.buffer).setUint16(16, message.length);
  message[18] = type;
  message.set(body, 19);
  return message;
}

/** As many octets of a pattern as fit whole into `most`. */
function filled(pattern: readonly number[], most: number): Uint8Array {
  return Uint8Array.from({ length: most - (most % pattern.length) }, (_, at) => pattern[at % pattern.length] ?? 0);
}

/** An attribute with a length of two octets. */
function longAttribute(flags: number, code: number, value: Uint8Array): Uint8Array {
  return Uint8Array.of(flags | 0x10, code, value.length >> 8, value.length & 0xff, ...value);
}

/** MP_REACH_NLRI for IPv6 with these routes. */
function reach(nlri: Uint8Array): Uint8Array {
  const value = new Uint8Array(21 + nlri.length);
  value.set([0, 2, 1, 16]);
  value.set(nlri, 21);
  return longAttribute(0x80, 14, value);
}

/** Codes that nobody knows, each flagged as well-known: each is a fault that carries it. */
function unknownAttributes(): Uint8Array {
  return Uint8Array.from(Array.from({ length: 200 }, (_, index) => [0x40, 40 + index, 17, ...new Uint8Array(17)]).flat());
}

/** An OPEN with these capabilities in one parameter of extended length. */
function openWith(capabilities: Uint8Array): Uint8Array {
  const { length } = capabilities;
  const head = [4, 0xfc, 0, 0, 90, 10, 0, 0, 1, 255, 255, (length + 3) >> 8, (length + 3) & 0xff, 2, length >> 8, length & 0xff];
  return messageOf(1, Uint8Array.of(...head, ...capabilities));
}
