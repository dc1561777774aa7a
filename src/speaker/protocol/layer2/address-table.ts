import { unreachable } from '../../../lib/assert.ts';
import type { Family, IpAddress } from '../../../lib/ip.ts';
import { formatIpv4, type Ipv4, ipv4Of } from '../../../lib/ipv4.ts';
import { formatIpv6, type Ipv6, ipv6Of } from '../../../lib/ipv6.ts';
import type { Announcement, InterfaceScope, PlanChange } from '../../../model/plan.ts';

/** The addresses of one family as their protocol has them on the wire: numbers, which are looked up fast. */
export interface AddressNumbers<Ip> {
  readonly family: Family;
  /** The number of an address of that family. */
  readonly of: (address: IpAddress) => Ip;
  readonly format: (ip: Ip) => string;
}

/** The addresses that ARP knows. */
export const IPV4: AddressNumbers<Ipv4> = { family: 'IPv4', of: ipv4Of, format: formatIpv4 };

/** The addresses that neighbour discovery knows. */
export const IPV6: AddressNumbers<Ipv6> = { family: 'IPv6', of: ipv6Of, format: formatIpv6 };

/** An address that at least one Service announces. Never changes: another one takes its place. */
export interface HeldAddress<Ip> {
  readonly ip: Ip;
  /** Canonical text, for counters and log lines. */
  readonly text: string;
  /** The Services that hold it, and where each of them wants it announced. */
  readonly holders: ReadonlyMap<string, InterfaceScope>;
  /** Whether some holder wants it on every link. */
  readonly everywhere: boolean;
  /** The links that the other holders name. */
  readonly links: ReadonlySet<string>;
}

/** What one batch of plan changes did to one address; `undefined` is not held. */
export interface AddressChange<Ip> {
  readonly ip: Ip;
  readonly before: HeldAddress<Ip> | undefined;
  readonly after: HeldAddress<Ip> | undefined;
}

/** Whether an address is announced on the link of that name: by any one of the Services that hold it. */
export function announcedOn<Ip>(held: HeldAddress<Ip> | undefined, link: string): boolean {
  return held !== undefined && (held.everywhere || held.links.has(link));
}

interface Holding<Ip> {
  readonly ips: readonly Ip[];
  readonly scope: InterfaceScope;
}

/**
 * The addresses of one family that this node answers for. Several Services may hold one address with different scopes;
 * it is held until the last one lets go. Looking one up takes the same time however many there are. Addresses of the
 * other family are not kept here.
 */
export class AddressTable<Ip> {
  readonly #numbers: AddressNumbers<Ip>;
  readonly #addresses = new Map<Ip, HeldAddress<Ip>>();
  readonly #services = new Map<string, Holding<Ip>>();

  constructor(numbers: AddressNumbers<Ip>) {
    this.#numbers = numbers;
  }

  /** How many addresses are held. */
  get size(): number {
    return this.#addresses.size;
  }

  /** The address, if it is held. */
  find(ip: Ip): HeldAddress<Ip> | undefined {
    return this.#addresses.get(ip);
  }

  /** The addresses that this Service holds. */
  heldBy(service: string): readonly HeldAddress<Ip>[] {
    return (this.#services.get(service)?.ips ?? []).map((ip) => this.#addresses.get(ip)).filter((held) => held !== undefined);
  }

  /** All addresses that are held, in no order. */
  all(): Iterable<HeldAddress<Ip>> {
    return this.#addresses.values();
  }

  /**
   * Applies a batch in order and returns what it did in the end, one entry for each address it touched: an address that
   * went from one Service to another in one batch was held all the time.
   */
  apply(changes: readonly PlanChange[]): readonly AddressChange<Ip>[] {
    const before = new Map<Ip, HeldAddress<Ip> | undefined>();
    for (const change of changes) this.#applyOne(change, before);
    return Array.from(before, ([ip, held]) => ({ ip, before: held, after: this.#addresses.get(ip) }));
  }

  #applyOne(change: PlanChange, before: Map<Ip, HeldAddress<Ip> | undefined>): void {
    switch (change.kind) {
      case 'announce':
        this.#announce(change.announcement, before);
        break;
      case 'withdraw':
        this.#withdraw(change.service, before);
        break;
      case 'replace':
        this.#replace(change.announcements, before);
        break;
      default:
        unreachable(change);
    }
  }

  #replace(announcements: readonly Announcement[], before: Map<Ip, HeldAddress<Ip> | undefined>): void {
    const kept = new Set(announcements.map(({ service }) => service));
    for (const service of [...this.#services.keys()]) if (!kept.has(service)) this.#withdraw(service, before);
    for (const announcement of announcements) this.#announce(announcement, before);
  }

  #announce(announcement: Announcement, before: Map<Ip, HeldAddress<Ip> | undefined>): void {
    const { service, interfaces: scope } = announcement;
    this.#withdraw(service, before);
    const ips = announcement.addresses.filter(({ family }) => family === this.#numbers.family).map(this.#numbers.of);
    this.#services.set(service, { ips, scope });
    for (const ip of ips) this.#setHolders(ip, [...this.#holders(ip), [service, scope]], before);
  }

  #withdraw(service: string, before: Map<Ip, HeldAddress<Ip> | undefined>): void {
    const ips = this.#services.get(service)?.ips ?? [];
    this.#services.delete(service);
    for (const ip of ips) {
      const others = this.#holders(ip).filter(([holder]) => holder !== service);
      this.#setHolders(ip, others, before);
    }
  }

  #holders(ip: Ip): readonly (readonly [string, InterfaceScope])[] {
    return [...(this.#addresses.get(ip)?.holders ?? [])];
  }

  #setHolders(ip: Ip, holders: readonly (readonly [string, InterfaceScope])[], before: Map<Ip, HeldAddress<Ip> | undefined>): void {
    if (!before.has(ip)) before.set(ip, this.#addresses.get(ip));
    if (holders.length === 0) this.#addresses.delete(ip);
    else this.#addresses.set(ip, heldBy(ip, this.#numbers.format(ip), new Map(holders)));
  }
}

function heldBy<Ip>(ip: Ip, text: string, holders: ReadonlyMap<string, InterfaceScope>): HeldAddress<Ip> {
  const scopes = [...holders.values()];
  return {
    ip,
    text,
    holders,
    everywhere: scopes.some((scope) => scope.all),
    links: new Set(scopes.flatMap((scope) => (scope.all ? [] : scope.names))),
  };
}
