import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ApiError } from '../../../hack/kubernetes/api-client.ts';
import type { ControlPlane } from '../../../hack/kubernetes/control-plane.ts';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Reconciled } from '../../support/kstatus.ts';
import { PATIENCE } from './cluster.ts';

const FILE = join(import.meta.dirname, '../../../config/samples/gitops/flux.yaml');
/** In front of what an expression came to, in the refusal. */
const VERDICT = 'health: ';

/** How Flux is told to judge the objects of a kind (kustomize.toolkit.fluxcd.io/v1, Kustomization, healthCheckExprs). */
export interface HealthCheck {
  readonly apiVersion: string;
  readonly kind: string;
  readonly inProgress: string;
  readonly failed: string;
  readonly current: string;
}

/** The checks of the sample. */
export async function healthChecks(): Promise<readonly HealthCheck[]> {
  const documents = parseAllDocuments(await readFile(FILE, 'utf8')).map((document) => document.toJS());
  return documents.flatMap(({ spec }) => (spec.healthCheckExprs ?? []) as readonly HealthCheck[]);
}

/**
 * Has the API server's own CEL run the checks: a policy refuses each trial of a change of a status, and says what the check makes of the object. Flux
 * asks in this order, and has the fields of an object as variables.
 */
export class FluxHealth {
  readonly #control: ControlPlane;

  private constructor(control: ControlPlane) {
    this.#control = control;
  }

  /** Fulfilled when the server knows the policies; trials on `probes` tell. */
  static async install(control: ControlPlane, probes: readonly Reconciled[]): Promise<FluxHealth> {
    const objects = (await healthChecks()).flatMap(policyOf);
    await control.kubectl(['apply', '-f', '-'], { stdin: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
    const health = new FluxHealth(control);
    for (const probe of probes) {
      const asked = async (): Promise<boolean> => (await health.of(probe, probe.status ?? {})) !== undefined;
      await eventually(`the server judges ${probe.kind}`, asked, PATIENCE);
    }
    return health;
  }

  /** What Flux would make of an object with this status; `error` where an expression does not hold water, `undefined` when nobody judges. */
  async of({ apiVersion, kind, metadata }: Reconciled, status: object | null): Promise<string | undefined> {
    const plural = pluralOf(kind);
    const path = `/apis/${apiVersion}/namespaces/metallb-system/${plural}/${metadata.name}/status?dryRun=All`;
    try {
      await this.#control.api.patch(path, { status });
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      return new RegExp(`${VERDICT}(\\w+)`).exec(thrown.message)?.[1];
    }
  }
}

function pluralOf(kind: string): string {
  return kind === 'Community' ? 'communities' : `${kind.toLowerCase()}s`;
}

function policyOf({ apiVersion, kind, inProgress, failed, current }: HealthCheck): readonly object[] {
  const name = `flux-${kind.toLowerCase()}`;
  const [group, version] = apiVersion.split('/');
  const verdict = `(${inProgress}) ? 'InProgress' : (${failed}) ? 'Failed' : (${current}) ? 'Current' : 'InProgress'`;
  // A macro is the one way to give a value a name here.
  const messageExpression = `[object.status].map(status, [object.metadata].map(metadata, '${VERDICT}' + (${verdict}))[0])[0]`;
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: [group], apiVersions: [version], operations: ['UPDATE'], resources: [`${pluralOf(kind)}/status`] }],
    },
    // The product goes on writing.
    matchConditions: [{ name: 'trial', expression: 'request.dryRun' }],
    validations: [{ expression: 'false', message: `${VERDICT}error`, messageExpression }],
  };
  const binding = { policyName: name, validationActions: ['Deny'] };
  return [
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec: binding },
  ];
}
