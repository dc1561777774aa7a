import { isStatus, isUnreachable } from '../../kubernetes/api-error.ts';
import { createObject, getObject } from '../../kubernetes/objects.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import { MetalError } from '../../lib/errors.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { type MemberlistSecretFacts, planMemberlistSecret } from './plan.ts';

/** Which Secret, and whose. */
export interface MemberlistSecretWorld {
  readonly namespace: string;
  readonly name: string;
  /** The own Deployment, which is to own the Secret; empty for none. */
  readonly deployment: string;
  /** A new key; a secret, so from a source that nobody can guess. */
  readonly newKey: () => Uint8Array;
}

const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' };
const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments' };

/** The Secret could not be made; the cause says why. */
class MemberlistSecretError extends MetalError {
  readonly code = 'MEMBERLIST_SECRET';
  readonly retryable = true;
}

/**
 * Makes the memberlist Secret once for each term of leadership, if there is none; one that is there is left alone, whatever it
 * holds. Our own speakers need none: it is for those of MetalLB, whose pods do not start without it, while the one replaces the
 * other. A failure is one line and is tried again; nothing else waits for it.
 */
export class MemberlistSecretOperator extends ResourceOperator {
  readonly #world: MemberlistSecretWorld;
  readonly #api: OperatorPorts['api'];

  constructor(world: MemberlistSecretWorld, ports: OperatorPorts) {
    super('MemberlistSecret', ports);
    this.#world = world;
    this.#api = ports.api;
  }

  protected override async init(): Promise<void> {
    this.queue.add(this.#world.name);
  }

  override async reconcile(name: string, signal: AbortSignal): Promise<void> {
    const { namespace, newKey } = this.#world;
    const resource = { ...SECRETS, namespace };
    try {
      if ((await getObject(this.#api, resource, { namespace, name }, signal)) !== undefined) return;
      const secret = planMemberlistSecret({ namespace, name, key: newKey(), owner: await this.#owner(signal) });
      await createObject(this.#api, resource, secret, signal);
      this.logger.info(`created the Secret "${namespace}/${name}" for the memberlist of MetalLB's speakers`, { op: 'memberlistSecret' });
    } catch (cause) {
      // Somebody else was faster, and that one counts.
      if (isStatus(cause, 409)) return;
      if (isUnreachable(cause)) throw cause;
      throw new MemberlistSecretError(`the Secret "${namespace}/${name}", for which MetalLB's speakers wait, is not there`, { cause });
    }
  }

  async #owner(signal: AbortSignal): Promise<MemberlistSecretFacts['owner']> {
    const { namespace, deployment: name } = this.#world;
    if (name === '') return undefined;
    const uid = await this.#deploymentUid(signal);
    if (uid !== undefined) return { name, uid };
    const message = `no Deployment "${namespace}/${name}" can be read: the memberlist Secret stays when it is deleted; is --deployment right?`;
    this.logger.warn(message, { op: 'memberlistSecret' });
    return undefined;
  }

  /** `undefined` when there is none, and when this process may not know. */
  async #deploymentUid(signal: AbortSignal): Promise<string | undefined> {
    const { namespace, deployment: name } = this.#world;
    try {
      const found = await getObject(this.#api, DEPLOYMENTS, { namespace, name }, signal);
      return textOf(objectOf(found?.metadata).uid);
    } catch (thrown) {
      if (isStatus(thrown, 403)) return undefined;
      throw thrown;
    }
  }
}
