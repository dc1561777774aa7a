import { type Micros, micros } from '../lib/clock.ts';
import { type LeaseRecord, NO_LEASE, wholeSeconds } from './lease-record.ts';
import { isOlder } from './watch-event.ts';

/** How one candidate takes part. */
export interface ElectionSettings {
  /** Unlike that of any other process, ever. */
  readonly identity: string;
  /** What identities of dead processes begin with whose place this one takes at once; absent where that is never sure. */
  readonly predecessors?: string | undefined;
  /** How long others let the leader be silent. */
  readonly leaseDuration: Micros;
  /** How long after its last renewal the leader writes; what is between this and the lease is for writes under way. */
  readonly renewDeadline: Micros;
  /** Between two renewals, and before another attempt. */
  readonly retryPeriod: Micros;
}

/** What a candidate knows. `asking`: a request is under way, and its outcome is an event to come. */
export type ElectionState =
  | {
      readonly role: 'following';
      /** The Lease as it is known; `undefined` before it was first seen. */
      readonly record: LeaseRecord | undefined;
      /** When it was first seen so: from then on its duration counts. */
      readonly seenAt: Micros;
      readonly asking: boolean;
      /** The version that was last written over, or was to be: once refused, it is not tried again at once. */
      readonly tried?: string;
    }
  | { readonly role: 'leading'; readonly record: LeaseRecord; readonly until: Micros; readonly asking: boolean }
  | { readonly role: 'resigning' }
  | { readonly role: 'resigned' };

/** What happened. */
export type ElectionEvent =
  | { readonly kind: 'started' | 'due' | 'vanished' | 'resigned' }
  /** The watch shows the Lease so. */
  | { readonly kind: 'shown'; readonly record: LeaseRecord }
  /** The read gave this; {@link NO_LEASE} for none. */
  | { readonly kind: 'read'; readonly record: LeaseRecord }
  /** The write was carried out; it was sent at `sentAt`, and is stored as `record`. */
  | { readonly kind: 'written'; readonly record: LeaseRecord; readonly sentAt: Micros }
  /** The write was refused because the Lease is another meanwhile. */
  | { readonly kind: 'conflicted' }
  /** A read or a write that may or may not have been carried out. */
  | { readonly kind: 'failed' };

/** What is to be done. Of several waits the last one counts; `due` is the event at its end. */
export type ElectionEffect =
  | { readonly kind: 'read' | 'lead' | 'yield' | 'end' }
  /** Store this, if the Lease still has its version. `acquired`: the holder leads from now on. */
  | { readonly kind: 'write'; readonly record: LeaseRecord; readonly acquired: boolean }
  | { readonly kind: 'wait'; readonly delay: Micros };

type Step = readonly [ElectionState, readonly ElectionEffect[]];
type Following = Extract<ElectionState, { role: 'following' }>;
type Leading = Extract<ElectionState, { role: 'leading' }>;

/** A candidate that has done nothing yet. */
export const NEWCOMER: ElectionState = { role: 'following', record: undefined, seenAt: micros(0), asking: false };

/**
 * The decisions of one candidate. `now` is monotonic and its own. It takes the Lease when nobody holds it, or when it
 * has not seen it change for as long as the holder promised; each write is conditional on the version it has seen.
 *
 * A leader whose time is over stays one as long as nobody took its place, and writes nothing until it has renewed: that
 * its write is accepted proves that nobody led in between.
 */
export function step(settings: ElectionSettings, state: ElectionState, event: ElectionEvent, now: Micros): Step {
  if (state.role === 'resigned') return [state, []];
  if (state.role === 'resigning') return stepResigning(settings, state, event);
  if (event.kind === 'resigned') return resign(state);
  return state.role === 'following' ? stepFollowing(settings, state, event, now) : stepLeading(settings, state, event, now);
}

function stepFollowing(settings: ElectionSettings, state: Following, event: ElectionEvent, now: Micros): Step {
  switch (event.kind) {
    case 'shown':
      return follow(settings, observe(state, event.record, now), now);
    case 'read': {
      const record = event.record.version === '' ? absence(state) : event.record;
      const next = { ...observe(state, record, now), asking: false };
      if (next.record?.version === state.tried) return [next, [{ kind: 'wait', delay: settings.retryPeriod }]];
      return follow(settings, next, now);
    }
    case 'written':
      // After a pause the watch may have told already who came next.
      if (state.record !== undefined && isOlder(event.record.version, state.record.version)) {
        return follow(settings, { ...state, asking: false }, now);
      }
      return lead(settings, event.record, event.sentAt, now, [{ kind: 'lead' }]);
    case 'failed':
      return [{ ...state, asking: false }, [{ kind: 'wait', delay: settings.retryPeriod }]];
    case 'conflicted':
      return [state, [{ kind: 'read' }]];
    case 'vanished':
      return state.asking ? [state, []] : [{ ...state, asking: true }, [{ kind: 'read' }]];
    default:
      return follow(settings, state, now);
  }
}

/** What is no news does not prolong the lease. */
function observe(state: Following, record: LeaseRecord, now: Micros): Following {
  const known = state.record;
  if (known !== undefined && (known.version === record.version || isOlder(record.version, known.version))) return state;
  return { ...state, record, seenAt: now };
}

/** A Lease that was deleted may have a leader who has not noticed yet: its time is waited for all the same. */
function absence({ record }: Following): LeaseRecord {
  return record === undefined ? NO_LEASE : { ...record, version: '' };
}

/** Takes the Lease, or waits until it may be taken. */
function follow(settings: ElectionSettings, state: Following, now: Micros): Step {
  const { record, seenAt } = state;
  if (state.asking) return [state, []];
  if (record === undefined) return [{ ...state, asking: true }, [{ kind: 'read' }]];
  const promised = record.duration > 0 ? record.duration : wholeSeconds(settings.leaseDuration);
  const left = isVacant(settings, record) ? 0 : seenAt + promised - now;
  if (left > 0) return [state, [{ kind: 'wait', delay: micros(left) }]];
  return [{ ...state, asking: true, tried: record.version }, [take(settings, record)]];
}

function isVacant({ identity, predecessors }: ElectionSettings, { holder }: LeaseRecord): boolean {
  return holder === '' || holder === identity || (predecessors !== undefined && holder.startsWith(predecessors));
}

function take({ identity, leaseDuration }: ElectionSettings, { version, holder, transitions, acquireTime }: LeaseRecord): ElectionEffect {
  const changes = holder === identity ? transitions : transitions + 1;
  const record = { version, holder: identity, duration: wholeSeconds(leaseDuration), transitions: changes, acquireTime };
  return { kind: 'write', record, acquired: holder !== identity };
}

function lead(
  { renewDeadline, retryPeriod }: ElectionSettings,
  record: LeaseRecord,
  sentAt: Micros,
  now: Micros,
  effects: readonly ElectionEffect[] = [],
): Step {
  const state: Leading = { role: 'leading', record, until: micros(sentAt + renewDeadline), asking: false };
  return [state, [...effects, { kind: 'wait', delay: micros(Math.max(0, sentAt + retryPeriod - now)) }]];
}

function stepLeading(settings: ElectionSettings, state: Leading, event: ElectionEvent, now: Micros): Step {
  switch (event.kind) {
    case 'written':
      return lead(settings, event.record, event.sentAt, now);
    case 'due':
      return state.asking ? [state, []] : [{ ...state, asking: true }, [take(settings, state.record)]];
    case 'conflicted':
      return [state, [{ kind: 'read' }]];
    case 'vanished':
      return state.asking ? [state, []] : [{ ...state, asking: true }, [{ kind: 'read' }]];
    case 'failed':
      return [{ ...state, asking: false }, [{ kind: 'wait', delay: settings.retryPeriod }]];
    case 'shown':
      return heed(settings, state, event.record, now);
    case 'read': {
      const [next, effects] = heed(settings, { ...state, asking: false }, event.record, now);
      if (next.role !== 'leading') return [next, effects];
      if (next.record !== state.record) return [{ ...next, asking: true }, [take(settings, next.record)]];
      return [next, [{ kind: 'wait', delay: settings.retryPeriod }]];
    }
    default:
      return [state, []];
  }
}

/** A later version with our name is a write of ours whose answer was lost; with any other, somebody has led since. */
function heed(settings: ElectionSettings, state: Leading, record: LeaseRecord, now: Micros): Step {
  if (record.version === state.record.version || isOlder(record.version, state.record.version)) return [state, []];
  if (record.holder === settings.identity) return [{ ...state, record }, []];
  const following: Following = { role: 'following', record, seenAt: now, asking: state.asking };
  const [next, effects] = follow(settings, following, now);
  return [next, [{ kind: 'yield' }, ...effects]];
}

/** Whoever holds the Lease gives it back; a write that is under way may make us the holder still. */
function resign(state: Following | Leading): Step {
  if (state.asking) return [{ role: 'resigning' }, []];
  if (state.role === 'following') return [{ role: 'resigned' }, [{ kind: 'end' }]];
  return [{ role: 'resigning' }, [giveBack(state.record)]];
}

function giveBack(record: LeaseRecord): ElectionEffect {
  return { kind: 'write', record: { ...record, holder: '' }, acquired: false };
}

/** One attempt: when it fails, the lease ends by itself. */
function stepResigning(settings: ElectionSettings, state: ElectionState, event: ElectionEvent): Step {
  const known = event.kind === 'written' || event.kind === 'read' ? event.record : undefined;
  if (known?.holder === settings.identity) return [state, [giveBack(known)]];
  const over = known !== undefined || event.kind === 'failed' || event.kind === 'conflicted';
  return over ? [{ role: 'resigned' }, [{ kind: 'end' }]] : [state, []];
}
