import type { MessageCounts, SessionReport } from '../../model/bgp-plan.ts';
import type { Counter, Gauge, Metrics } from '../../telemetry/metrics.ts';

type Labels = Readonly<Record<'peer' | 'vrf', string>>;
type Counted = Pick<SessionReport, 'sent' | 'received'>;

interface GaugeRow {
  readonly name: string;
  readonly help: string;
  readonly readingOf: (session: SessionReport) => number;
}

interface CounterRow {
  readonly name: string;
  readonly help: string;
  readonly countOf: (session: Counted) => number;
}

/** Names that MetalLB has in one of its modes. `frr-k8s` says the address of a peer without the port. */
interface Naming {
  readonly prefix: string;
  readonly gauges: readonly GaugeRow[];
  readonly peerOf: (address: string) => string;
}

/** What MetalLB calls the VRF of a session that has none. */
const DEFAULT_VRF = 'default';
const NO_MESSAGES: MessageCounts = { open: 0, update: 0, notification: 0, keepalive: 0, 'route-refresh': 0 };
const LABELS = ['peer', 'vrf'];

const UP: GaugeRow = {
  name: 'session_up',
  help: 'BGP session state (1 is up, 0 is down)',
  readingOf: ({ state }) => (state === 'established' ? 1 : 0),
};
const ANNOUNCED: GaugeRow = {
  name: 'announced_prefixes_total',
  help: 'Number of prefixes currently being advertised on the BGP session',
  readingOf: ({ announced }) => announced,
};
const PENDING: GaugeRow = {
  name: 'pending_prefixes_total',
  help: 'Number of prefixes that should be advertised on the BGP session',
  readingOf: ({ wanted }) => wanted,
};
/** All that routers send is dropped, so that none is ever accepted: what the name counts in FRR. */
const RECEIVED: GaugeRow = {
  name: 'received_prefixes_total',
  help: 'Number of prefixes currently being received on the BGP session',
  readingOf: () => 0,
};

const COUNTERS: readonly CounterRow[] = [
  { name: 'updates_total', help: 'Number of BGP UPDATE messages sent', countOf: ({ sent }) => sent.update },
  { name: 'updates_total_received', help: 'Number of BGP UPDATE messages received', countOf: ({ received }) => received.update },
  { name: 'opens_sent', help: 'Number of BGP open messages sent', countOf: ({ sent }) => sent.open },
  { name: 'opens_received', help: 'Number of BGP open messages received', countOf: ({ received }) => received.open },
  { name: 'notifications_sent', help: 'Number of BGP notification messages sent', countOf: ({ sent }) => sent.notification },
  { name: 'keepalives_sent', help: 'Number of BGP keepalive messages sent', countOf: ({ sent }) => sent.keepalive },
  { name: 'keepalives_received', help: 'Number of BGP keepalive messages received', countOf: ({ received }) => received.keepalive },
  { name: 'route_refresh_sent', help: 'Number of BGP route refresh messages sent', countOf: ({ sent }) => sent['route-refresh'] },
  { name: 'total_sent', help: 'Number of total BGP messages sent', countOf: ({ sent }) => sumOf(sent) },
  { name: 'total_received', help: 'Number of total BGP messages received', countOf: ({ received }) => sumOf(received) },
];

const NAMINGS: readonly Naming[] = [
  { prefix: 'metallb_bgp_', gauges: [UP, ANNOUNCED, PENDING], peerOf: (address) => address },
  {
    prefix: 'frrk8s_bgp_',
    gauges: [UP, ANNOUNCED, RECEIVED],
    peerOf: (address) => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
  },
];

/** The metrics of BGP sessions, with the names of all of MetalLB's modes: its own engine, FRR beside it, and frr-k8s. */
export class SessionMetrics {
  readonly #families: readonly FamilyOfMetrics[];
  /** What was counted so far, by peer. */
  #last: ReadonlyMap<string, SessionReport> = new Map();

  constructor(metrics: Metrics) {
    this.#families = NAMINGS.map((naming) => new FamilyOfMetrics(metrics, naming));
  }

  /** Takes how all sessions are now. */
  take(sessions: readonly SessionReport[]): void {
    const now = new Map(sessions.map((session) => [session.peer, session]));
    for (const [peer, session] of this.#last) {
      const after = now.get(peer);
      if (after?.address === session.address && after.vrf === session.vrf) continue;
      for (const family of this.#families) family.remove(session);
    }
    for (const session of sessions) {
      const base = baseOf(session, this.#last.get(session.peer));
      for (const family of this.#families) family.take(session, base);
    }
    this.#last = now;
  }
}

/** The metrics of one naming. */
class FamilyOfMetrics {
  readonly #gauges: readonly (GaugeRow & { readonly gauge: Gauge })[];
  readonly #counters: readonly (CounterRow & { readonly counter: Counter })[];
  readonly #peerOf: Naming['peerOf'];

  constructor(metrics: Metrics, { prefix, gauges, peerOf }: Naming) {
    this.#gauges = gauges.map((row) => ({ ...row, gauge: metrics.gauge(`${prefix}${row.name}`, row.help, LABELS) }));
    this.#counters = COUNTERS.map((row) => ({ ...row, counter: metrics.counter(`${prefix}${row.name}`, row.help, LABELS) }));
    this.#peerOf = peerOf;
  }

  take(session: SessionReport, base: Counted): void {
    const labels = this.#labelsOf(session);
    for (const { gauge, readingOf } of this.#gauges) gauge.set(readingOf(session), labels);
    for (const { counter, countOf } of this.#counters) counter.add(Math.max(0, countOf(session) - countOf(base)), labels);
  }

  remove(session: SessionReport): void {
    const labels = this.#labelsOf(session);
    for (const { gauge } of this.#gauges) gauge.remove(labels);
    for (const { counter } of this.#counters) counter.remove(labels);
  }

  #labelsOf({ address, vrf }: SessionReport): Labels {
    return { peer: this.#peerOf(address), vrf: vrf ?? DEFAULT_VRF };
  }
}

/** What is counted already; a session that was made anew counts from 0. */
function baseOf(session: SessionReport, before: SessionReport | undefined): Counted {
  const isSame = before !== undefined && sumOf(before.sent) <= sumOf(session.sent) && sumOf(before.received) <= sumOf(session.received);
  return isSame ? before : { sent: NO_MESSAGES, received: NO_MESSAGES };
}

function sumOf(counts: MessageCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
