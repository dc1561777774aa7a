import type { OwnPod } from '../../kubernetes/own-pod.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Store } from '../../kubernetes/store.ts';
import { type JsonObject, objectOf, textOf } from '../../lib/json.ts';

/** What finding out about the own DaemonSet needs of the world. */
export interface OwnDaemonSetWorld {
  /** Where this process runs. */
  readonly namespace: string;
  readonly ownPod: OwnPod;
}

/** What matters of a DaemonSet. */
interface DaemonSetFacts {
  readonly uid: string;
  /** Whether it was deleted and waits for its pods. */
  readonly ending: boolean;
}

/** The one turn there is: whether this process's Pod still has its owner. */
const OWNER = 'owner';

/**
 * Follows the DaemonSet that runs this process, to tell a restart from a removal when the process is told to end: by then
 * it may be too late to ask, because the rights to do so were removed too.
 */
export class OwnDaemonSet extends ResourceOperator {
  readonly #world: OwnDaemonSetWorld;
  #daemonSets: Store<DaemonSetFacts> | undefined;
  #owner: string | undefined;
  #said: boolean = false;

  constructor(world: OwnDaemonSetWorld, ports: OperatorPorts) {
    super('daemonset', ports);
    this.#world = world;
  }

  /** Whether the DaemonSet is gone or about to go: this process will not come again. Never so outside of a DaemonSet. */
  get removed(): boolean {
    if (this.#owner === undefined || this.#daemonSets === undefined) return false;
    return !Array.from(this.#daemonSets.entries(), ([, facts]) => facts).some(({ uid, ending }) => uid === this.#owner && !ending);
  }

  /** The Pod is read when there is a DaemonSet, and not before: outside of a cluster's own installation there may be neither. */
  protected override async init(): Promise<void> {
    const watch = { project: daemonSetFacts, names: () => [OWNER] };
    this.#daemonSets = await this.watchResource('apps', 'v1', 'daemonsets', watch, this.#world.namespace);
  }

  override async reconcile(_: string, signal: AbortSignal): Promise<void> {
    this.#owner = await this.#world.ownPod.daemonSet(signal);
    if (this.removed && !this.#said) {
      this.logger.info('the DaemonSet of this speaker was removed: at its end routers are told to move their traffic', { op: 'end' });
    }
    this.#said = this.removed;
  }
}

function daemonSetFacts({ metadata }: JsonObject): DaemonSetFacts {
  const { uid, deletionTimestamp } = objectOf(metadata);
  return { uid: textOf(uid) ?? '', ending: deletionTimestamp !== undefined };
}
