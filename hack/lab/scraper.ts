import type { ControlPlane } from '../kubernetes/control-plane.ts';
import { eventually } from '../kubernetes/eventually.ts';
import type { Answer } from './agent-messages.ts';
import type { Host } from './host.ts';

const NAMESPACE = 'default';
const ACCOUNTS = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const DECIDED = { withinMilliseconds: 60_000 };
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
/** The shortest time for which the server gives out tokens; labs are gone by then, but for one that somebody plays with. */
const TOKEN_SECONDS = 86_400;
/** Where no flag names another. */
const METRICS_PORT = 9120;
const WITHIN_MILLISECONDS = 20_000;

/** Reads the metrics of the product, as a Prometheus with a service account of its own does. */
export class Scraper {
  /** Paths of the account and its right. */
  readonly #made: readonly string[];
  readonly #token: string;

  private constructor(made: readonly string[], token: string) {
    this.#made = made;
    this.#token = token;
  }

  /** Makes the account `name`; `role` is the ClusterRole that it is bound to, none when absent. */
  static async create({ api }: ControlPlane, name: string, role?: string): Promise<Scraper> {
    const metadata = { name, namespace: NAMESPACE };
    await api.post(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const made = [`${ACCOUNTS}/${name}`];
    if (role !== undefined) {
      const apiGroup = 'rbac.authorization.k8s.io';
      const subjects = [{ kind: 'ServiceAccount', ...metadata }];
      const roleRef = { apiGroup, kind: 'ClusterRole', name: role };
      await api.post(BINDINGS, { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, subjects, roleRef });
      made.push(`${BINDINGS}/${name}`);
      const asked = { nonResourceAttributes: { path: '/metrics', verb: 'get' } };
      await decided(api, `system:serviceaccount:${NAMESPACE}:${name}`, asked, true);
    }
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: TOKEN_SECONDS } };
    const answer = (await api.post(`${ACCOUNTS}/${name}/token`, request)) as unknown as TokenAnswer;
    return new Scraper(made, answer.status.token);
  }

  /** One with the right that `config/rbac` offers. */
  static allowed(control: ControlPlane): Promise<Scraper> {
    return Scraper.create(control, 'metrics-reader', 'metallb-system:metrics-reader');
  }

  /** Takes the account and its right away. */
  async forget({ api }: ControlPlane): Promise<void> {
    await Promise.all(this.#made.map((path) => api.delete(path)));
  }

  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  /** What the process on a host answers to one who asks it from the same host; a second one there has another port. */
  read(host: Host, { authorization = this.authorization, port = METRICS_PORT }: ReadOptions = {}): Promise<Answer> {
    const url = `https://127.0.0.1:${port}/metrics`;
    return host.agent.ask({ kind: 'http', url, headers: { authorization }, withinMilliseconds: WITHIN_MILLISECONDS });
  }
}

/**
 * Waits until the server decides so of what a user asks for (authorization.k8s.io, SubjectAccessReviewSpec): it takes notice of a role
 * that it has stored a moment later.
 */
export async function decided(api: ControlPlane['api'], user: string, asked: object, allowed: boolean): Promise<void> {
  const spec = { user, ...asked };
  const says = async (): Promise<boolean> => ((await api.post(REVIEWS, { spec })) as unknown as Review).status.allowed === allowed;
  await eventually(`${user} is allowed: ${allowed}`, says, DECIDED);
}

/** What a reading may differ in. */
interface ReadOptions {
  readonly authorization?: string;
  readonly port?: number;
}

interface Review {
  readonly status: { readonly allowed: boolean };
}

interface TokenAnswer {
  readonly status: { readonly token: string };
}
