import { assert } from '../../lib/assert.ts';
import { type Micros, milliseconds, type Timer } from '../../lib/clock.ts';
import { formatIpv6, type Ipv6, solicitedNodeGroup } from '../../lib/ipv6.ts';
import { formatMac, type Mac } from '../../lib/mac.ts';
import type { GroupMembership } from '../net/group-membership.ts';
import type { Link } from '../net/link-monitor.ts';
import type { NetworkError } from '../net/network-error.ts';
import { discoveryFilter, type PacketFilter, solicitationFilter } from '../net/packet-filter.ts';
import type { FrameBatch, PacketSocket } from '../net/packet-socket.ts';
import { announcedOn, type HeldAddress, IPV6 } from '../protocol/layer2/address-table.ts';
import { decideSolicitation, type NeighborLink, neighborNotice, unsolicitedAdvertisement } from '../protocol/layer2/neighbor-answer.ts';
import { type Asker, askerInSolicitation } from '../protocol/layer2/recent-askers.ts';
import { type Sighting, sightAdvertisement, sightSolicitation } from '../protocol/layer2/sighting.ts';
import { ETHER_TYPE_IPV6 } from '../wire/ethernet.ts';
import {
  decodeNeighborAdvertisement,
  decodeNeighborSolicitation,
  encodeNeighborAdvertisement,
  encodeNeighborProbe,
  type NeighborAdvertisement,
  type NeighborSolicitation,
  newAdvertisementFrame,
  newProbeFrame,
} from '../wire/ndp.ts';
import { AnnouncementTimer } from './announcement-timer.ts';
import { AskerWatch } from './asker-watch.ts';
import { type AddressProtocol, type AddressResponder, heldOn, type ResponderContext } from './family-answers.ts';
import { linkLocalOf } from './interface-selection.ts';
import type { NodeNetwork, OpenFailed } from './responders.ts';
import { StandInAnswers } from './stand-in-answers.ts';

/** Memory for a membership, which is all that can be missing, may be free again soon. */
const MEMBERSHIP_RETRY: Micros = milliseconds(5_000);

/** How IPv6 addresses are found. */
export const NDP: AddressProtocol<Ipv6> = {
  name: 'NDP',
  numbers: IPV6,
  linksOf: ({ ndp }) => ndp,
  filterFor: (ips, maxRanges) => discoveryFilter(ips.map(tailOf), maxRanges),
  askerFilterFor: (ips, maxRanges) => solicitationFilter(ips.map(tailOf), maxRanges),
  open: (link, network, context, failed) => new NdpResponder(link, network, context, failed),
};

/** Answers Neighbor Solicitations on one link and advertises addresses there, as a member of the groups in which they are asked for. */
class NdpResponder implements AddressResponder<Ipv6> {
  readonly #context: ResponderContext<Ipv6>;
  readonly #socket: PacketSocket;
  readonly #membership: GroupMembership;
  readonly #announcements: AnnouncementTimer<Ipv6, 'advertisement'>;
  /** The addresses for which a group is joined: several may share one. */
  readonly #listening = new Map<Ipv6, Set<Ipv6>>();
  readonly #standIns: StandInAnswers<Ipv6, NeighborAdvertisement>;
  readonly #askers: AskerWatch<Ipv6>;
  readonly #reply = newAdvertisementFrame();
  readonly #octets = new Uint8Array(this.#reply.buffer);
  readonly #probe = newProbeFrame();
  #link: Link;
  #identity: NeighborLink;
  #retry: Timer | undefined;
  #complaint: string | undefined;

  constructor(link: Link, { packets, openMembership }: NodeNetwork, context: ResponderContext<Ipv6>, failed: OpenFailed) {
    this.#link = link;
    this.#identity = identityOf(link);
    this.#context = context;
    const options = {
      link: link.index,
      purpose: `answering NDP on ${link.name}`,
      etherType: ETHER_TYPE_IPV6,
      filter: discoveryFilter([]),
    };
    this.#socket = packets.open(options, { received: (batch) => this.#received(batch), failed });
    this.#membership = openMembership(link, (error) => this.#membershipRefused(error));
    this.#announcements = new AnnouncementTimer({
      clock: context.clock,
      forms: ['advertisement'],
      refreshes: () => context.refreshes(this.#link.name),
      send: (ip) => this.#announceOnce(ip),
      askersOf: (ips) => this.#askers.of(ips),
      notify: (asker) => this.#notify(asker),
    });
    this.#standIns = new StandInAnswers({
      clock: context.clock,
      send: (reply) => this.#remind(reply),
      recall: (macs) => this.#askers.remindersFor(macs, (asker, at) => neighborNotice(asker, at, this.#identity, true)),
    });
    this.#askers = new AskerWatch({
      clock: context.clock,
      socket: { link: link.index, purpose: `noting who asks by NDP on ${link.name}`, etherType: ETHER_TYPE_IPV6 },
      open: (unread, listener) => packets.open(unread, listener),
      watched: context.planned,
      askerIn: (octets, length) => this.#askerIn(octets, length),
      faulted: (thrown) => context.faulted(thrown, this.#link.name),
      log: context.log,
    });
  }

  get link(): Link {
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
    this.#identity = identityOf(link);
  }

  get queueOctets(): number {
    return this.#socket.queueOctets;
  }

  setFilter(filter: PacketFilter): void {
    this.#socket.setFilter(filter);
  }

  setAskerFilter(filter: PacketFilter): void {
    this.#askers.setFilter(filter);
  }

  announce(ips: readonly Ipv6[]): void {
    for (const ip of ips) this.#listenFor(ip);
    this.#announcements.announce(ips);
  }

  silence(ips: readonly Ipv6[]): void {
    for (const ip of ips) if (!this.#standIns.macs.has(ip)) this.#ignore(ip);
    this.#announcements.silence(ips);
  }

  standIn(macs: ReadonlyMap<Ipv6, Mac>): void {
    const before = this.#standIns.macs;
    this.#standIns.macs = macs;
    for (const ip of macs.keys()) this.#listenFor(ip);
    for (const ip of before.keys()) if (!macs.has(ip) && !announcedOn(this.#context.table.find(ip), this.#link.name)) this.#ignore(ip);
  }

  probe(ip: Ipv6): void {
    encodeNeighborProbe(ip, this.#link.mac, this.#probe);
    this.#socket.send(new Uint8Array(this.#probe.buffer));
  }

  assure(ip: Ipv6): void {
    this.#announceOnce(ip);
  }

  announceAll(): void {
    this.announce(heldOn(this.#context.table, this.#link.name));
  }

  takeDrops(): number {
    return this.#socket.takeDrops();
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
    this.#announcements[Symbol.dispose]();
    this.#standIns[Symbol.dispose]();
    this.#askers[Symbol.dispose]();
    this.#membership[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
    this.#context.closed(this);
  }

  #listenFor(ip: Ipv6): void {
    const group = solicitedNodeGroup(ip);
    const addresses = this.#listening.get(group);
    if (addresses !== undefined) {
      addresses.add(ip);
      return;
    }
    this.#listening.set(group, new Set([ip]));
    this.#membership.join(group);
  }

  #ignore(ip: Ipv6): void {
    const group = solicitedNodeGroup(ip);
    const addresses = this.#listening.get(group);
    addresses?.delete(ip);
    if (addresses?.size !== 0) return;
    this.#listening.delete(group);
    this.#membership.leave(group);
  }

  /** Questions to the group may not come here until it works: said once, tried again. Unicast ones are answered. */
  #membershipRefused(error: NetworkError): void {
    if (this.#complaint !== error.message)
      this.#context.log('error', error.message, { op: 'watchMulticastGroup', interface: this.#link.name });
    this.#complaint = error.message;
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#context.clock.startTimer(MEMBERSHIP_RETRY, () => this.#membership.retry());
  }

  #received(batch: FrameBatch): void {
    for (let index = 0; index < batch.count; index++) {
      try {
        this.#answer(batch.frame(index), batch.length(index));
      } catch (thrown) {
        this.#context.faulted(thrown, this.#link.name);
      }
    }
  }

  #answer(octets: DataView, length: number): void {
    const decoded = decodeNeighborSolicitation(octets, length);
    if (!decoded.ok) {
      const advertised = decodeNeighborAdvertisement(octets, length);
      if (advertised.ok) this.#see(sightAdvertisement(advertised.value));
      return;
    }
    if (this.#context.silent(this.#link.name)) return;
    const { debug, tallies, table } = this.#context;
    const verdict = decideSolicitation(decoded.value, this.#identity, table, this.#standIns.macs);
    if (verdict.kind === 'refuse') {
      this.#see(sightSolicitation(decoded.value));
      if (verdict.refusal === 'not-on-this-link' && debug !== undefined) this.#logIgnored(decoded.value);
      return;
    }
    if (verdict.kind === 'stand-in') {
      this.#answerFor(verdict.reply);
      return;
    }
    tallies.requested(verdict.held.text);
    if (this.#send(verdict.reply)) tallies.answered(verdict.held.text);
    this.#context.counted();
    if (debug !== undefined) this.#logAnswer(verdict.held, decoded.value);
  }

  /** Counts as an answer for the address, by whichever node. */
  #answerFor(reply: NeighborAdvertisement): void {
    const text = formatIpv6(reply.target);
    this.#context.tallies.requested(text);
    if (this.#send(reply)) this.#context.tallies.answered(text);
    this.#context.counted();
    // Who probes for a duplicate has no entry that could expire.
    if (reply.solicited) this.#standIns.answered(reply.target, reply.destination, reply);
  }

  #remind(reply: NeighborAdvertisement): void {
    const { mac, linkLocal } = this.#identity;
    if (!this.#context.silent(this.#link.name)) this.#send({ ...reply, source: mac, sourceIp: linkLocal });
  }

  #askerIn(octets: DataView, length: number): Asker<Ipv6> | undefined {
    const decoded = decodeNeighborSolicitation(octets, length);
    return decoded.ok ? askerInSolicitation(decoded.value, this.#link.mac) : undefined;
  }

  #notify(asker: Asker<Ipv6>): void {
    const { mac, name } = this.#identity;
    if (this.#context.silent(name) || !this.#send(neighborNotice(asker, mac, this.#identity, false))) return;
    this.#context.tallies.announced(formatIpv6(asker.ip));
    this.#context.counted();
  }

  #see(sighting: Sighting<Ipv6> | undefined): void {
    if (sighting !== undefined) this.#context.sighted(sighting, this.#link.name);
  }

  #send(message: NeighborAdvertisement): boolean {
    encodeNeighborAdvertisement(message, this.#reply);
    return this.#socket.send(this.#octets);
  }

  #announceOnce(ip: Ipv6): void {
    if (this.#context.silent(this.#link.name) || !this.#send(unsolicitedAdvertisement(ip, this.#identity))) return;
    this.#context.tallies.announced(formatIpv6(ip));
    this.#context.counted();
  }

  #logAnswer(held: HeldAddress<Ipv6>, question: NeighborSolicitation): void {
    this.#context.debug?.('got NDP request for service IP, sending response', {
      interface: this.#link.name,
      ip: held.text,
      senderIP: formatIpv6(question.sourceIp),
      senderLLAddr: formatMac(question.sourceMac ?? question.source),
      responseMAC: formatMac(this.#link.mac),
    });
  }

  #logIgnored(question: NeighborSolicitation): void {
    this.#context.debug?.('ignoring NDP request for service IP that is not announced on this interface', {
      event: 'notMatchInterface',
      interface: this.#link.name,
      ip: formatIpv6(question.target),
      senderIP: formatIpv6(question.sourceIp),
      senderLLAddr: formatMac(question.sourceMac ?? question.source),
    });
  }
}

/** The last 32 bits, which are what a filter can compare. */
function tailOf(ip: Ipv6): number {
  return Number(ip & 0xffff_ffffn);
}

function identityOf(link: Link): NeighborLink {
  const linkLocal = linkLocalOf(link);
  assert(linkLocal !== undefined, `NDP is spoken on links with a link-local address, ${link.name} has none`);
  return { name: link.name, mac: link.mac, linkLocal };
}
