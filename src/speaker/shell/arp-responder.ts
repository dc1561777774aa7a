import type { Clock, Micros, Timer } from '../../lib/clock.ts';
import { micros } from '../../lib/clock.ts';
import { formatIpv4, type Ipv4 } from '../../lib/ipv4.ts';
import { formatMac } from '../../lib/mac.ts';
import type { Link } from '../net/link-monitor.ts';
import type { NetworkError } from '../net/network-error.ts';
import { arpRequestFilter, type PacketFilter } from '../net/packet-filter.ts';
import type { FrameBatch, PacketNetwork, PacketSocket } from '../net/packet-socket.ts';
import type { AddressTable, HeldAddress } from '../protocol/layer2/address-table.ts';
import { decideArp, gratuitousArp } from '../protocol/layer2/arp-answer.ts';
import { type BurstEvent, type BurstState, NO_BURST, stepBurst } from '../protocol/layer2/burst.ts';
import { ARP_REPLY, ARP_REQUEST, type ArpFrame, decodeArpFrame, encodeArpFrame, newArpFrame } from '../wire/arp.ts';
import { ETHER_TYPE_ARP } from '../wire/ethernet.ts';
import type { AddressTallies } from './address-tallies.ts';

/** What the responders of all links share. */
export interface ResponderContext {
  readonly clock: Clock;
  readonly table: AddressTable;
  readonly tallies: AddressTallies;
  /** Takes a debug line; `undefined` when nobody reads them, so that none is built. */
  readonly debug: ((message: string, fields: Readonly<Record<string, string | number>>) => void) | undefined;
  /** Something was counted that has not been reported. */
  counted(): void;
  /** Code threw while it read a frame; the frame was dropped. */
  faulted(thrown: unknown, link: string): void;
}

/** Answers ARP on one link and announces addresses there: a socket, a timer and the machines that they drive. */
export class ArpResponder implements Disposable {
  readonly #context: ResponderContext;
  readonly #socket: PacketSocket;
  readonly #reply = newArpFrame();
  readonly #octets = new Uint8Array(this.#reply.buffer);
  #link: Link;
  #burst: BurstState = NO_BURST;
  #timer: Timer | undefined;

  /** Opens the socket; throws a {@link NetworkError}. Nothing is received before {@link ArpResponder.setFilter}. */
  constructor(link: Link, packets: PacketNetwork, context: ResponderContext, failed: (error: NetworkError) => void) {
    this.#link = link;
    this.#context = context;
    const options = { link: link.index, purpose: `answering ARP on ${link.name}`, etherType: ETHER_TYPE_ARP, filter: arpRequestFilter([]) };
    this.#socket = packets.open(options, { received: (batch) => this.#received(batch), failed });
  }

  /** The link as it is now: its MAC is in every answer from here on. */
  get link(): Link {
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
  }

  /** See {@link PacketSocket.queueOctets}. */
  get queueOctets(): number {
    return this.#socket.queueOctets;
  }

  /** Decides in the kernel which requests are worth a look; throws a {@link NetworkError}. */
  setFilter(filter: PacketFilter): void {
    this.#socket.setFilter(filter);
  }

  /** Announces addresses unasked, from the first round on. */
  announce(ips: readonly Ipv4[]): void {
    if (ips.length > 0) this.#step({ kind: 'appeared', now: this.#context.clock.now(), ips });
  }

  /** Says nothing more of these addresses. */
  silence(ips: readonly Ipv4[]): void {
    if (ips.length > 0) this.#step({ kind: 'disappeared', now: this.#context.clock.now(), ips });
  }

  /** How many requests were lost since the last call because this thread was busy. */
  takeDrops(): number {
    return this.#socket.takeDrops();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
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
    const verdict = decideArp(decoded.value, this.#link, this.#context.table);
    if (verdict.kind === 'refuse') {
      if (verdict.refusal === 'not-on-this-link' && this.#context.debug !== undefined) this.#logIgnored(decoded.value);
      return;
    }
    this.#context.tallies.requested(verdict.held);
    if (this.#send(verdict.reply)) this.#context.tallies.answered(verdict.held);
    this.#context.counted();
    if (this.#context.debug !== undefined) this.#logAnswer(verdict.held, decoded.value);
  }

  #send(frame: ArpFrame): boolean {
    encodeArpFrame(frame, this.#reply);
    return this.#socket.send(this.#octets);
  }

  #step(event: BurstEvent): void {
    const [state, effects] = stepBurst(this.#burst, event);
    this.#burst = state;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const effect of effects) {
      if (effect.kind === 'wake-at') this.#wakeAt(effect.at, event.now);
      else this.#announceOnce(effect.ip, effect.operation);
    }
  }

  #wakeAt(at: Micros, now: Micros): void {
    this.#timer = this.#context.clock.startTimer(micros(at - now), () => {
      this.#step({ kind: 'woke', now: this.#context.clock.now() });
    });
  }

  #announceOnce(ip: Ipv4, operation: 'request' | 'reply'): void {
    const frame = gratuitousArp(ip, this.#link.mac, operation === 'request' ? ARP_REQUEST : ARP_REPLY);
    if (!this.#send(frame)) return;
    this.#context.tallies.announced(formatIpv4(ip));
    this.#context.counted();
  }

  #logAnswer(held: HeldAddress, request: ArpFrame): void {
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
