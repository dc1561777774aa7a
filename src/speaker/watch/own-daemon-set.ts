import type { OwnPod } from '../../kubernetes/own-pod.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Store } from '../../kubernetes/store.ts';
import { integerOf, type JsonObject, objectOf, textOf } from '../../lib/json.ts';

/** What finding out about the own DaemonSet needs of the world. */
export interface OwnDaemonSetWorld {
  /** Where this process runs. */
  readonly namespace: string;
  readonly ownPod: OwnPod;
  /** For so long routers move their traffic when this process is removed. */
  readonly drainSeconds: number;
}

/** What matters of a DaemonSet. */
interface DaemonSetFacts {
  readonly uid: string;
  /** Whether it was deleted and waits for its pods. */
  readonly ending: boolean;
  /** In which a pod has to end before it is killed. */
  readonly graceSeconds: number;
}

/** What a pod has where its template says nothing. */
const DEFAULT_GRACE_SECONDS = 30;

/** The one turn there is: whether this process's Pod still has its owner. */
const OWNER = 'owner';

/**
 * Follows the DaemonSet that runs this process, to tell a restart from a removal when the process is told to end: by then
 * it may be too late to ask, because the rights to do so were removed too. Says if it gives less time to end than a removal takes.
 */
export class OwnDaemonSet extends ResourceOperator {
  readonly #world: OwnDaemonSetWorld;
  #daemonSets: Store<DaemonSetFacts> | undefined;
  #owner: string | undefined;
  #said: boolean = false;
  /** The time to end that was said to be too short. */
  #tooShort: number | undefined;

  constructor(world: OwnDaemonSetWorld, ports: OperatorPorts) {
    super('daemonset', ports);
    this.#world = world;
  }

  /** Whether the DaemonSet is gone or about to go: this process will not come again. Never so outside of a DaemonSet. */
  get removed(): boolean {
    if (this.#owner === undefined || this.#daemonSets === undefined) return false;
    return this.#own?.ending !== false;
  }

  get #own(): DaemonSetFacts | undefined {
    for (const [, facts] of this.#daemonSets?.entries() ?? []) if (facts.uid === this.#owner) return facts;
    return undefined;
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
    this.#compareGrace();
  }

  /** The chart refuses such values; of manifests that people patch nobody else sees both. */
  #compareGrace(): void {
    const { drainSeconds } = this.#world;
    const graceSeconds = this.#own?.graceSeconds ?? Number.POSITIVE_INFINITY;
    const tooShort = graceSeconds <= drainSeconds ? graceSeconds : undefined;
    if (tooShort !== undefined && tooShort !== this.#tooShort) {
      this.logger.warn(
        `a speaker that is removed is killed after ${graceSeconds} s, before its routers have had the ${drainSeconds} s of --bgp-drain to move their traffic: ` +
          'raise terminationGracePeriodSeconds of its DaemonSet',
        { op: 'startup' },
      );
    }
    this.#tooShort = tooShort;
  }
}

function daemonSetFacts({ metadata, spec }: JsonObject): DaemonSetFacts {
  const { uid, deletionTimestamp } = objectOf(metadata);
  const { terminationGracePeriodSeconds: grace } = objectOf(objectOf(objectOf(spec).template).spec);
  return { uid: textOf(uid) ?? '', ending: deletionTimestamp !== undefined, graceSeconds: integerOf(grace) ?? DEFAULT_GRACE_SECONDS };
}
