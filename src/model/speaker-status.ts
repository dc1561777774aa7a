import { err, ok, type Result } from '../lib/result.ts';
import type { SessionReport } from './bgp-plan.ts';

/** What a speaker tells of itself to those who may read its socket: one JSON object, whose fields only grow in number. */
export interface SpeakerStatus {
  /** Of this shape; another number is another shape. */
  readonly form: 1;
  readonly node: string;
  /** When it was told: RFC 3339. */
  readonly time: string;
  /** Announces what it announced before its restart, because the API server has not said anything yet. */
  readonly resumed: boolean;
  readonly sessions: readonly SessionStatus[];
  /** BGPPeers that select this node and have no session, or not all of it, and why. */
  readonly gaps: readonly { readonly peer: string; readonly reason: string }[];
  readonly services: readonly ServiceStatus[];
  /** Services that were left out because there are too many. */
  readonly omittedServices: number;
}

/** One BGP session: how it is, and what the peer is to have. */
export interface SessionStatus extends Omit<SessionReport, 'since'> {
  /** Since when it is established, or has not been: RFC 3339. */
  readonly since: string;
  /** Prefixes that the peer is to have, the first thousand of them. */
  readonly routes: readonly string[];
}

/** What this node does for one Service. */
export interface ServiceStatus {
  /** `namespace/name`. */
  readonly service: string;
  /** The addresses that this node owns on its segments; none when another node does. */
  readonly layer2: readonly string[];
  /** Why it owns none: a reason of the log's `serviceWithdrawn`. Absent when it owns some. */
  readonly layer2Reason?: string;
  readonly routes: readonly string[];
  /** Why it announces no route. Absent when it announces some. */
  readonly bgpReason?: string;
}

/** Reads what a speaker told. The error is a sentence for whoever asked. */
export function parseSpeakerStatus(text: string): Result<SpeakerStatus, string> {
  let status: Partial<SpeakerStatus> | null;
  try {
    status = JSON.parse(text) as Partial<SpeakerStatus> | null;
  } catch {
    return err('what the speaker tells is cut off, or is no JSON');
  }
  if (status?.form !== 1) return err('the speaker is of another version: its status has another shape');
  if (!Array.isArray(status.sessions) || !Array.isArray(status.services))
    return err('what the speaker tells lacks its sessions or Services');
  return ok(status as SpeakerStatus);
}
