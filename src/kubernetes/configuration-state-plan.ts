import type { ConfigurationStateStatus } from '../crds/configuration-state.ts';
import type { Condition, OwnerReference } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';

/** A ConfigurationState as the server has it. */
export interface StateFacts {
  readonly uid: string;
  readonly labels: TextMap;
  readonly ownerReferences: readonly OwnerReference[];
  readonly status: ConfigurationStateStatus;
}

/** What is known when the turn of the object comes. */
export interface StateObservation {
  /** `undefined` when there is none. */
  readonly present: StateFacts | undefined;
  /** Labels it should carry; it may carry more. */
  readonly labels: TextMap;
  /** Who should own it; nobody outside of a pod. */
  readonly owners: readonly OwnerReference[];
  /** Type of the condition that this process writes. */
  readonly conditionType: string;
  /** One line a fault; `undefined` when the configuration could not be read. */
  readonly faults: readonly string[] | undefined;
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
}

/** What is to be done about it, one step a turn. */
export type StateAction =
  | { readonly kind: 'create' }
  /** Give it these labels and owners. */
  | { readonly kind: 'label'; readonly labels: TextMap; readonly ownerReferences: readonly OwnerReference[] }
  /** Write the result, and the own condition if there is one. */
  | { readonly kind: 'write'; readonly status: ConfigurationStateStatus };

const FAILED = 'ConfigurationError';

/** Below what a condition's message may have (metav1.Condition: 32768), with room for the last line. */
const MOST_CHARACTERS = 30_000;

/** Decides what to do; `undefined` when all is as it should be. */
export function planState(observation: StateObservation): StateAction | undefined {
  const { present, labels, owners } = observation;
  if (present === undefined) return { kind: 'create' };
  const labelled = Object.entries(labels).every(([name, value]) => present.labels[name] === value);
  const owned = owners.every(({ uid }) => present.ownerReferences.some((owner) => owner.uid === uid));
  if (!labelled || !owned) {
    // The Pod of an earlier life would take the object with it.
    const others = present.ownerReferences.filter(({ kind }) => kind !== 'Pod');
    return { kind: 'label', labels: { ...present.labels, ...labels }, ownerReferences: [...others, ...owners] };
  }
  const status = statusOf(observation, present.status);
  return says(present.status, status, observation.conditionType) ? undefined : { kind: 'write', status };
}

function statusOf({ conditionType, faults, now }: StateObservation, present: ConfigurationStateStatus): ConfigurationStateStatus {
  const before = conditionOf(present, conditionType);
  const own = faults === undefined ? [] : [conditionFor(conditionType, faults, before, now)];
  const all = [...(present.conditions ?? []).filter(({ type }) => type !== conditionType), ...own];
  const failed = all.filter(({ status, reason }) => status === 'False' && reason === FAILED);
  const judged = failed.length > 0 ? 'Invalid' : 'Valid';
  // Others' good conditions do not vouch for a configuration that this process could not read.
  const result = own.length === 0 ? 'Unknown' : judged;
  return { result, errorSummary: failed.map(({ message }) => message).join('\n'), conditions: own };
}

function conditionFor(type: string, faults: readonly string[], before: Condition | undefined, now: string): Condition {
  const status = faults.length === 0 ? 'True' : 'False';
  return {
    type,
    status,
    reason: faults.length === 0 ? 'Reconciled' : FAILED,
    message: faults.length === 0 ? '' : `configuration error: ${bounded(faults)}`,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
}

function bounded(lines: readonly string[]): string {
  let characters = 0;
  const fitting = lines.filter((line) => {
    characters += line.length + 1;
    return characters <= MOST_CHARACTERS;
  });
  const left = lines.length - fitting.length;
  return [...fitting, ...(left > 0 ? [`and ${left} more`] : [])].join('\n');
}

function conditionOf({ conditions = [] }: ConfigurationStateStatus, type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

function says(present: ConfigurationStateStatus, wanted: ConfigurationStateStatus, type: string): boolean {
  const [before, after] = [conditionOf(present, type), conditionOf(wanted, type)];
  return (
    present.result === wanted.result &&
    (present.errorSummary ?? '') === wanted.errorSummary &&
    before?.status === after?.status &&
    before?.reason === after?.reason &&
    before?.message === after?.message
  );
}
