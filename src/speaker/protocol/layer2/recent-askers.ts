import { type Micros, milliseconds } from '../../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { type Ipv6, solicitedNodeGroup, UNSPECIFIED_IPV6 } from '../../../lib/ipv6.ts';
import { BROADCAST_MAC, isStation, type Mac } from '../../../lib/mac.ts';
import { ARP_REQUEST, type ArpFrame } from '../../wire/arp.ts';
import { groupMac } from '../../wire/ethernet.ts';
import type { NeighborSolicitation } from '../../wire/ndp.ts';

/** A host that has asked for an address, and has what it was told in its cache. */
export interface Asker<Ip> {
  /** What it asked for. */
  readonly ip: Ip;
  /** Where it is. */
  readonly mac: Mac;
  /** What it calls itself. */
  readonly from: Ip;
}

/** A host that has asked, and when it was told last where the address is: in answer to its question, or alone. */
export interface RecentAsker<Ip> extends Asker<Ip> {
  readonly toldAt: Micros;
}

/** Whoever has not asked for so long is not interested any more. */
const REMEMBERED_FOR: Micros = milliseconds(600_000);
/** As many as a stand-in reminds: more than a segment has clients, or one router and 4,096 addresses. */
const MAX_ASKERS = 4_096;
/** Who has asked is remembered for good when it is still known after so long ... */
const TRIAL: Micros = milliseconds(10_000);
/** ... and of those that are not, only the last ones are known: a flood of more than a hundred senders a second that never come again pushes out nobody but itself. */
const MAX_ON_TRIAL = 1_024;

interface Entry<Ip> extends Asker<Ip> {
  readonly since: Micros;
  readonly askedAt: Micros;
  toldAt: Micros;
}

/**
 * Who has asked for which address lately, whoever answered: what is told to all does not reach everybody, so whoever comes to answer for an address tells
 * these alone. Frames are taken from anybody. Whoever is new is on trial, and in the way of nobody that was there before.
 */
export class RecentAskers<Ip> {
  /** The oldest first. */
  readonly #onTrial = new Map<string, Entry<Ip>>();
  readonly #known = new Map<string, Entry<Ip>>();

  /** These have asked. */
  asked(askers: readonly Asker<Ip>[], now: Micros): void {
    this.#settle(now);
    for (const asker of askers) this.#ask(asker, now);
  }

  /** Who has asked for these addresses: those first that have been known for longer. */
  of(ips: Pick<ReadonlySet<Ip>, 'has'>, now: Micros): readonly RecentAsker<Ip>[] {
    this.#settle(now);
    const found: RecentAsker<Ip>[] = [];
    for (const entries of [this.#known, this.#onTrial]) {
      for (const { ip, mac, from, askedAt, toldAt } of entries.values()) {
        if (ips.has(ip) && now - askedAt < REMEMBERED_FOR) found.push({ ip, mac, from, toldAt });
      }
    }
    return found;
  }

  /** This one was told alone. */
  told(asker: Asker<Ip>, now: Micros): void {
    const entry = this.#known.get(keyOf(asker)) ?? this.#onTrial.get(keyOf(asker));
    if (entry !== undefined) entry.toldAt = now;
  }

  /** Forgets who asked for others than these. */
  keepOnly(ips: Pick<ReadonlySet<Ip>, 'has'>): void {
    for (const entries of [this.#known, this.#onTrial]) {
      for (const [key, { ip }] of entries) if (!ips.has(ip)) entries.delete(key);
    }
  }

  #ask(asker: Asker<Ip>, now: Micros): void {
    const key = keyOf(asker);
    const entries = this.#known.has(key) ? this.#known : this.#onTrial;
    const since = entries.get(key)?.since ?? now;
    entries.set(key, { ...asker, since, askedAt: now, toldAt: now });
    const [oldest] = this.#onTrial.keys();
    if (this.#onTrial.size > MAX_ON_TRIAL && oldest !== undefined) this.#onTrial.delete(oldest);
  }

  /** Ends the trial of those that have stood it. Where there is no room those stay that are there: a slow flood must not push them out either. */
  #settle(now: Micros): void {
    for (const [key, entry] of this.#onTrial) {
      if (now - entry.since < TRIAL) return;
      if (this.#known.size >= MAX_ASKERS) this.#forgetOld(now);
      if (this.#known.size >= MAX_ASKERS) return;
      this.#onTrial.delete(key);
      this.#known.set(key, entry);
    }
  }

  #forgetOld(now: Micros): void {
    for (const [key, { askedAt }] of this.#known) if (now - askedAt >= REMEMBERED_FOR) this.#known.delete(key);
  }
}

function keyOf({ ip, mac, from }: Asker<unknown>): string {
  return `${ip} ${mac} ${from}`;
}

/**
 * Who asks in this request. `undefined` for one that asks for nothing that it would keep: a probe, a packet that only announces, and a sender that cannot be
 * answered.
 */
export function askerInArp({ destination, operation, senderIp, senderMac, targetIp }: ArpFrame, own: Mac): Asker<Ipv4> | undefined {
  if (operation !== ARP_REQUEST || (destination !== BROADCAST_MAC && destination !== own)) return undefined;
  if (senderIp === UNSPECIFIED_IPV4 || senderIp === targetIp || !isStation(senderMac) || senderMac === own) return undefined;
  return { ip: targetIp, mac: senderMac, from: senderIp };
}

/** The same of a solicitation. One to a group has the option (RFC 4861, Section 4.3), and one to a single station goes to who answers for the address already. */
export function askerInSolicitation(question: NeighborSolicitation, own: Mac): Asker<Ipv6> | undefined {
  const { destination, sourceIp, sourceMac, target } = question;
  if (destination !== own && destination !== groupMac(solicitedNodeGroup(target))) return undefined;
  if (sourceIp === UNSPECIFIED_IPV6 || sourceIp === target || sourceMac === undefined) return undefined;
  return isStation(sourceMac) && sourceMac !== own ? { ip: target, mac: sourceMac, from: sourceIp } : undefined;
}
