import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../kubernetes/eventually.ts';

/** One request by which the product changed something, or tried to. */
export interface Write {
  /** The service account, without its namespace. */
  readonly by: string;
  /** What the process calls itself, its pod in brackets. */
  readonly agent: string;
  readonly verb: string;
  /** Empty for the core. */
  readonly group: string;
  /** `services/status`, `events`, ... */
  readonly resource: string;
  readonly name: string;
  /** The answer's HTTP status. */
  readonly status: number;
  /** When it came and when it was answered, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

const POLICY = fileURLToPath(new URL('./audit-policy.yaml', import.meta.url));

/** Flags that make kube-apiserver note in its own log what the product writes. */
export const AUDIT_FLAGS: readonly string[] = [`--audit-policy-file=${POLICY}`, '--audit-log-path=-'];

/** The same for all that the product asks, reads too. */
export const FULL_AUDIT_FLAGS: readonly string[] = [
  `--audit-policy-file=${fileURLToPath(new URL('./audit-policy-all.yaml', import.meta.url))}`,
  '--audit-log-path=-',
];

/** What was begun is written within seconds. */
const QUIET_PATIENCE = { withinMilliseconds: 60_000 };

/** What an entry of the log says (audit.k8s.io/v1, Event), as far as it is read here. */
interface Entry {
  readonly kind: string;
  readonly user: { readonly username: string };
  readonly userAgent: string;
  readonly verb: string;
  /** Absent of what is no resource, such as `/version`. */
  readonly objectRef?: { readonly apiGroup?: string; readonly resource: string; readonly subresource?: string; readonly name?: string };
  readonly responseStatus: { readonly code: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Reads from the API server's log what the product wrote; the server must run with {@link AUDIT_FLAGS}. */
export class AuditLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** All writes so far, oldest first. The server notes a write before it answers it. */
  async writes(): Promise<Write[]> {
    // What follows the last line feed is a line that is being written.
    const lines = (await readFile(this.#path, 'utf8')).split('\n').slice(0, -1);
    const entries = lines.filter((line) => line.startsWith('{"kind":"Event","apiVersion":"audit'));
    return entries.map((line) => writeOf(JSON.parse(line) as Entry));
  }

  /** Waits until nothing has been written for so long, but the lease of whoever leads; gives how many writes there were by then. */
  async quiet(milliseconds: number): Promise<number> {
    const count = async (): Promise<number> => (await this.writes()).filter(({ resource }) => resource !== 'leases').length;
    const unchanged = async (): Promise<boolean> => {
      const before = await count();
      await sleep(milliseconds);
      return (await count()) === before;
    };
    await eventually(`nothing is written for ${milliseconds / 1_000} s`, unchanged, QUIET_PATIENCE);
    return (await this.writes()).length;
  }

  /** The writes to one object and its status; to all objects of the resource when no name is given. */
  async writesTo(resource: string, name?: string): Promise<Write[]> {
    const meant = (write: Write): boolean => write.resource.split('/')[0] === resource && (name === undefined || write.name === name);
    return (await this.writes()).filter(meant);
  }
}

function writeOf({ user, userAgent, verb, objectRef, responseStatus, requestReceivedTimestamp, stageTimestamp }: Entry): Write {
  const { apiGroup: group = '', resource, subresource, name = '' } = objectRef ?? { resource: '' };
  return {
    by: user.username.split(':').at(-1) ?? '',
    agent: userAgent,
    verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    name,
    status: responseStatus.code,
    receivedAt: Date.parse(requestReceivedTimestamp),
    answeredAt: Date.parse(stageTimestamp),
  };
}
