import type { OwnerReference } from '../crds/meta.ts';
import { objectOf, textOf } from '../lib/json.ts';
import type { Api } from './api.ts';
import { isStatus } from './api-error.ts';
import { getObject } from './objects.ts';
import type { Resource } from './resource.ts';

/** Where the Deployment of this process is, and who reads it. */
export interface OwnDeploymentPorts {
  readonly api: Api;
  readonly namespace: string;
  /** Empty where the process was told of none. */
  readonly name: string;
}

const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments' };

/**
 * The Deployment of this process, which owns what all its replicas share, so that it goes when the product is removed: also what a replica that has yet
 * to end makes anew after that. It is read once.
 */
export class OwnDeployment {
  readonly #ports: OwnDeploymentPorts;
  #found: readonly OwnerReference[] | undefined;

  constructor(ports: OwnDeploymentPorts) {
    this.#ports = ports;
  }

  /** The owner; none where there is no such Deployment, where it may not be read, and for now where the API server does not say. */
  async references(signal: AbortSignal): Promise<readonly OwnerReference[]> {
    const { api, namespace, name } = this.#ports;
    if (this.#found !== undefined || name === '') return this.#found ?? [];
    try {
      const uid = textOf(objectOf((await getObject(api, DEPLOYMENTS, { namespace, name }, signal))?.metadata).uid);
      this.#found = uid === undefined ? [] : [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid }];
    } catch (thrown) {
      // Nothing waits for an owner: whoever cannot be asked now is asked at the next write.
      if (isStatus(thrown, 403)) this.#found = [];
    }
    return this.#found ?? [];
  }
}
