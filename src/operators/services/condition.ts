import type { Condition } from '../../crds/meta.ts';
import { type JsonObject, objectOf } from '../../lib/json.ts';
import type { AllocationFailure, FailureReason } from '../../model/allocation/failure.ts';
import { ADDRESS_ALLOCATED, type AddressableFacts } from './projection.ts';

/** The condition as this product writes it. */
export interface AddressCondition extends Condition {
  readonly type: typeof ADDRESS_ALLOCATED;
  readonly status: 'True' | 'False';
  readonly reason: 'Allocated' | FailureReason;
}

/** Much longer than any sentence of ours; a pool's fault that is quoted in one may be as long as its selectors. */
const LONGEST_MESSAGE = 2_048;

/** What a condition is found on. */
export interface ConditionGround {
  readonly facts: AddressableFacts;
  /** What the Service is to have: texts of addresses and their pool. */
  readonly has: { readonly texts: readonly string[]; readonly pool: string | undefined };
  /** What it lacks, wholly or in part. */
  readonly cause: AllocationFailure | undefined;
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
  /** The condition that was decided last; the server may not have kept it. */
  readonly last: Condition | undefined;
}

/** The condition of a Service that is ours. Its time moves only when its status turns. */
export function conditionOf({ facts, has: { texts, pool }, cause, now, last }: ConditionGround): AddressCondition {
  const failure = texts.length === 0 ? cause : undefined;
  const status = failure === undefined ? 'True' : 'False';
  const source = texts.length > 0 && pool !== undefined ? [`Has ${texts.join(' and ')} of IPAddressPool "${pool}".`] : [];
  const message = [...source, ...(cause === undefined ? [] : [cause.advice])].join(' ');
  const before = ownCondition(facts) ?? last;
  return {
    type: ADDRESS_ALLOCATED,
    status,
    // Older servers do not number the specs of Services.
    ...(facts.generation > 0 ? { observedGeneration: facts.generation } : {}),
    lastTransitionTime: before?.status === status && typeof before.lastTransitionTime === 'string' ? before.lastTransitionTime : now,
    reason: failure?.reason ?? 'Allocated',
    message: message.slice(0, LONGEST_MESSAGE).toWellFormed(),
  };
}

/** The condition of ours that a Service has, as somebody wrote it. */
export function ownCondition({ conditions }: AddressableFacts): JsonObject | undefined {
  return conditions.find(({ type }) => type === ADDRESS_ALLOCATED);
}

/** Whether the Service says what `condition` says: nothing of ours for `undefined`. */
export function saysCondition(facts: AddressableFacts, condition: AddressCondition | undefined): boolean {
  const present = ownCondition(facts);
  if (present === undefined || condition === undefined) return present === condition;
  const { status, reason, message, observedGeneration } = condition;
  return (
    present.status === status &&
    present.reason === reason &&
    present.message === message &&
    present.observedGeneration === observedGeneration
  );
}

/** All conditions of the Service with ours as it should be; those of others, and their places, stay. */
export function mergeCondition({ conditions }: AddressableFacts, condition: AddressCondition | undefined): readonly JsonObject[] {
  const own = condition === undefined ? [] : [objectOf(condition)];
  const at = conditions.findIndex(({ type }) => type === ADDRESS_ALLOCATED);
  if (at < 0) return [...conditions, ...own];
  return [...conditions.slice(0, at), ...own, ...conditions.slice(at + 1).filter(({ type }) => type !== ADDRESS_ALLOCATED)];
}
