import { type Micros, milliseconds } from '../../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, isStation, type Mac, ZERO_MAC } from '../../../lib/mac.ts';
import { ARP_REPLY, ARP_REQUEST, type ArpFrame } from '../../wire/arp.ts';
import { type AddressTable, announcedOn, type HeldAddress } from './address-table.ts';
import type { Asker, RecentAsker } from './recent-askers.ts';

/** The link that a frame came in on, as it is now. */
export interface LinkIdentity {
  readonly name: string;
  readonly mac: Mac;
}

/** Why a frame gets no answer. */
export type ArpRefusal =
  /** A reply, or an operation that is not ours. */
  | 'not-a-request'
  /** Sent to another station and seen by accident, for instance while a switch floods. */
  | 'not-for-this-link'
  /** The sender and the target are one address: somebody announces, nobody asks (RFC 5227, Section 3). */
  | 'gratuitous'
  /** The sender's MAC is no single station's: an answer would go to a group or to nobody. */
  | 'bad-sender'
  /** No Service of this node has the address. */
  | 'not-held'
  /** Some Service has it, but none that announces it on this link. */
  | 'not-on-this-link';

/** What becomes of one ARP frame. */
export type ArpVerdict =
  | { readonly kind: 'answer'; readonly held: HeldAddress<Ipv4>; readonly reply: ArpFrame }
  /** In the place of the node that has the address. */
  | { readonly kind: 'stand-in'; readonly reply: ArpFrame }
  | { readonly kind: 'refuse'; readonly refusal: ArpRefusal };

// Made once: a flood of refused frames must leave no garbage.
const NOT_A_REQUEST: ArpVerdict = { kind: 'refuse', refusal: 'not-a-request' };
const NOT_FOR_THIS_LINK: ArpVerdict = { kind: 'refuse', refusal: 'not-for-this-link' };
const GRATUITOUS: ArpVerdict = { kind: 'refuse', refusal: 'gratuitous' };
const BAD_SENDER: ArpVerdict = { kind: 'refuse', refusal: 'bad-sender' };
const NOT_HELD: ArpVerdict = { kind: 'refuse', refusal: 'not-held' };
const NOT_ON_THIS_LINK: ArpVerdict = { kind: 'refuse', refusal: 'not-on-this-link' };

/**
 * Decides what one ARP frame gets. A probe (sender 0.0.0.0) for a held address is answered: that is how its owner
 * defends it (RFC 5227, Section 2.1.1). The sender's address may lie in any subnet.
 *
 * What is not held here may be stood in for: the answer then names the MAC that `lent` has for it, in a frame of this
 * node's own, so that switches go on to send what is for that MAC where it is.
 */
export function decideArp(
  frame: ArpFrame,
  link: LinkIdentity,
  table: AddressTable<Ipv4>,
  lent: ReadonlyMap<Ipv4, Mac> = new Map(),
): ArpVerdict {
  if (frame.operation !== ARP_REQUEST) return NOT_A_REQUEST;
  if (frame.destination !== BROADCAST_MAC && frame.destination !== link.mac) return NOT_FOR_THIS_LINK;
  if (frame.senderIp === frame.targetIp) return GRATUITOUS;
  if (!isStation(frame.senderMac)) return BAD_SENDER;
  const held = table.find(frame.targetIp);
  if (held !== undefined && announcedOn(held, link.name)) return { kind: 'answer', held, reply: replyTo(frame, link.mac) };
  const mac = lent.get(frame.targetIp);
  // Who asks for his own address looks for others that have it: he is no other.
  if (mac !== undefined && mac !== frame.senderMac) return { kind: 'stand-in', reply: { ...replyTo(frame, link.mac), senderMac: mac } };
  return held === undefined ? NOT_HELD : NOT_ON_THIS_LINK;
}

/** To who asked in the message, which need not be who sent the frame; sender and target change places (RFC 826). */
function replyTo(request: ArpFrame, mac: Mac): ArpFrame {
  return {
    destination: request.senderMac,
    source: mac,
    operation: ARP_REPLY,
    senderMac: mac,
    senderIp: request.targetIp,
    targetMac: request.senderMac,
    targetIp: request.senderIp,
  };
}

/** Tells a host that has asked before, and it alone, that the address is at `mac` now; `source` is who says so. */
export function arpNotice({ ip, mac, from }: Asker<Ipv4>, at: Mac, source: Mac): ArpFrame {
  return { destination: mac, source, operation: ARP_REPLY, senderMac: at, senderIp: ip, targetMac: mac, targetIp: from };
}

/** Linux takes no reply that contradicts what it learned within the last second (`locktime`), but for a gratuitous one; the answer may have come a little after the question. */
const LOCKED_FOR: Micros = milliseconds(1_100);

/**
 * The notice of a new owner, whose MAC is `mac`. A host that was told just now where the address is, by the old owner or by another one that gave way,
 * gets it in the form of a gratuitous reply. The others get a plain one, since some hosts drop what is gratuitous.
 */
export function newOwnerNotice(asker: RecentAsker<Ipv4>, mac: Mac, now: Micros): ArpFrame {
  if (now - asker.toldAt >= LOCKED_FOR) return arpNotice(asker, mac, mac);
  return { ...gratuitousArp(asker.ip, mac, ARP_REPLY), destination: asker.mac, targetMac: mac };
}

/** Asks all, as a host that would like to have `ip`, whether somebody has it (RFC 5227, Section 2.1.1): nobody learns anything by it. */
export function arpProbe(ip: Ipv4, mac: Mac): ArpFrame {
  const nobody = { senderIp: UNSPECIFIED_IPV4, targetMac: ZERO_MAC };
  return { destination: BROADCAST_MAC, source: mac, operation: ARP_REQUEST, senderMac: mac, targetIp: ip, ...nobody };
}

/**
 * A packet that nobody asked for: tells the whole segment that `ip` is at `mac`. As a request it is the announcement of
 * RFC 5227, Section 2.3, as a reply it reaches those hosts that learn from nothing else.
 */
export function gratuitousArp(ip: Ipv4, mac: Mac, operation: typeof ARP_REQUEST | typeof ARP_REPLY): ArpFrame {
  return { destination: BROADCAST_MAC, source: mac, operation, senderMac: mac, senderIp: ip, targetMac: BROADCAST_MAC, targetIp: ip };
}
