import { ADDRESS_OCTETS, type IpAddress } from '../address.ts';
import { IPV4_UNICAST, IPV6_UNICAST, includesFamily, type UnicastFamily } from '../address-family.ts';
import type { Context } from '../context.ts';
import { EncodeError } from '../encode-error.ts';
import { encodeMessage } from '../message.ts';
import { Writer } from '../writer.ts';
import type { PathAttribute } from './attribute.ts';
import { encodeAttribute, pathAttribute } from './attributes.ts';
import { addressFamilyOf } from './multiprotocol.ts';
import { type Nlri, nlriOctets } from './nlri.ts';
import { withTwoOctetAsns } from './two-octet-path.ts';
import { UPDATE_LEAST_OCTETS, type Update } from './update.ts';

/** Routes that have all attributes in common. */
export interface RouteGroup {
  /** All but NEXT_HOP, MP_REACH_NLRI, AS4_PATH and AS4_AGGREGATOR: packing makes those that the peer needs. */
  readonly attributes: readonly PathAttribute[];
  /** One address; or a global and a link-local one of IPv6 (RFC 2545, Section 3). Before routes of IPv4 those of IPv6 need RFC 8950. */
  readonly nextHops: readonly IpAddress[];
  /** Of IPv4 and of IPv6, in the order in which they are to be sent. */
  readonly nlri: readonly Nlri[];
}

/** Messages ready to be sent, in this order. */
export interface PackedUpdates {
  readonly messages: readonly Uint8Array[];
  /** Groups whose attributes leave no room for a route: nothing of them is in the messages (RFC 4271, Section 9.2). */
  readonly tooLong: readonly RouteGroup[];
}

/** How routes of one family lie in a message, some of them at a time. */
interface Layout {
  readonly addPath: boolean;
  /** Octets of the message without routes. */
  readonly octets: number;
  readonly updateOf: (nlri: readonly Nlri[]) => Update;
}

/** Flags, code and long length of an attribute. */
const LONG_ATTRIBUTE_OCTETS = 4;
/** More than any attributes have that fit into a message. */
const MEASURE_LIMIT = 2 ** 24;
const FAMILY_OCTETS = 3;
/** The length of the next hop, and the octet behind it that means nothing. */
const AROUND_NEXT_HOP_OCTETS = 2;
/** IPv4 before IPv6. */
const UNICAST: readonly UnicastFamily[] = [IPV4_UNICAST, IPV6_UNICAST];
/** Follows from routes, next hops and the peer. */
const MADE_HERE: readonly PathAttribute['name'][] = ['next-hop', 'mp-reach-nlri', 'mp-unreach-nlri', 'as4-path', 'as4-aggregator'];
const NOTHING: Update = { type: 'update', withdrawn: [], attributes: [], nlri: [] };

/**
 * Puts routes into as few messages as their groups allow, each as full as `context` lets it be and never longer.
 * Withdrawals come first: a route that is withdrawn and announced is announced in the end. A message either withdraws or
 * announces, and only one family (RFC 7606, Section 5.1).
 */
export function packUpdates(groups: readonly RouteGroup[], withdrawals: readonly Nlri[], context: Context): PackedUpdates {
  const messages: Uint8Array[] = [];
  const tooLong: RouteGroup[] = [];
  for (const family of UNICAST) pack(withdrawalLayout(family, context), routesOf(withdrawals, family), context, messages);
  for (const group of groups) {
    const announced: Uint8Array[] = [];
    const fits = UNICAST.every((family) => {
      const nlri = routesOf(group.nlri, family);
      return nlri.length === 0 || pack(announcementLayout(group, family, context), nlri, context, announced);
    });
    if (fits) for (const message of announced) messages.push(message);
    else tooLong.push(group);
  }
  return { messages, tooLong };
}

function routesOf(nlri: readonly Nlri[], family: UnicastFamily): readonly Nlri[] {
  return nlri.filter(({ address }) => address.family === addressFamilyOf(family));
}

/** Adds the messages that hold all of `nlri`; false when not even one route fits into one. */
function pack(layout: Layout, nlri: readonly Nlri[], context: Context, messages: Uint8Array[]): boolean {
  let start = 0;
  while (start < nlri.length) {
    const end = start + countThatFit(nlri, start, context.maximumSentLength - layout.octets, layout.addPath);
    if (end === start) return false;
    messages.push(encodeMessage(layout.updateOf(nlri.slice(start, end)), context));
    start = end;
  }
  return true;
}

function countThatFit(nlri: readonly Nlri[], start: number, octets: number, addPath: boolean): number {
  let room = octets;
  let end = start;
  for (let next = nlri[end]; next !== undefined; next = nlri[end]) {
    room -= nlriOctets(next, addPath);
    if (room < 0) break;
    end++;
  }
  return end - start;
}

/**
 * Routes of IPv4 are withdrawn where they are announced: in MP_UNREACH_NLRI once the two ends agreed that their next hops
 * may be of IPv6 (RFC 8950), in the field of their own otherwise.
 */
function withdrawalLayout(family: UnicastFamily, context: Context): Layout {
  const addPath = includesFamily(context.addPathSent, family);
  if (addressFamilyOf(family) === 'IPv4' && !includesFamily(context.extendedNextHop, family)) {
    return { addPath, octets: UPDATE_LEAST_OCTETS, updateOf: (withdrawn) => ({ ...NOTHING, withdrawn }) };
  }
  return {
    addPath,
    octets: UPDATE_LEAST_OCTETS + LONG_ATTRIBUTE_OCTETS + FAMILY_OCTETS,
    updateOf: (nlri) => ({ ...NOTHING, attributes: [pathAttribute('mp-unreach-nlri', { ...family, nlri })] }),
  };
}

function announcementLayout(group: RouteGroup, family: UnicastFamily, context: Context): Layout {
  const made = group.attributes.find(({ name }) => MADE_HERE.includes(name));
  if (made !== undefined) throw new EncodeError(`${made.name} is made by packing, and must not be given`);
  const own = context.fourOctetAsn ? group.attributes : withTwoOctetAsns(group.attributes);
  const addPath = includesFamily(context.addPathSent, family);
  const [nextHop] = group.nextHops;
  if (addressFamilyOf(family) === 'IPv4' && nextHop?.family === 'IPv4') {
    const attributes = inOrder([...own, pathAttribute('next-hop', nextHop)]);
    const octets = UPDATE_LEAST_OCTETS + octetsOf(attributes, context);
    return { addPath, octets, updateOf: (nlri) => ({ ...NOTHING, attributes, nlri }) };
  }
  if (addressFamilyOf(family) === 'IPv4' && !includesFamily(context.extendedNextHop, family)) {
    throw new EncodeError('routes of IPv4 have a next hop of IPv6 only where the two ends agreed on it');
  }
  const attributes = inOrder(own);
  const nextHopOctets = group.nextHops.length * ADDRESS_OCTETS.IPv6;
  const reachOctets = LONG_ATTRIBUTE_OCTETS + FAMILY_OCTETS + AROUND_NEXT_HOP_OCTETS + nextHopOctets;
  const { nextHops } = group;
  return {
    addPath,
    octets: UPDATE_LEAST_OCTETS + reachOctets + octetsOf(attributes, context),
    // It comes first, so that the routes are known whatever is wrong behind them (RFC 7606, Section 5.1).
    updateOf: (nlri) => ({ ...NOTHING, attributes: [pathAttribute('mp-reach-nlri', { ...family, nextHops, nlri }), ...attributes] }),
  };
}

/** Ascending by type code, as receivers like it (RFC 4271, Section 5). */
function inOrder(attributes: readonly PathAttribute[]): readonly PathAttribute[] {
  return attributes.toSorted((left, right) => left.code - right.code);
}

function octetsOf(attributes: readonly PathAttribute[], context: Context): number {
  const writer = new Writer(MEASURE_LIMIT);
  for (const attribute of attributes) encodeAttribute(writer, attribute, context);
  return writer.length;
}
