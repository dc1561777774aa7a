import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import type { SessionReport } from '../../model/bgp-plan.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SessionMetrics } from './session-metrics.ts';

/** What keeping book of sessions needs of the world. */
export interface SessionBookPorts {
  readonly node: string;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  /** The BGPPeer of a name as the API server has it. */
  readonly peerOf: (name: string) => { readonly metadata: { readonly namespace?: string; readonly uid?: string } } | undefined;
}

/** How all sessions of this node are: for the metrics, for events about their BGPPeers, and for whoever asks. */
export class SessionBook {
  readonly #ports: SessionBookPorts;
  readonly #metrics: SessionMetrics;
  #sessions: ReadonlyMap<string, SessionReport> = new Map();

  constructor(ports: SessionBookPorts) {
    this.#ports = ports;
    this.#metrics = new SessionMetrics(ports.metrics);
  }

  /** How they were when that was last said. */
  get sessions(): readonly SessionReport[] {
    return [...this.#sessions.values()];
  }

  /** Takes how all sessions are now. */
  take(sessions: readonly SessionReport[]): void {
    this.#metrics.take(sessions);
    for (const session of sessions) this.#tell(session, this.#sessions.get(session.peer));
    this.#sessions = new Map(sessions.map((session) => [session.peer, session]));
  }

  /** Each end and each reason is said when it comes: a router that is away for a day is no news each minute. */
  #tell(session: SessionReport, before: SessionReport | undefined): void {
    const { node } = this.#ports;
    const { state, address, lastError } = session;
    const wasUp = before?.state === 'established';
    if (state === 'established') {
      if (!wasUp) this.#record(session.peer, 'Normal', 'sessionUp', `node "${node}" has a session with ${address}`);
    } else if (lastError !== '' && (wasUp || lastError !== before?.lastError)) {
      this.#record(session.peer, 'Warning', 'sessionDown', `node "${node}" has no session with ${address}: ${lastError}`);
    }
  }

  #record(name: string, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { namespace, uid } = this.#ports.peerOf(name)?.metadata ?? {};
    if (uid === undefined) return;
    this.#ports.events.record({ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', namespace, name, uid }, type, reason, message);
  }
}
