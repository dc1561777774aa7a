import { describeError } from '../lib/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError } from './api-error.ts';
import { type Resource, titleOf } from './resource.ts';

/** Says once what keeps a resource from being followed, and once that it is over. */
export class WatchComplaints {
  readonly #resource: Resource;
  readonly #log: Logger;
  #cause: string | undefined;

  constructor(resource: Resource, log: Logger) {
    this.#resource = resource;
    this.#log = log.child({ op: 'watch', resource: titleOf(resource) });
  }

  /** `verb` is what was tried: `list` or `watch`. */
  failed(thrown: unknown, verb: string): void {
    const cause = thrown instanceof ApiError ? `${verb} ${thrown.code} ${thrown.status}` : describeError(thrown);
    if (cause === this.#cause) return;
    this.#cause = cause;
    this.#log.error(this.#sentence(thrown, verb), { error: describeError(thrown) });
  }

  /** What was said no longer holds. */
  settled(): void {
    if (this.#cause === undefined) return;
    this.#cause = undefined;
    this.#log.info(`${titleOf(this.#resource)} can be followed again`);
  }

  #sentence(thrown: unknown, verb: string): string {
    const { group, version, namespace } = this.#resource;
    const title = titleOf(this.#resource);
    const place = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    if (status === 403) return `not allowed to ${verb} ${title} ${place}: apply config/rbac, or correct the rights of this service account`;
    if (status === 401)
      return `the API server does not accept our credentials for ${verb} ${title}: see the service account or the kubeconfig`;
    if (status !== 404) return `cannot ${verb} ${title} ${place}, trying again`;
    if (group === '') return `the API server has no ${title} ${version}`;
    return `the CRD ${title} is not installed, or not in version ${version}: apply config/crd`;
  }
}
