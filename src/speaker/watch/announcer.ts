import { formatAddress } from '../../lib/ip.ts';
import type { Announcement, PlanChange } from '../../model/plan.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AnnouncedServices } from './announced-services.ts';
import type { AnnouncementNotices } from './announcement-notices.ts';
import type { Verdict, WithholdReason } from './announcement-plan.ts';

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
 * Carries out verdicts: tells the wire thread, the metrics, the log and, by an event, the people. What was said once is
 * not said again until it changes, so that a verdict may be repeated at will.
 */
export class Announcer {
  readonly #ports: AnnouncerPorts;
  /** Why a Service was withheld when that was last said, by Service: not said again while it stays so. */
  readonly #reasons = new Map<string, WithholdReason>();

  constructor(ports: AnnouncerPorts) {
    this.#ports = ports;
  }

  /** Carries out the verdict on the Service `key`; `service` is `undefined` when it is gone. */
  carryOut(key: string, service: ServiceFacts | undefined, verdict: Verdict): void {
    if (verdict.kind === 'announce') {
      this.#reasons.delete(key);
      if (service !== undefined) this.#announce(service, verdict.announcement);
      return;
    }
    this.#withdraw(key, verdict.reason);
    if (service === undefined) this.#reasons.delete(key);
    else if (this.#reasons.get(key) !== verdict.reason) {
      this.#reasons.set(key, verdict.reason);
      this.#sayWithheld(service, verdict);
    }
  }

  /** Why this node does not announce Services, by Service. */
  get reasons(): ReadonlyMap<string, WithholdReason> {
    return this.#reasons;
  }

  /** The Services for which it matters which links the node has. */
  *boundToInterfaces(): Iterable<string> {
    for (const { interfaces, service } of this.#ports.announced.announcements()) if (!interfaces.all) yield service;
    for (const [key, reason] of this.#reasons) if (reason === 'noMatchingInterface') yield key;
  }

  #announce(service: ServiceFacts, announcement: Announcement): void {
    const { announced, applyToWire } = this.#ports;
    const before = announced.get(service.key);
    if (before !== undefined && before.uid === service.uid && same(before.announcement, announcement)) return;
    if (before !== undefined && ips(before.announcement).join() !== ips(announcement).join())
      this.#withdraw(service.key, 'loadBalancerIPChanged');
    applyToWire({ kind: 'announce', announcement });
    announced.set(service.key, { announcement, uid: service.uid });
    this.#ports.notices.announced(PROTOCOL, service, ips(announcement));
  }

  #withdraw(key: string, reason: string): void {
    const { announced, applyToWire } = this.#ports;
    const before = announced.get(key);
    if (before === undefined) return;
    applyToWire({ kind: 'withdraw', service: key });
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

function same(left: Announcement, right: Announcement): boolean {
  return ips(left).join() === ips(right).join() && scopeText(left) === scopeText(right);
}

function scopeText({ interfaces }: Announcement): string {
  return interfaces.all ? '*' : interfaces.names.join();
}
