import { formatAddress, sameAddress } from '../../lib/ip.ts';
import { sameContenders } from '../../model/contenders.ts';
import type { AddressConflict, Announcement, PlanChange, Taking } from '../../model/plan.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AnnouncedServices } from './announced-services.ts';
import type { AnnouncementNotices } from './announcement-notices.ts';
import type { Verdict, WithholdReason } from './announcement-plan.ts';
import { type PlannedService, PlannedServices } from './planned-services.ts';

/** What carrying out a verdict needs of the world. */
export interface AnnouncerPorts {
  readonly node: string;
  readonly log: Logger;
  readonly announced: AnnouncedServices;
  readonly notices: AnnouncementNotices;
  /** Hands a change to the thread that owns the wire. Never waits. */
  applyToWire(change: PlanChange): void;
}

/** The protocol's name in events, metrics and logs. */
const PROTOCOL = 'layer2';

/**
 * Carries out verdicts: tells the wire thread who may answer for what and, as soon as that says that this node does, the metrics, the log
 * and, by an event, the people. What was said once is not said again until it changes, so that a verdict may be repeated at will.
 */
export class Announcer {
  readonly #ports: AnnouncerPorts;
  readonly #planned = new PlannedServices();
  /** Why a Service was withheld when that was last said, by Service: not said again while it stays so. */
  readonly #reasons = new Map<string, WithholdReason>();

  constructor(ports: AnnouncerPorts) {
    this.#ports = ports;
  }

  /** Carries out the verdict on the Service `key`; `service` is `undefined` when it is gone. */
  carryOut(key: string, service: ServiceFacts | undefined, verdict: Verdict): void {
    if (verdict.kind === 'announce') {
      if (service !== undefined) this.#plan({ service, announcement: verdict.announcement, address: keyAddress(verdict.announcement) });
      return;
    }
    this.#planned.delete(key);
    this.#tellWire(key, verdict.others);
    this.#withdraw(key, verdict.reason);
    if (service === undefined) this.#reasons.delete(key);
    else if (this.#reasons.get(key) !== verdict.reason) {
      this.#reasons.set(key, verdict.reason);
      this.#sayWithheld(service, verdict);
    }
  }

  /** Takes the addresses that this node answers for; `certain` when that is what comes of the whole plan. */
  own(addresses: readonly string[], certain: boolean): void {
    const { announced } = this.#ports;
    const moved = announced.owned.symmetricDifference(new Set(addresses));
    announced.own(addresses, certain);
    for (const planned of this.#planned.values()) if (moved.has(planned.address)) this.#follow(planned);
  }

  /** Takes word of somebody else who has an address: the Services that it is of are told. */
  conflicted(conflict: AddressConflict): void {
    const concerned = this.#planned
      .concernedBy(conflict.address)
      .filter(({ announcement }) => ips(announcement).includes(conflict.address));
    const services = concerned.map(({ service }) => service);
    if (services.length > 0) this.#ports.notices.conflicted(services, conflict);
  }

  /** An address has come to this node from another one: says so of the Services that it belongs to. */
  taken(taking: Taking): void {
    for (const { service, address } of this.#planned.concernedBy(taking.ip))
      if (address === taking.ip) this.#ports.notices.taken(service, taking);
  }

  /** Why this node does not announce Services, by Service. */
  get reasons(): ReadonlyMap<string, WithholdReason> {
    return this.#reasons;
  }

  /** The Services for which it matters which links the node has. */
  *boundToInterfaces(): Iterable<string> {
    for (const { interfaces, service } of this.#ports.announced.planned())
      if (!interfaces.all && interfaces.names.length > 0) yield service;
  }

  #plan(planned: PlannedService): void {
    const { announced } = this.#ports;
    const { service, announcement } = planned;
    const before = announced.get(service.key);
    if (before !== undefined && !sameAddresses(before.announcement, announcement)) {
      this.#tellWire(service.key, undefined);
      this.#withdraw(service.key, 'loadBalancerIPChanged');
    }
    this.#planned.set(planned);
    this.#tellWire(service.key, announcement);
    this.#follow(planned);
  }

  /** Announces what is this node's, and nothing else. */
  #follow({ service, announcement, address }: PlannedService): void {
    const { announced } = this.#ports;
    const { key, uid } = service;
    const before = announced.get(key);
    if (!announced.owned.has(address)) {
      this.#withdraw(key, 'notOwner');
      this.#reasons.set(key, 'notOwner');
      return;
    }
    this.#reasons.delete(key);
    if (before !== undefined && before.uid === uid && scopeText(before.announcement) === scopeText(announcement)) return;
    announced.set(key, { announcement, uid });
    this.#ports.notices.announced(PROTOCOL, service, ips(announcement));
  }

  #tellWire(key: string, announcement: Announcement | undefined): void {
    const { announced, applyToWire } = this.#ports;
    const before = announced.planOf(key);
    if (before === announcement || (before !== undefined && announcement !== undefined && same(before, announcement))) return;
    announced.plan(key, announcement);
    applyToWire(announcement === undefined ? { kind: 'withdraw', service: key } : { kind: 'announce', announcement });
  }

  #withdraw(key: string, reason: string): void {
    const { announced } = this.#ports;
    const before = announced.get(key);
    if (before === undefined) return;
    announced.set(key, undefined);
    this.#ports.notices.withdrawn(PROTOCOL, key, ips(before.announcement), reason);
  }

  /** Says why, where that is more than the normal day: another node is the owner, or there is no address yet. */
  #sayWithheld(service: ServiceFacts, verdict: Verdict & { readonly kind: 'withhold' }): void {
    const { log, node } = this.#ports;
    const { reason } = verdict;
    const fields = { op: 'setBalancer', service: service.key, ips: service.ingress.map(({ ip }) => ip), reason };
    if (verdict.reason === 'noMatchingInterface') {
      const message = `the interfaces specified by LB IP "${verdict.address}" doesn't exist in assigned node "${node}" with protocol "${PROTOCOL}"`;
      log.warn(message, fields);
      this.#ports.notices.failed(service, message);
    } else if (reason === 'invalidIP') log.error('invalid IP allocated by controller', fields);
    else if (reason === 'ipNotAllowed') log.error('IP allocated by controller not allowed by config', fields);
    else if (reason === 'sharedIPWithServiceSelector') {
      const message = 'a Service with a sharing key is not announced by an L2Advertisement with serviceSelectors: leave out one of them';
      log.warn(message, { ...fields, event: 'skipping should announce l2' });
    }
  }
}

function ips({ addresses }: Announcement): string[] {
  return addresses.map(formatAddress);
}

/** Whether the wire would do the same. */
function same(left: Announcement, right: Announcement): boolean {
  if (!sameAddresses(left, right) || scopeText(left) !== scopeText(right)) return false;
  const [one, other] = [left.candidacy, right.candidacy];
  if (one === undefined || other === undefined) return one === other;
  return one.self === other.self && sameContenders(one.contenders, other.contenders);
}

function sameAddresses(left: Announcement, right: Announcement): boolean {
  if (left.addresses.length !== right.addresses.length) return false;
  return left.addresses.every((address, index) => sameAddress(address, right.addresses[index] ?? address));
}

/** The address whose owner announces them all. */
function keyAddress({ candidacy, addresses: [first] }: Announcement): string {
  const address = candidacy?.address ?? first;
  return address === undefined ? '' : formatAddress(address);
}

function scopeText({ interfaces }: Announcement): string {
  return interfaces.all ? '*' : interfaces.names.join();
}
