import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import type { AddressConflict, Taking } from '../../model/plan.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Gauge, Metrics } from '../../telemetry/metrics.ts';
import { describeConflict } from './conflict-text.ts';
import { causeOf } from './taking-text.ts';

/** What saying something about announcements needs of the world. */
export interface NoticePorts {
  readonly node: string;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** How an address is made known, in the words of events, metrics and logs. */
export type Protocol = 'layer2' | 'bgp';

/** Says by metric, log and event what this node announces. One for a process: it registers the metric. */
export class AnnouncementNotices {
  readonly #ports: NoticePorts;
  readonly #gauge: Gauge;

  constructor(ports: NoticePorts) {
    this.#ports = ports;
    this.#gauge = ports.metrics.gauge(
      'metallb_speaker_announced',
      'Services being announced from this node. This is desired state, it does not guarantee that the routing protocols have converged.',
      ['service', 'protocol', 'node', 'ip'],
    );
  }

  /** Says that these addresses of a Service are announced from now on. */
  announced(protocol: Protocol, service: ServiceFacts, ips: readonly string[]): void {
    const { events, log, node } = this.#ports;
    for (const ip of ips) this.#gauge.set(1, this.#labels(protocol, service.key, ip));
    log.info('service has IP, announcing', { event: 'serviceAnnounced', service: service.key, ips, protocol });
    events.record(subjectOf(service), 'Normal', 'nodeAssigned', `announcing from node "${node}" with protocol "${protocol}"`);
  }

  /** Says that these addresses of a Service are not announced any more. */
  withdrawn(protocol: Protocol, service: string, ips: readonly string[], reason: string): void {
    for (const ip of ips) this.#gauge.remove(this.#labels(protocol, service, ip));
    const fields = { event: 'serviceWithdrawn', service, ip: ips, reason, protocol };
    this.#ports.log.info('withdrawing service announcement', fields);
  }

  /** Says that somebody else has an address of these Services. */
  conflicted(services: readonly ServiceFacts[], conflict: AddressConflict): void {
    const { events, log, node } = this.#ports;
    const { reason, message } = describeConflict(conflict, node);
    const { what, address: ip, mac, node: holder } = conflict;
    const fields = { event: 'addressConflict', kind: what, ip, mac, ...(holder === '' ? {} : { node: holder }) };
    log.warn(message, { ...fields, services: services.map(({ key }) => key) });
    for (const service of services) events.record(subjectOf(service), 'Warning', reason, message);
  }

  /** Says that an address of a Service was another node's, and why it is this one's. */
  taken(service: ServiceFacts, taking: Taking): void {
    const { events, node } = this.#ports;
    const { ip, reason, silentMilliseconds } = taking;
    const silence = silentMilliseconds === undefined ? '' : `, after ${silentMilliseconds} ms of silence`;
    const message = `node "${node}" answers for ${ip}: ${causeOf(taking, 'it')}${silence}`;
    events.record(subjectOf(service), reason === 'gone' || reason === 'unheard' ? 'Warning' : 'Normal', 'ownerChanged', message);
  }

  /** Says that it cannot be announced though it should be. */
  failed(service: ServiceFacts, message: string): void {
    this.#ports.events.record(subjectOf(service), 'Warning', 'announceFailed', message);
  }

  #labels(protocol: Protocol, service: string, ip: string): Readonly<Record<string, string>> {
    return { service, protocol, node: this.#ports.node, ip };
  }
}

function subjectOf({ namespace, name, uid, resourceVersion }: ServiceFacts): Parameters<EventRecorder['record']>[0] {
  return { apiVersion: 'v1', kind: 'Service', namespace, name, uid, resourceVersion };
}
