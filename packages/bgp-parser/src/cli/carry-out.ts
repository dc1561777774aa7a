import { EncodeError } from '../encode-error.ts';
import { sessionReset } from '../fault.ts';
import { decodedToJson, messageFromJson } from '../json/message-json.ts';
import { decodeMessage, encodeMessage } from '../message.ts';
import { err, ok, type Result } from '../result.ts';
import type { Order } from './order.ts';
import { prettyText } from './pretty-text.ts';

/** What comes of one message. */
export interface Outcome {
  /** For standard output; absent when there is nothing to print there. */
  readonly printed?: string;
  /** For standard error, one sentence; absent when all is well. */
  readonly complaint?: string;
  /** 1 for a message whose faults end the session, 2 for what is no message. */
  readonly exitCode: 0 | 1 | 2;
}

/** What stands between octets when people write them. */
const BETWEEN_OCTETS = /[\s:]/g;
const HEXADECIMAL = /^(?:[0-9a-f]{2})+$/i;

/** Carries out an order on one message, which is the text of `input` or of one of its lines. */
export function carryOut(order: Order, text: string): Outcome {
  return order.verb === 'decode' ? decode(order, text) : encode(order, text);
}

/** Whether a line of many is one to pass over: the recordings of this package have such. */
export function isPassedOver(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

function decode({ context, pretty }: Order, text: string): Outcome {
  const digits = text.replace(BETWEEN_OCTETS, '');
  if (!HEXADECIMAL.test(digits)) return { exitCode: 2, complaint: `not octets in hexadecimal: ${excerpt(text)}` };
  const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
  const decoded = decodeMessage(bytes, context);
  const json = decodedToJson(decoded);
  const exitCode = sessionReset(decoded.faults) === undefined ? 0 : 1;
  return { printed: pretty ? prettyText(json) : JSON.stringify(json), exitCode };
}

function encode({ context }: Order, text: string): Outcome {
  const json = parseJson(text);
  if (!json.ok) return { exitCode: 2, complaint: json.error };
  const message = messageFromJson(json.value);
  if (!message.ok) return { exitCode: 2, complaint: message.error.join('; ') };
  try {
    const octets = encodeMessage(message.value, context);
    return { printed: Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(''), exitCode: 0 };
  } catch (cause) {
    if (!(cause instanceof EncodeError)) throw cause;
    return { exitCode: 2, complaint: cause.message };
  }
}

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err(`not JSON: ${excerpt(text)}`);
  }
}

/** Enough to find it by. */
const EXCERPT_CHARACTERS = 40;

function excerpt(text: string): string {
  return JSON.stringify(text.length > EXCERPT_CHARACTERS ? `${text.slice(0, EXCERPT_CHARACTERS)}…` : text);
}
