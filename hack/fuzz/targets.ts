import { isDeepStrictEqual } from 'node:util';
import {
  type Context,
  decodedToJson,
  decodeMessage,
  EncodeError,
  encodeMessage,
  Framer,
  INITIAL_CONTEXT,
  IPV4_UNICAST,
  IPV6_UNICAST,
  MAXIMUM_EXTENDED_LENGTH,
  type Message,
  messageFromJson,
  messageToJson,
  negotiate,
  strongestTreatment,
} from '../../packages/bgp-parser/src/bgp-parser.ts';
import type { Random } from './random.ts';
import { recordedMessages } from './recorded-messages.ts';
import type { Target } from './target.ts';

const HEADER_OCTETS = 19;
const LENGTH_OFFSET = 16;
const TYPE_OFFSET = 18;
const TYPES = { open: 1, update: 2, notification: 3, 'route-refresh': 5 } as const;

/** One time in so many the header stays as it came out. */
const UNREPAIRED = 12;

const FAMILIES = [IPV4_UNICAST, IPV6_UNICAST];
const MODERN: Context = {
  ...INITIAL_CONTEXT,
  fourOctetAsn: true,
  maximumReceivedLength: MAXIMUM_EXTENDED_LENGTH,
  maximumSentLength: MAXIMUM_EXTENDED_LENGTH,
  extendedNextHop: FAMILIES,
};
/** Everything that changes how octets are read. */
const CONTEXTS: readonly Context[] = [
  INITIAL_CONTEXT,
  { ...MODERN, internal: true },
  { ...MODERN, internal: false, addPathReceived: FAMILIES, addPathSent: FAMILIES },
];

const recorded = recordedMessages();

/** Something that a promise of the codec forbids. */
class BrokenPromise extends Error {}

function check(holds: boolean, promise: string): void {
  if (!holds) throw new BrokenPromise(promise);
}

/** What is decoded has at most so many values for each octet, and so many besides. */
const VALUES_PER_OCTET = 8;
const VALUES_BESIDE = 64;

/** What a message means is the same after it was written and read once more, and so is its JSON. */
function checkMessage(input: Uint8Array, context: Context): void {
  const before = input.slice();
  const { message, faults } = decodeMessage(input, context);
  check(isDeepStrictEqual(input, before), 'the input is not changed');
  check(valuesOf({ message, faults }) <= input.length * VALUES_PER_OCTET + VALUES_BESIDE, 'memory is a small multiple of the input');
  for (const { offset } of faults) check(offset >= 0 && offset <= input.length, 'faults are inside of the message');
  check(message !== undefined || strongestTreatment(faults) === 'session-reset', 'no message is a session-reset');
  const json: unknown = JSON.parse(JSON.stringify(decodedToJson({ message, faults })));
  if (message !== undefined && strongestTreatment(faults) !== 'session-reset') checkMirrors(message, json, context, faults.length === 0);
}

function checkMirrors(message: Message, json: unknown, context: Context, faultless: boolean): void {
  const read = messageFromJson(json);
  check(read.ok && isDeepStrictEqual(read.value, message), 'JSON says all of a message');
  const written = encoded(message, context);
  if (written === undefined) {
    check(!faultless, 'what is faultless can be written');
    return;
  }
  const again = decodeMessage(written, context);
  check(isDeepStrictEqual(again.message, message), 'what was written is read as the same');
  check(!faultless || again.faults.length === 0, 'what was faultless stays so');
  check(isDeepStrictEqual(encoded(message, context), written), 'writing is the same each time');
}

/** Undefined for what has no form, which only {@link EncodeError} may say. */
function encoded(message: Message, context: Context): Uint8Array | undefined {
  try {
    return encodeMessage(message, context);
  } catch (cause) {
    if (cause instanceof EncodeError) return undefined;
    throw cause;
  }
}

/** How many values an object consists of; an array of octets counts by eights, as what it takes does. */
function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return 1 + value.length / 8;
  return Object.values(value).reduce((sum: number, member) => sum + valuesOf(member), 1);
}

function messageTarget(name: keyof typeof TYPES): Target {
  return {
    name,
    seeds: recorded.filter((message) => message[TYPE_OFFSET] === TYPES[name]),
    repair: (input, random) => withHeader(input, TYPES[name], random),
    run: (input) => {
      for (const context of CONTEXTS) checkMessage(input, context);
      if (name === 'open') checkNegotiation(input);
    },
  };
}

/** Two OPENs of any content agree on something, and both ends on the same. */
function checkNegotiation(input: Uint8Array): void {
  const { message } = decodeMessage(input, INITIAL_CONTEXT);
  const [first] = recorded;
  const ours = first === undefined ? undefined : decodeMessage(first, INITIAL_CONTEXT).message;
  if (message?.type !== 'open' || ours?.type !== 'open') return;
  const [here, there] = [negotiate(ours, message), negotiate(message, ours)];
  check(here.fourOctetAsn === there.fourOctetAsn && here.maximumSentLength === there.maximumReceivedLength, 'both ends agree on the same');
  check(isDeepStrictEqual(here.addPathReceived.toSorted(byFamily), there.addPathSent.toSorted(byFamily)), 'both ends agree on add-path');
}

function byFamily(left: { readonly afi: number; readonly safi: number }, right: { readonly afi: number; readonly safi: number }): number {
  return left.afi - right.afi || left.safi - right.safi;
}

/** Sets marker, length and type right, or leaves it to chance. */
function withHeader(input: Uint8Array, type: number, random: Random): Uint8Array {
  if (random.below(UNREPAIRED) === 0) return input;
  const message = new Uint8Array(Math.max(input.length, HEADER_OCTETS));
  message.set(input);
  message.fill(0xff, 0, LENGTH_OFFSET);
  new DataView(message.buffer).setUint16(LENGTH_OFFSET, message.length);
  message[TYPE_OFFSET] = type;
  return message;
}

/** Cutting a stream gives the same messages however it comes in; the first octet of the input says how. */
const framer: Target = {
  name: 'framer',
  seeds: [recorded.slice(0, 6), recorded.slice(6, 9)].map((messages) => Buffer.concat([Uint8Array.of(7), ...messages])),
  repair: (input) => input,
  run: (input) => {
    const [piece = 1, ...rest] = input;
    const stream = Uint8Array.from(rest);
    check(
      isDeepStrictEqual(cutIn(stream, Math.max(piece, 1)), cutIn(stream, Math.max(stream.length, 1))),
      'messages do not depend on how they come',
    );
  },
};

function cutIn(stream: Uint8Array, octets: number): readonly unknown[] {
  const cutter = new Framer();
  const found: unknown[] = [];
  for (let at = 0; at < stream.length; at += octets) {
    cutter.push(stream.subarray(at, at + octets));
    for (let next = cutter.next(); next !== undefined; next = cutter.next()) {
      found.push(structuredClone(next));
      if ('ok' in next && next.ok === false) return found;
    }
  }
  return found;
}

/** JSON of any form is refused with reasons, or is a message that can be told again; the text is what counts, so it is repaired as such. */
const json: Target = {
  name: 'json',
  seeds: recorded.map((message) => new TextEncoder().encode(JSON.stringify(jsonOf(message)))),
  repair: (input) => input,
  run: (input) => {
    const value = parsed(new TextDecoder().decode(input));
    if (value === undefined) return;
    const read = messageFromJson(value);
    if (!read.ok) {
      check(read.error.length > 0 && read.error.length <= input.length + 16, 'a refusal has reasons, and not more than there are values');
      return;
    }
    const again = messageFromJson(JSON.parse(JSON.stringify(messageToJson(read.value))));
    check(again.ok && isDeepStrictEqual(again.value, read.value), 'a message is told as it was read');
    for (const context of CONTEXTS) encoded(read.value, context);
  },
};

function jsonOf(message: Uint8Array): unknown {
  return decodedToJson(decodeMessage(message, MODERN));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // most variations are none
  }
}

/** All that is fuzzed. */
export const TARGETS: readonly Target[] = [...(Object.keys(TYPES) as (keyof typeof TYPES)[]).map(messageTarget), framer, json];
