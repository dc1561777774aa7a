import { unreachable } from '../../../lib/assert.ts';
import { formatIpv4, type Ipv4, ipv4Of } from '../../../lib/ipv4.ts';
import type { Announcement, InterfaceScope, PlanChange } from '../../../model/plan.ts';

/** An address that at least one Service announces. Never changes: another one takes its place. */
export interface HeldAddress {
  readonly ip: Ipv4;
  /** Dotted form, for counters and log lines. */
  readonly text: string;
  /** The Services that hold it, and where each of them wants it announced. */
  readonly holders: ReadonlyMap<string, InterfaceScope>;
  /** Whether some holder wants it on every link. */
  readonly everywhere: boolean;
  /** The links that the other holders name. */
  readonly links: ReadonlySet<string>;
}

/** What one batch of plan changes did to one address; `undefined` is not held. */
export interface AddressChange {
  readonly ip: Ipv4;
  readonly before: HeldAddress | undefined;
  readonly after: HeldAddress | undefined;
}

/** Whether an address is announced on the link of that name: by any one of the Services that hold it. */
export function announcedOn(held: HeldAddress | undefined, link: string): boolean {
  return held !== undefined && (held.everywhere || held.links.has(link));
}

interface Holding {
  readonly ips: readonly Ipv4[];
  readonly scope: InterfaceScope;
}

/**
 * The IPv4 addresses that this node answers for. Several Services may hold one address with different scopes; it is
 * held until the last one lets go. Looking one up takes the same time however many there are. IPv6 addresses of the
 * plan are not kept here.
 */
export class AddressTable {
  readonly #addresses = new Map<Ipv4, HeldAddress>();
  readonly #services = new Map<string, Holding>();

  /** How many addresses are held. */
  get size(): number {
    return this.#addresses.size;
  }

  /** The address, if it is held. */
  find(ip: Ipv4): HeldAddress | undefined {
    return this.#addresses.get(ip);
  }

  /** All addresses that are held, in no order. */
  all(): Iterable<HeldAddress> {
    return this.#addresses.values();
  }

  /**
   * Applies a batch in order and returns what it did in the end, one entry for each address it touched: an address that
   * went from one Service to another in one batch was held all the time.
   */
  apply(changes: readonly PlanChange[]): readonly AddressChange[] {
    const before = new Map<Ipv4, HeldAddress | undefined>();
    for (const change of changes) this.#applyOne(change, before);
    return Array.from(before, ([ip, held]) => ({ ip, before: held, after: this.#addresses.get(ip) }));
  }

  #applyOne(change: PlanChange, before: Map<Ipv4, HeldAddress | undefined>): void {
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

  #replace(announcements: readonly Announcement[], before: Map<Ipv4, HeldAddress | undefined>): void {
    const kept = new Set(announcements.map(({ service }) => service));
    for (const service of [...this.#services.keys()]) if (!kept.has(service)) this.#withdraw(service, before);
    for (const announcement of announcements) this.#announce(announcement, before);
  }

  #announce(announcement: Announcement, before: Map<Ipv4, HeldAddress | undefined>): void {
    const { service, interfaces: scope } = announcement;
    this.#withdraw(service, before);
    const ips = announcement.addresses.filter(({ family }) => family === 'IPv4').map(ipv4Of);
    this.#services.set(service, { ips, scope });
    for (const ip of ips) this.#setHolders(ip, [...this.#holders(ip), [service, scope]], before);
  }

  #withdraw(service: string, before: Map<Ipv4, HeldAddress | undefined>): void {
    const ips = this.#services.get(service)?.ips ?? [];
    this.#services.delete(service);
    for (const ip of ips) {
      const others = this.#holders(ip).filter(([holder]) => holder !== service);
      this.#setHolders(ip, others, before);
    }
  }

  #holders(ip: Ipv4): readonly (readonly [string, InterfaceScope])[] {
    return [...(this.#addresses.get(ip)?.holders ?? [])];
  }

  #setHolders(ip: Ipv4, holders: readonly (readonly [string, InterfaceScope])[], before: Map<Ipv4, HeldAddress | undefined>): void {
    if (!before.has(ip)) before.set(ip, this.#addresses.get(ip));
    if (holders.length === 0) this.#addresses.delete(ip);
    else this.#addresses.set(ip, heldBy(ip, new Map(holders)));
  }
}

function heldBy(ip: Ipv4, holders: ReadonlyMap<string, InterfaceScope>): HeldAddress {
  const scopes = [...holders.values()];
  return {
    ip,
    text: formatIpv4(ip),
    holders,
    everywhere: scopes.some((scope) => scope.all),
    links: new Set(scopes.flatMap((scope) => (scope.all ? [] : scope.names))),
  };
}
