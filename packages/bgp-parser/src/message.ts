import { type Context, MAXIMUM_LENGTH } from './context.ts';
import { ERROR_CODE, HEADER_ERROR } from './error-code.ts';
import type { Fault } from './fault.ts';
import {
  beginMessage,
  finishMessage,
  HEADER_OCTETS,
  headerFault,
  LENGTH_OFFSET,
  lengthFault,
  MESSAGE_TYPE,
  TYPE_OFFSET,
} from './header.ts';
import { decodeNotification, encodeNotification, type Notification } from './notification.ts';
import { viewOf } from './octets.ts';
import { decodeOpen, encodeOpen, type Open } from './open/open.ts';
import { Refusal, resetFor } from './refusal.ts';
import { decodeRouteRefresh, encodeRouteRefresh, type RouteRefresh } from './route-refresh.ts';
import { decodeUpdate, encodeUpdate, type Update } from './update/update.ts';
import { Writer } from './writer.ts';

/** Says nothing but that its sender is there (RFC 4271, Section 4.4). */
export interface Keepalive {
  readonly type: 'keepalive';
}

/** One message of BGP; `type` tells them apart. */
export type Message = Open | Update | Notification | Keepalive | RouteRefresh;

/** What octets mean, and what is wrong with them. */
export interface Decoded {
  /** Undefined only where the header does not let it be read; `faults` then says so with a `session-reset`. */
  readonly message: Message | undefined;
  /** In the order in which they were found; none for a message that is as it should be. */
  readonly faults: readonly Fault[];
}

/**
 * Reads one whole message, as a {@link Framer} cuts it out. Never throws, whatever the octets are, and what it returns
 * shares no memory with them.
 *
 * The message holds what is good in it: attributes that a fault is about are left out. What to do is in the faults
 * (RFC 4271, Section 6; RFC 7606); {@link strongestTreatment} gives the sum of them.
 */
export function decodeMessage(bytes: Uint8Array, context: Context): Decoded {
  const view = viewOf(bytes);
  const fault = framingFault(view, context.maximumReceivedLength);
  if (fault !== undefined) return { message: undefined, faults: [fault] };
  const faults: Fault[] = [];
  return { message: decodeBody(view, context, faults), faults };
}

function framingFault(view: DataView, most: number): Fault | undefined {
  if (view.byteLength < HEADER_OCTETS) {
    return resetFor(
      new Refusal(0, `message has ${view.byteLength} octets, must have at least ${HEADER_OCTETS}`),
      ERROR_CODE.messageHeader,
      HEADER_ERROR.badMessageLength,
    );
  }
  const fault = headerFault(view, 0, most);
  if (fault !== undefined) return fault;
  const length = view.getUint16(LENGTH_OFFSET);
  return length === view.byteLength ? undefined : lengthFault(view, 0, `message length is ${length}, must be ${view.byteLength}`);
}

/** Reads what is behind a header that was checked, so that the type is one of the five. */
function decodeBody(view: DataView, context: Context, faults: Fault[]): Message {
  switch (view.getUint8(TYPE_OFFSET)) {
    case MESSAGE_TYPE.open:
      return decodeOpen(view, faults);
    case MESSAGE_TYPE.update:
      return decodeUpdate(view, context, faults);
    case MESSAGE_TYPE.notification:
      return decodeNotification(view);
    case MESSAGE_TYPE['route-refresh']:
      return decodeRouteRefresh(view, faults);
    default:
      return { type: 'keepalive' };
  }
}

/**
 * Writes a message as it goes over the wire. What {@link decodeMessage} reads from it, in the context of the other side,
 * is the message again.
 *
 * Throws an {@link EncodeError} for what has no form on the wire: a number out of its range, or more than fits
 * into `context.maximumSentLength` ({@link packUpdates} makes as many messages as it takes).
 */
export function encodeMessage(message: Message, context: Context): Uint8Array {
  const short = message.type === 'open' || message.type === 'keepalive';
  const writer = new Writer(short ? MAXIMUM_LENGTH : context.maximumSentLength);
  beginMessage(writer, MESSAGE_TYPE[message.type]);
  encodeBody(writer, message, context);
  return finishMessage(writer);
}

function encodeBody(writer: Writer, message: Message, context: Context): void {
  switch (message.type) {
    case 'open':
      encodeOpen(writer, message);
      break;
    case 'update':
      encodeUpdate(writer, message, context);
      break;
    case 'notification':
      encodeNotification(writer, message);
      break;
    case 'route-refresh':
      encodeRouteRefresh(writer, message);
      break;
    case 'keepalive':
      break;
  }
}
