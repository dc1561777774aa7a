import type { ConfigurationStateStatus } from '../crds/configuration-state.ts';
import type { Condition, OwnerReference } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';

/** A ConfigurationState as the server has it. */
export interface StateFacts {
  readonly uid: string;
  readonly generation: number;
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

/** What tools wait for that know nothing of results. */
const READY = 'Ready';

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
  const status = statusOf(observation, present);
  return says(present.status, status, observation.conditionType) ? undefined : { kind: 'write', status };
}

function statusOf({ conditionType, faults, now }: StateObservation, { generation, status }: StateFacts): ConfigurationStateStatus {
  const before = status.conditions ?? [];
  const own = faults === undefined ? [] : [since(before, now, ownCondition(conditionType, faults))];
  const all = [...before.filter(({ type }) => type !== conditionType && type !== READY), ...own];
  const failed = all.filter((condition) => condition.status === 'False' && condition.reason === FAILED);
  const judged = failed.length > 0 ? 'Invalid' : 'Valid';
  // Others' good conditions do not vouch for a configuration that this process could not read.
  const result = own.length === 0 ? 'Unknown' : judged;
  const errorSummary = failed.map(({ message }) => message).join('\n');
  const ready = since(before, now, { type: READY, ...READINESS[result], message: errorSummary.slice(0, MOST_CHARACTERS) });
  return { observedGeneration: generation, result, errorSummary, conditions: [...own, { ...ready, observedGeneration: generation }] };
}

/** The result once more, for tools that know conditions alone. */
const READINESS = {
  Valid: { status: 'True', reason: 'Reconciled' },
  Invalid: { status: 'False', reason: FAILED },
  Unknown: { status: 'Unknown', reason: 'NotRead' },
} as const;

function ownCondition(type: string, faults: readonly string[]): Omit<Condition, 'lastTransitionTime'> {
  if (faults.length === 0) return { type, status: 'True', reason: 'Reconciled', message: '' };
  return { type, status: 'False', reason: FAILED, message: `configuration error: ${bounded(faults)}` };
}

/** With the time at which it turned. */
function since(before: readonly Condition[], now: string, condition: Omit<Condition, 'lastTransitionTime'>): Condition {
  const last = before.find(({ type }) => type === condition.type);
  return { ...condition, lastTransitionTime: last?.status === condition.status ? last.lastTransitionTime : now };
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

/** Whether a status says all this, whenever its conditions turned; and of the process nothing else. */
function says(present: ConfigurationStateStatus, wanted: ConfigurationStateStatus, type: string): boolean {
  const saying = (status: ConfigurationStateStatus, name: string): string => {
    const condition = status.conditions?.find((each) => each.type === name);
    return JSON.stringify([condition?.status, condition?.reason, condition?.message, condition?.observedGeneration]);
  };
  return (
    present.observedGeneration === wanted.observedGeneration &&
    present.result === wanted.result &&
    (present.errorSummary ?? '') === wanted.errorSummary &&
    [type, READY].every((name) => saying(present, name) === saying(wanted, name))
  );
}
