import type { Condition, ConfigurationStatus } from '../crds/meta.ts';

/** What decides over the condition that says whether an object is in use. */
export interface ReadyObservation {
  /** Number of the spec that was judged. */
  readonly generation: number;
  /** Why that spec is refused; `undefined` when it is not. */
  readonly refusal: string | undefined;
  /** What was written or decided before, the latest first; a server may not have kept all of it. */
  readonly before: readonly (ConfigurationStatus | undefined)[];
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
}

/** Its type, which GitOps tools wait for. */
export const READY = 'Ready';

/** The longest message that a condition may have (metav1.Condition). */
const MOST_CHARACTERS = 32_768;

/** The condition as it should be. Its time moves only when it turns. */
export function readyCondition({ generation, refusal, before, now }: ReadyObservation): Condition {
  const status = refusal === undefined ? 'True' : 'False';
  const last = before.flatMap((each) => each?.conditions ?? []).find(({ type }) => type === READY);
  return {
    type: READY,
    status,
    observedGeneration: generation,
    lastTransitionTime: last?.status === status ? last.lastTransitionTime : now,
    reason: refusal === undefined ? 'Reconciled' : 'ConfigurationError',
    message: (refusal ?? '').slice(0, MOST_CHARACTERS),
  };
}

/** The conditions of a status with this one in place of its older form; those of others stay. */
export function withCondition(status: ConfigurationStatus | undefined, condition: Condition): readonly Condition[] {
  return [...(status?.conditions ?? []).filter(({ type }) => type !== condition.type), condition];
}

/** Whether a status says what this condition says, whenever it turned. */
export function saysCondition({ conditions }: ConfigurationStatus, condition: Condition): boolean {
  const before = conditions?.find(({ type }) => type === condition.type);
  return (
    before !== undefined &&
    before.status === condition.status &&
    before.reason === condition.reason &&
    before.message === condition.message &&
    before.observedGeneration === condition.observedGeneration
  );
}
