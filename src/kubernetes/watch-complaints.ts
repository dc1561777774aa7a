import { describeError } from '../lib/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError, isStatus } from './api-error.ts';
import { type Resource, titleOf } from './resource.ts';

/** Says once what keeps a resource from being followed, and once that it is over. */
export class WatchComplaints {
  readonly #resource: Resource;
  readonly #log: Logger;
  #cause: string | undefined;
  /** Whether the watch itself breaks, so that a list says nothing about the end of it. */
  #watchBreaks: boolean = false;

  constructor(resource: Resource, log: Logger) {
    this.#resource = resource;
    this.#log = log.child({ op: 'watch', resource: titleOf(resource) });
  }

  /** `verb` is what was tried: `list` or `watch`. */
  failed(thrown: unknown, verb: 'list' | 'watch'): void {
    const cause = thrown instanceof ApiError ? `${verb} ${thrown.code} ${thrown.status}` : describeError(thrown);
    if (cause === this.#cause) return;
    this.#cause = cause;
    this.#watchBreaks = verb === 'watch' && !isMendedByPeople(thrown);
    this.#log.error(this.#sentence(thrown, verb), { error: describeError(thrown) });
  }

  /** A list is complete: what was said of rights and definitions no longer holds. */
  listed(): void {
    if (!this.#watchBreaks) this.watched();
  }

  /** A watch does what it should: nothing that was said holds any longer. */
  watched(): void {
    if (this.#cause === undefined) return;
    this.#cause = undefined;
    this.#watchBreaks = false;
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

/** No credentials, no right, no such resource. */
export function isMendedByPeople(thrown: unknown): boolean {
  return isStatus(thrown, 401) || isStatus(thrown, 403) || isStatus(thrown, 404);
}
