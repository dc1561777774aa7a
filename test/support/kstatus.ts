/** An object as tools that reconcile see it. */
export interface Reconciled {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly observedGeneration?: number }[];
  };
}

/** What a tool makes of an object (kstatus of cli-utils, as Flux and kpt have it). */
export type KStatus = 'Terminating' | 'InProgress' | 'Failed' | 'Current';

/**
 * The rules of kstatus for kinds that it does not know, in its order: a deletion that is under way; a status of an older generation; the conditions
 * `Reconciling` and `Stalled`; `Ready`, where anything but True is waited for. What says nothing of all that is taken for done.
 */
export function kstatusOf({ metadata, status }: Reconciled): KStatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return 'InProgress';
  const says = (type: string): string | undefined => status?.conditions?.find((condition) => condition.type === type)?.status;
  if (says('Reconciling') === 'True') return 'InProgress';
  if (says('Stalled') === 'True') return 'Failed';
  const ready = says('Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}

/**
 * Why a tool would take an object for what it is not: `undefined` when it says which generation its status is of, and by `Ready` how it is, both in the
 * status and in the condition.
 */
export function silenceOf({ kind, metadata, status }: Reconciled): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (status?.observedGeneration !== metadata.generation)
    return `${kind} ${metadata.name}: ${status?.observedGeneration} of ${metadata.generation}`;
  if (ready === undefined) return `${kind} ${metadata.name}: no condition Ready`;
  if (ready.observedGeneration !== metadata.generation) return `${kind} ${metadata.name}: Ready of generation ${ready.observedGeneration}`;
  return undefined;
}
