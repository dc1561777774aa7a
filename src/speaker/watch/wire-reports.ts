import { unreachable } from '../../lib/assert.ts';
import type { SessionReport } from '../../model/bgp-plan.ts';
import type { AddressConflict, AddressCounts, KnownOwners, Report, Taking } from '../../model/plan.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Counter, Gauge, Metrics } from '../../telemetry/metrics.ts';
import { SegmentMetrics } from './segment-metrics.ts';
import { causeOf } from './taking-text.ts';

/** Who hears what the wire thread reports beyond its counts and log lines. */
export interface WireListener {
  /** The links that could be announced on changed to these. */
  interfacesChanged(names: readonly string[]): void;
  /** This node answers for these addresses; `certain` when that is what comes of the whole plan. */
  addressesOwned(addresses: readonly string[], certain: boolean): void;
  /** Somebody else has an address of this node, or one that it would take. */
  conflictFound(conflict: AddressConflict): void;
  /** Whose the addresses are, as this node knows it. */
  ownersKnown(known: KnownOwners): void;
  /** An address has come to this node from another one. */
  addressTaken(taking: Taking): void;
  /** The BGP sessions are like this now. */
  sessionsChanged(sessions: readonly SessionReport[]): void;
  /** The thread threw again and again: it is to be started afresh. */
  broken(): void;
}

/** Takes the reports of the wire thread: counts become metrics, log lines go to the log. */
export class WireReports {
  readonly #log: Logger;
  readonly #listener: WireListener;
  readonly #requests: Counter;
  readonly #responses: Counter;
  readonly #gratuitous: Counter;
  readonly #refused: Counter;
  readonly #stoodIn: Gauge;
  readonly #standIns: Counter;
  readonly #conflicts: Counter;
  readonly #segment: SegmentMetrics;
  #refusedBefore = 0;
  #standInsBefore = 0;

  constructor(log: Logger, metrics: Metrics, listener: WireListener) {
    this.#log = log;
    this.#listener = listener;
    this.#segment = new SegmentMetrics(metrics);
    this.#requests = metrics.counter('metallb_layer2_requests_received', 'Number of layer2 requests received for owned IPs', ['ip']);
    this.#responses = metrics.counter(
      'metallb_layer2_responses_sent',
      'Number of layer2 responses sent for owned IPs in response to requests',
      ['ip'],
    );
    this.#gratuitous = metrics.counter(
      'metallb_layer2_gratuitous_sent',
      'Number of gratuitous layer2 packets sent for owned IPs as a result of failovers',
      ['ip'],
    );
    this.#conflicts = metrics.counter(
      'typemetal_layer2_conflicts_total',
      'Number of times that another host was found to have an address which this node announces or would announce; counted again while it lasts',
      ['ip', 'kind'],
    );
    this.#refused = metrics.counter(
      'typemetal_bgp_refused_connections_total',
      'Number of connections to the BGP port of this node that no peer opened',
    );
    this.#stoodIn = metrics.gauge(
      'typemetal_layer2_stood_in_addresses',
      'Number of addresses that this node answers for in the place of nodes whose speakers are away',
    );
    this.#standIns = metrics.counter(
      'typemetal_layer2_stand_ins_total',
      'Number of times that this node began to answer in the place of another one',
    );
  }

  /** Takes one report. */
  take(report: Report): void {
    switch (report.kind) {
      case 'ready':
      case 'gone':
        break;
      case 'interfaces':
        this.#listener.interfacesChanged(report.names);
        break;
      case 'owned':
        this.#listener.addressesOwned(report.addresses, report.certain);
        break;
      case 'conflict':
        this.#conflicts.add(1, { ip: report.address, kind: report.what });
        this.#listener.conflictFound(report);
        break;
      case 'claims':
        this.#listener.ownersKnown(report);
        break;
      case 'segment':
        this.#segment.take(report.counts);
        break;
      case 'taken':
        for (const taking of report.takings) this.#take(taking);
        break;
      case 'counts':
        for (const counts of report.counts) this.#count(counts);
        break;
      case 'sessions':
        this.#refusedBefore = addTo(this.#refused, report.refused, this.#refusedBefore);
        this.#listener.sessionsChanged(report.sessions);
        break;
      case 'standing-in':
        this.#stoodIn.set(report.addresses);
        this.#standInsBefore = addTo(this.#standIns, report.begun, this.#standInsBefore);
        break;
      case 'broken':
        this.#log.error('the wire thread threw while it read frames and is started afresh', { op: 'wireThread', error: report.message });
        this.#listener.broken();
        break;
      case 'log':
        this.#log[report.level](report.message, report.fields);
        break;
      default:
        unreachable(report);
    }
  }

  #take(taking: Taking): void {
    const { ip, from, reason, silentMilliseconds: milliseconds } = taking;
    const fields = { event: 'addressTaken', ip, from, reason, ...(milliseconds === undefined ? {} : { milliseconds }) };
    this.#log.info(`${ip} is answered for here: ${causeOf(taking, 'this node')}`, fields);
    this.#segment.taken(taking);
    this.#listener.addressTaken(taking);
  }

  #count({ ip, requestsReceived, responsesSent, gratuitousSent }: AddressCounts): void {
    if (requestsReceived > 0) this.#requests.add(requestsReceived, { ip });
    if (responsesSent > 0) this.#responses.add(responsesSent, { ip });
    if (gratuitousSent > 0) this.#gratuitous.add(gratuitousSent, { ip });
  }
}

/** Adds what a count has grown by, and gives the count. A thread that was started anew counts from 0. */
function addTo(counter: Counter, count: number, before: number): number {
  const added = count < before ? count : count - before;
  if (added > 0) counter.add(added);
  return count;
}
