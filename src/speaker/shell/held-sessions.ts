import type { SessionReport } from '../../model/bgp-plan.ts';

/** Where it is kept which sessions there were. */
export interface HeldSessionsFile {
  read(): string | undefined;
  write(text: string): void;
}

/** Far more than a node has peers; the oldest are forgotten first. */
const MOST_SESSIONS = 1_000;

/** Names a session over restarts: another peer at the same address is another session. */
export function sessionKeyOf({ peer, address, vrf }: Pick<SessionReport, 'peer' | 'address' | 'vrf'>): string {
  return `${peer} ${address} ${vrf ?? ''}`;
}

/**
 * Which sessions this node had since its kernel started. Only of those may a router be told that packets were forwarded
 * meanwhile (RFC 4724, Section 4.1): what forwards are rules of the kernel, which outlive this process but not the kernel.
 */
export class HeldSessions {
  readonly #bootId: string;
  readonly #file: HeldSessionsFile;
  readonly #keys: Set<string>;

  /** `bootId` names the life of the kernel; with an empty one nothing is known of earlier processes. */
  constructor(bootId: string, file: HeldSessionsFile) {
    this.#bootId = bootId;
    this.#file = file;
    this.#keys = new Set(keysOf(file.read(), bootId));
  }

  /** The keys of the sessions, of this process and of those before it. */
  get keys(): readonly string[] {
    return [...this.#keys];
  }

  /** Takes how the sessions are now, and writes down those that are new. */
  take(sessions: readonly SessionReport[]): void {
    const before = this.#keys.size;
    for (const session of sessions) if (session.state === 'established') this.#keys.add(sessionKeyOf(session));
    if (this.#keys.size === before || this.#bootId === '') return;
    for (const key of this.#keys) if (this.#keys.size > MOST_SESSIONS) this.#keys.delete(key);
    this.#file.write(`${JSON.stringify({ bootId: this.#bootId, sessions: this.keys })}\n`);
  }
}

/** Whatever else lies in the file counts as nothing. */
function keysOf(text: string | undefined, bootId: string): readonly string[] {
  if (text === undefined || bootId === '') return [];
  const kept = parsed(text) as { readonly bootId?: unknown; readonly sessions?: unknown } | null;
  if (typeof kept !== 'object' || kept?.bootId !== bootId || !Array.isArray(kept.sessions)) return [];
  return kept.sessions.filter((key: unknown) => typeof key === 'string').slice(0, MOST_SESSIONS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
