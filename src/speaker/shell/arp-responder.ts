import { formatIpv4, type Ipv4, UNSPECIFIED_IPV4 } from '../../lib/ipv4.ts';
import { formatMac, type Mac } from '../../lib/mac.ts';
import type { Link } from '../net/link-monitor.ts';
import { arpFilter, arpQuestionFilter, type PacketFilter } from '../net/packet-filter.ts';
import type { FrameBatch, PacketNetwork, PacketSocket } from '../net/packet-socket.ts';
import { type HeldAddress, IPV4 } from '../protocol/layer2/address-table.ts';
import { arpNotice, arpProbe, decideArp, gratuitousArp, newOwnerNotice } from '../protocol/layer2/arp-answer.ts';
import { type Asker, askerInArp, type RecentAsker } from '../protocol/layer2/recent-askers.ts';
import { sightArp } from '../protocol/layer2/sighting.ts';
import { ARP_REPLY, ARP_REQUEST, type ArpFrame, decodeArpFrame, encodeArpFrame, newArpFrame } from '../wire/arp.ts';
import { ETHER_TYPE_ARP } from '../wire/ethernet.ts';
import { AnnouncementTimer } from './announcement-timer.ts';
import { AskerWatch } from './asker-watch.ts';
import { type AddressProtocol, type AddressResponder, heldOn, type ResponderContext } from './family-answers.ts';
import type { OpenFailed } from './responders.ts';
import { StandInAnswers } from './stand-in-answers.ts';

/** An announcement is sent as a request and as a reply: each reaches hosts that the other does not. */
const FORMS = [ARP_REQUEST, ARP_REPLY] as const;
type Form = (typeof FORMS)[number];

/** How IPv4 addresses are found. */
export const ARP: AddressProtocol<Ipv4> = {
  name: 'ARP',
  numbers: IPV4,
  linksOf: ({ arp }) => arp,
  filterFor: arpFilter,
  askerFilterFor: arpQuestionFilter,
  open: (link, { packets }, context, failed) => new ArpResponder(link, packets, context, failed),
};

/** Answers ARP on one link and announces addresses there: a socket, a timer and the machines that they drive. */
class ArpResponder implements AddressResponder<Ipv4> {
  readonly #context: ResponderContext<Ipv4>;
  readonly #socket: PacketSocket;
  readonly #announcements: AnnouncementTimer<Ipv4, Form>;
  readonly #standIns: StandInAnswers<Ipv4, ArpFrame>;
  readonly #askers: AskerWatch<Ipv4>;
  readonly #reply = newArpFrame();
  readonly #octets = new Uint8Array(this.#reply.buffer);
  #link: Link;

  constructor(link: Link, packets: PacketNetwork, context: ResponderContext<Ipv4>, failed: OpenFailed) {
    this.#link = link;
    this.#context = context;
    const options = { link: link.index, purpose: `answering ARP on ${link.name}`, etherType: ETHER_TYPE_ARP, filter: arpFilter([]) };
    this.#socket = packets.open(options, { received: (batch) => this.#received(batch), failed });
    this.#announcements = new AnnouncementTimer({
      clock: context.clock,
      forms: FORMS,
      refreshes: () => context.refreshes(this.#link.name),
      send: (ip, form) => this.#announceOnce(ip, form),
      askersOf: (ips) => this.#askers.of(ips),
      notify: (asker) => this.#notify(asker),
    });
    this.#standIns = new StandInAnswers({
      clock: context.clock,
      send: (reply) => this.#remind(reply),
      recall: (macs) => this.#askers.remindersFor(macs, (asker, at) => arpNotice(asker, at, this.#link.mac)),
    });
    this.#askers = new AskerWatch({
      clock: context.clock,
      socket: { link: link.index, purpose: `noting who asks by ARP on ${link.name}`, etherType: ETHER_TYPE_ARP },
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

  announce(ips: readonly Ipv4[]): void {
    this.#announcements.announce(ips);
  }

  silence(ips: readonly Ipv4[]): void {
    this.#announcements.silence(ips);
  }

  standIn(macs: ReadonlyMap<Ipv4, Mac>): void {
    this.#standIns.macs = macs;
  }

  probe(ip: Ipv4): void {
    this.#send(arpProbe(ip, this.#link.mac));
  }

  assure(ip: Ipv4): void {
    this.#announceOnce(ip, ARP_REQUEST);
  }

  announceAll(): void {
    this.announce(heldOn(this.#context.table, this.#link.name));
  }

  takeDrops(): number {
    return this.#socket.takeDrops();
  }

  [Symbol.dispose](): void {
    this.#announcements[Symbol.dispose]();
    this.#standIns[Symbol.dispose]();
    this.#askers[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
    this.#context.closed(this);
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
    const decoded = decodeArpFrame(octets, length);
    if (!decoded.ok) return;
    if (this.#context.silent(this.#link.name)) {
      this.#see(decoded.value);
      return;
    }
    const verdict = decideArp(decoded.value, this.#link, this.#context.table, this.#standIns.macs);
    if (verdict.kind === 'refuse') {
      this.#see(decoded.value);
      if (verdict.refusal === 'not-on-this-link' && this.#context.debug !== undefined) this.#logIgnored(decoded.value);
      return;
    }
    if (verdict.kind === 'stand-in') {
      this.#answerFor(verdict.reply);
      return;
    }
    this.#context.tallies.requested(verdict.held.text);
    if (this.#send(verdict.reply)) this.#context.tallies.answered(verdict.held.text);
    this.#context.counted();
    if (this.#context.debug !== undefined) this.#logAnswer(verdict.held, decoded.value);
  }

  /** Counts as an answer for the address, by whichever node. */
  #answerFor(reply: ArpFrame): void {
    const text = formatIpv4(reply.senderIp);
    this.#context.tallies.requested(text);
    if (this.#send(reply)) this.#context.tallies.answered(text);
    this.#context.counted();
    // A probe has no entry that could expire (RFC 5227, Section 2.1.1).
    if (reply.targetIp !== UNSPECIFIED_IPV4) this.#standIns.answered(reply.senderIp, reply.targetMac, reply);
  }

  #remind(reply: ArpFrame): void {
    if (!this.#context.silent(this.#link.name)) this.#send({ ...reply, source: this.#link.mac });
  }

  #askerIn(octets: DataView, length: number): Asker<Ipv4> | undefined {
    const decoded = decodeArpFrame(octets, length);
    return decoded.ok ? askerInArp(decoded.value, this.#link.mac) : undefined;
  }

  #notify(asker: RecentAsker<Ipv4>): void {
    const { mac, name } = this.#link;
    if (this.#context.silent(name) || !this.#send(newOwnerNotice(asker, mac, this.#context.clock.now()))) return;
    this.#askers.told(asker);
    this.#context.tallies.announced(formatIpv4(asker.ip));
    this.#context.counted();
  }

  #see(frame: ArpFrame): void {
    const sighting = sightArp(frame);
    if (sighting !== undefined) this.#context.sighted(sighting, this.#link.name);
  }

  #send(frame: ArpFrame): boolean {
    encodeArpFrame(frame, this.#reply);
    return this.#socket.send(this.#octets);
  }

  #announceOnce(ip: Ipv4, form: Form): void {
    if (this.#context.silent(this.#link.name) || !this.#send(gratuitousArp(ip, this.#link.mac, form))) return;
    this.#context.tallies.announced(formatIpv4(ip));
    this.#context.counted();
  }

  #logAnswer(held: HeldAddress<Ipv4>, request: ArpFrame): void {
    this.#context.debug?.('got ARP request for service IP, sending response', {
      interface: this.#link.name,
      ip: held.text,
      senderIP: formatIpv4(request.senderIp),
      senderMAC: formatMac(request.senderMac),
      responseMAC: formatMac(this.#link.mac),
    });
  }

  #logIgnored(request: ArpFrame): void {
    this.#context.debug?.('ignoring ARP request for service IP that is not announced on this interface', {
      event: 'notMatchInterface',
      interface: this.#link.name,
      ip: formatIpv4(request.targetIp),
      senderIP: formatIpv4(request.senderIp),
      senderMAC: formatMac(request.senderMac),
    });
  }
}
