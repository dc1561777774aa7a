import { readFile, writeFile } from 'node:fs/promises';

/** One request as the API server's audit log tells it (audit.k8s.io/v1). */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  /** `services`, or `services/status`. */
  readonly resource: string;
  readonly status: number;
  /** When the answer was complete, in milliseconds since 1970. */
  readonly answeredAt: number;
}

interface AuditLine {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly stageTimestamp: string;
}

/** Writes are what counts; reads are left out so that the log costs little. */
const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'] }, { level: 'None' }],
};

/** The audit log of one API server: give `flags` to it when it starts, and read what was written since any time. */
export class AuditLog {
  readonly flags: readonly string[];
  readonly #file: string;

  private constructor(file: string, policy: string) {
    this.#file = file;
    this.flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, '--audit-log-mode=blocking'];
  }

  /** Lays policy and log in `folder`. */
  static async in(folder: string): Promise<AuditLog> {
    const policy = `${folder}/audit-policy.json`;
    await writeFile(policy, JSON.stringify(POLICY));
    return new AuditLog(`${folder}/audit.log`, policy);
  }

  /** The writes that were answered at or after `since`, in the order of the log. */
  async writes(since: number): Promise<AuditedRequest[]> {
    const text = await readFile(this.#file, 'utf8');
    const lines = text.split('\n').filter((line) => line.endsWith('}'));
    return lines.map((line) => requestOf(JSON.parse(line) as AuditLine)).filter(({ answeredAt }) => answeredAt >= since);
  }
}

function requestOf({ user, verb, objectRef = {}, responseStatus = {}, stageTimestamp }: AuditLine): AuditedRequest {
  const { resource = '', subresource } = objectRef;
  return {
    user: user.username,
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    status: responseStatus.code ?? 0,
    answeredAt: Date.parse(stageTimestamp),
  };
}
