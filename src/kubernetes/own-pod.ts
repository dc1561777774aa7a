import type { OwnerReference } from '../crds/meta.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Api } from './api.ts';
import { isStatus } from './api-error.ts';
import { getObject } from './objects.ts';
import type { Resource } from './resource.ts';

/** What finding the own Pod needs of the world. */
export interface OwnPodPorts {
  readonly api: Api;
  readonly log: Logger;
  readonly namespace: string;
  /** Empty outside of a pod. */
  readonly podName: string;
}

const PODS: Resource = { group: '', version: 'v1', plural: 'pods' };

/** The Pod of this process, which owns its status objects so that they go with it. It is read once. */
export class OwnPod {
  readonly #ports: OwnPodPorts;
  #reading: Promise<JsonObject | undefined> | undefined;

  constructor(ports: OwnPodPorts) {
    this.#ports = ports;
  }

  /**
   * The owner of the objects that this process makes: none outside of a pod, and none, with a line in the log, when
   * there is no such Pod or it must not be read. Throws the `ApiError` of any other failure, to be asked again.
   */
  async references(signal: AbortSignal): Promise<readonly OwnerReference[]> {
    const pod = await this.#once(signal);
    if (pod === undefined) return [];
    return [{ apiVersion: 'v1', kind: 'Pod', name: this.#ports.podName, uid: textOf(objectOf(pod.metadata).uid) ?? '' }];
  }

  /** The uid of the DaemonSet that runs this process; `undefined` where none does, or where it cannot be found out. Throws as above. */
  async daemonSet(signal: AbortSignal): Promise<string | undefined> {
    const pod = await this.#once(signal);
    const owners = listOf(objectOf(pod?.metadata).ownerReferences).map(objectOf);
    return textOf(owners.find(({ kind }) => kind === 'DaemonSet')?.uid);
  }

  async #once(signal: AbortSignal): Promise<JsonObject | undefined> {
    this.#reading ??= this.#read(signal);
    try {
      return await this.#reading;
    } catch (thrown) {
      this.#reading = undefined;
      throw thrown;
    }
  }

  async #read(signal: AbortSignal): Promise<JsonObject | undefined> {
    const { api, log, namespace, podName } = this.#ports;
    if (podName === '') return undefined;
    try {
      const pod = await getObject(api, PODS, { namespace, name: podName }, signal);
      if (pod !== undefined) return pod;
      log.warn(`no pod "${namespace}/${podName}": the status objects of this process stay behind when it ends; is --pod-name right?`, {
        op: 'startup',
      });
    } catch (thrown) {
      if (!isStatus(thrown, 403)) throw thrown;
      log.warn(`no right to read pod "${namespace}/${podName}": the status objects of this process stay behind when it ends`, {
        op: 'startup',
      });
    }
    return undefined;
  }
}
