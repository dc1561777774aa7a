import { ALL_NODES, type Ipv6, solicitedNodeGroup, UNSPECIFIED_IPV6 } from '../../../lib/ipv6.ts';
import { isStation, type Mac } from '../../../lib/mac.ts';
import { groupMac } from '../../wire/ethernet.ts';
import type { NeighborAdvertisement, NeighborSolicitation } from '../../wire/ndp.ts';
import { type AddressTable, announcedOn, type HeldAddress } from './address-table.ts';
import type { LinkIdentity } from './arp-answer.ts';
import type { Asker } from './recent-askers.ts';

/** The link that a solicitation came in on, with the address by which it speaks to its neighbours. */
export interface NeighborLink extends LinkIdentity {
  readonly linkLocal: Ipv6;
}

/** Why a solicitation gets no answer. */
export type NeighborRefusal =
  /** Sent to another station or to a group in which its target does not listen. */
  | 'not-for-this-link'
  /** The sender calls itself by the target's address: it claims, nobody asks. */
  | 'claim'
  /** The MAC to answer to is no single station's. */
  | 'bad-sender'
  /** No Service of this node has the address. */
  | 'not-held'
  /** Some Service has it, but none that announces it on this link. */
  | 'not-on-this-link';

/** What becomes of one solicitation. */
export type NeighborVerdict =
  | { readonly kind: 'answer'; readonly held: HeldAddress<Ipv6>; readonly reply: NeighborAdvertisement }
  /** In the place of the node that has the address. */
  | { readonly kind: 'stand-in'; readonly reply: NeighborAdvertisement }
  | { readonly kind: 'refuse'; readonly refusal: NeighborRefusal };

// Made once: a flood of refused frames must leave no garbage.
const NOT_FOR_THIS_LINK: NeighborVerdict = { kind: 'refuse', refusal: 'not-for-this-link' };
const CLAIM: NeighborVerdict = { kind: 'refuse', refusal: 'claim' };
const BAD_SENDER: NeighborVerdict = { kind: 'refuse', refusal: 'bad-sender' };
const NOT_HELD: NeighborVerdict = { kind: 'refuse', refusal: 'not-held' };
const NOT_ON_THIS_LINK: NeighborVerdict = { kind: 'refuse', refusal: 'not-on-this-link' };

/**
 * Decides what one solicitation gets. The answer goes to the sender, at the MAC that its option names or else at the one
 * that the frame came from: unicast probes of reachability often have no option (RFC 4861, Section 7.2.4). Who probes for
 * a duplicate has no address yet, so all nodes are told (RFC 4861, Section 7.2.4; RFC 4862, Section 5.4.3). For `lent` see
 * `decideArp`.
 */
export function decideSolicitation(
  question: NeighborSolicitation,
  link: NeighborLink,
  table: AddressTable<Ipv6>,
  lent: ReadonlyMap<Ipv6, Mac> = new Map(),
): NeighborVerdict {
  const { destination, source, sourceIp, sourceMac = source, target } = question;
  if (destination !== link.mac && destination !== groupMac(solicitedNodeGroup(target))) return NOT_FOR_THIS_LINK;
  if (sourceIp === target) return CLAIM;
  if (!isStation(sourceMac)) return BAD_SENDER;
  const held = table.find(target);
  if (held !== undefined && announcedOn(held, link.name)) return { kind: 'answer', held, reply: advertisementTo(question, link) };
  const mac = lent.get(target);
  if (mac !== undefined && mac !== sourceMac) return { kind: 'stand-in', reply: { ...advertisementTo(question, link), targetMac: mac } };
  return held === undefined ? NOT_HELD : NOT_ON_THIS_LINK;
}

function advertisementTo(
  { source, sourceIp, sourceMac = source, target }: NeighborSolicitation,
  link: NeighborLink,
): NeighborAdvertisement {
  if (sourceIp === UNSPECIFIED_IPV6) return unsolicitedAdvertisement(target, link);
  return { ...unsolicitedAdvertisement(target, link), destination: sourceMac, destinationIp: sourceIp, solicited: true };
}

/**
 * What nobody asked for: tells the whole segment that `ip` is at the MAC of this link (RFC 4861, Section 7.2.6). It
 * overrides what neighbours have cached, or a take-over would wait for their entries to grow old.
 */
export function unsolicitedAdvertisement(ip: Ipv6, { mac, linkLocal }: NeighborLink): NeighborAdvertisement {
  const to = { destination: groupMac(ALL_NODES), destinationIp: ALL_NODES };
  return { ...to, source: mac, sourceIp: linkLocal, target: ip, targetMac: mac, solicited: false, override: true };
}

/**
 * Tells a host that has asked before, and it alone, that the address is at `mac` now. `solicited` has it believe that the way there and back works, which is
 * what it is to do of an address that has not moved; one that has takes the place of what it knew.
 */
export function neighborNotice({ ip, mac, from }: Asker<Ipv6>, at: Mac, link: NeighborLink, solicited: boolean): NeighborAdvertisement {
  return { ...unsolicitedAdvertisement(ip, link), destination: mac, destinationIp: from, targetMac: at, solicited };
}
