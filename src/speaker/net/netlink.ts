import { endianness } from 'node:os';
import { type DecodeError, readMac, refused } from '../../lib/binary.ts';
import type { IpAddress } from '../../lib/ip.ts';
import { type Mac, ZERO_MAC } from '../../lib/mac.ts';
import { ok, type Result } from '../../lib/result.ts';
import type { Link, LinkAddress } from './link-monitor.ts';

/** What a message says, as far as it is of use here. */
export type NetlinkBody =
  | { readonly kind: 'link'; readonly link: Omit<Link, 'addresses'> }
  | { readonly kind: 'link-gone'; readonly index: number }
  | { readonly kind: 'address'; readonly index: number; readonly address: LinkAddress }
  | { readonly kind: 'address-gone'; readonly index: number; readonly address: LinkAddress }
  /** A dump has ended; `errno` is 0 or negative. */
  | { readonly kind: 'done'; readonly errno: number }
  /** A request was refused. */
  | { readonly kind: 'error'; readonly errno: number }
  | { readonly kind: 'other'; readonly type: number };

/** One message of rtnetlink (rtnetlink(7)); its numbers are in the machine's own order. */
export interface NetlinkMessage {
  /** Of the request that it answers; 0 for an event. */
  readonly sequence: number;
  /** The kernel changed what it was dumping: the dump has to be read again. */
  readonly interrupted: boolean;
  readonly body: NetlinkBody;
}

/** Groups of events to subscribe to: links, IPv4 addresses, IPv6 addresses (RTMGRP_*). */
export const LINK_EVENTS: number = 0x1 | 0x10 | 0x100;

const LITTLE_ENDIAN: boolean = endianness() === 'LE';
const ALIGNMENT = 4;

const MESSAGE_HEADER = 16;
const LINK_HEADER = 16;
const ADDRESS_HEADER = 8;
const ATTRIBUTE_HEADER = 4;

const TYPE = { error: 2, done: 3, newLink: 16, deleteLink: 17, getLink: 18, newAddress: 20, deleteAddress: 21, getAddress: 22 } as const;
const FLAG_INTERRUPTED = 0x10;
/** NLM_F_REQUEST | NLM_F_DUMP. */
const FLAGS_OF_DUMP = 0x301;

const LINK_ATTRIBUTE = { address: 1, name: 3, master: 10 } as const;
const ADDRESS_ATTRIBUTE = { address: 1, local: 2 } as const;
/** IFF_* of netdevice(7). */
const LINK_FLAG = { up: 0x1, broadcast: 0x2, noArp: 0x80, lowerUp: 0x1_0000 } as const;

/** Messages about a link itself; those of a bridge about its ports, and of IPv6, carry another family and mean less. */
const FAMILY_UNSPECIFIED = 0;
const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 10;

/** A request to name all links or all addresses. The answer is a series of messages of this `sequence` that ends with `done`. */
export function encodeDumpRequest(what: 'links' | 'addresses', sequence: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(MESSAGE_HEADER + LINK_HEADER));
  view.setUint32(0, view.byteLength, LITTLE_ENDIAN);
  view.setUint16(4, what === 'links' ? TYPE.getLink : TYPE.getAddress, LITTLE_ENDIAN);
  view.setUint16(6, FLAGS_OF_DUMP, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  return new Uint8Array(view.buffer);
}

/** Reads the messages of one datagram. Lengths are checked before anything is read; offsets count from its beginning. */
export function decodeNetlink(datagram: Uint8Array): Result<readonly NetlinkMessage[], DecodeError> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset + MESSAGE_HEADER <= view.byteLength; ) {
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    if (length < MESSAGE_HEADER || length > view.byteLength - offset) {
      return refused('message length', offset, length, `${MESSAGE_HEADER} to ${view.byteLength - offset}`);
    }
    const body = decodeBody(view, offset, offset + length);
    if (!body.ok) return body;
    const interrupted = (view.getUint16(offset + 6, LITTLE_ENDIAN) & FLAG_INTERRUPTED) !== 0;
    messages.push({ sequence: view.getUint32(offset + 8, LITTLE_ENDIAN), interrupted, body: body.value });
    offset += align(length);
  }
  return ok(messages);
}

function align(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function decodeBody(view: DataView, offset: number, end: number): Result<NetlinkBody, DecodeError> {
  const type = view.getUint16(offset + 4, LITTLE_ENDIAN);
  const start = offset + MESSAGE_HEADER;
  switch (type) {
    case TYPE.done:
    case TYPE.error: {
      if (end - start < 4) return refused('error', start, end - start, 'at least 4 octets');
      return ok({ kind: type === TYPE.done ? 'done' : 'error', errno: view.getInt32(start, LITTLE_ENDIAN) });
    }
    case TYPE.newLink:
    case TYPE.deleteLink:
      return decodeLink(view, start, end, type === TYPE.deleteLink);
    case TYPE.newAddress:
    case TYPE.deleteAddress:
      return decodeAddress(view, start, end, type === TYPE.deleteAddress);
    default:
      return ok({ kind: 'other', type });
  }
}

function decodeLink(view: DataView, start: number, end: number, gone: boolean): Result<NetlinkBody, DecodeError> {
  if (end - start < LINK_HEADER) return refused('link', start, end - start, `at least ${LINK_HEADER} octets`);
  if (view.getUint8(start) !== FAMILY_UNSPECIFIED) return ok({ kind: 'other', type: TYPE.newLink });
  const index = view.getInt32(start + 4, LITTLE_ENDIAN);
  if (gone) return ok({ kind: 'link-gone', index });
  const attributes = decodeAttributes(view, start + LINK_HEADER, end);
  if (!attributes.ok) return attributes;
  const flags = view.getUint32(start + 8, LITTLE_ENDIAN);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const link = {
    index,
    name: textOf(attributes.value.get(LINK_ATTRIBUTE.name)),
    mac: macOf(attributes.value.get(LINK_ATTRIBUTE.address)),
    up: has(LINK_FLAG.up),
    carrier: has(LINK_FLAG.lowerUp),
    broadcast: has(LINK_FLAG.broadcast),
    noArp: has(LINK_FLAG.noArp),
    enslaved: attributes.value.has(LINK_ATTRIBUTE.master),
  };
  return ok({ kind: 'link', link });
}

function decodeAddress(view: DataView, start: number, end: number, gone: boolean): Result<NetlinkBody, DecodeError> {
  if (end - start < ADDRESS_HEADER) return refused('address', start, end - start, `at least ${ADDRESS_HEADER} octets`);
  const attributes = decodeAttributes(view, start + ADDRESS_HEADER, end);
  if (!attributes.ok) return attributes;
  // On a link with a peer `address` is the peer's and `local` is ours; elsewhere only IPv4 has both, and they are equal.
  const octets = attributes.value.get(ADDRESS_ATTRIBUTE.local) ?? attributes.value.get(ADDRESS_ATTRIBUTE.address);
  const address = octets === undefined ? undefined : addressOf(view.getUint8(start), octets);
  if (address === undefined) return ok({ kind: 'other', type: TYPE.newAddress });
  const index = view.getUint32(start + 4, LITTLE_ENDIAN);
  return ok({ kind: gone ? 'address-gone' : 'address', index, address: { address, prefixLength: view.getUint8(start + 1) } });
}

function decodeAttributes(view: DataView, start: number, end: number): Result<ReadonlyMap<number, DataView>, DecodeError> {
  const attributes = new Map<number, DataView>();
  for (let offset = start; offset + ATTRIBUTE_HEADER <= end; ) {
    const length = view.getUint16(offset, LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER || length > end - offset) {
      return refused('attribute length', offset, length, `${ATTRIBUTE_HEADER} to ${end - offset}`);
    }
    const content = new DataView(view.buffer, view.byteOffset + offset + ATTRIBUTE_HEADER, length - ATTRIBUTE_HEADER);
    attributes.set(view.getUint16(offset + 2, LITTLE_ENDIAN), content);
    offset += align(length);
  }
  return ok(attributes);
}

function textOf(content: DataView | undefined): string {
  let text = '';
  for (let offset = 0; content !== undefined && offset < content.byteLength; offset++) {
    const octet = content.getUint8(offset);
    if (octet === 0) break;
    text += String.fromCharCode(octet);
  }
  return text;
}

function macOf(content: DataView | undefined): Mac {
  return content?.byteLength === 6 ? readMac(content, 0) : ZERO_MAC;
}

function addressOf(family: number, content: DataView): IpAddress | undefined {
  if (family === FAMILY_IPV4 && content.byteLength === 4) return { family: 'IPv4', value: BigInt(content.getUint32(0)) };
  if (family !== FAMILY_IPV6 || content.byteLength !== 16) return undefined;
  return { family: 'IPv6', value: (content.getBigUint64(0) << 64n) | content.getBigUint64(8) };
}
