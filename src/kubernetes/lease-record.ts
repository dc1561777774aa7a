import type { OwnerReference } from '../crds/meta.ts';
import { type Micros, milliseconds } from '../lib/clock.ts';
import { integerOf, type JsonObject, objectOf, textOf } from '../lib/json.ts';

/** What a Lease says, as far as an election goes by it. The hours in it are for people: another machine's clock decides nothing. */
export interface LeaseRecord {
  /** The resource version that the next write is conditional on; empty when no Lease is stored. */
  readonly version: string;
  /** Who leads; empty for nobody. */
  readonly holder: string;
  /** How long the holder may be silent before others take its place; always whole seconds, as the API has it. */
  readonly duration: Micros;
  /** How often the holder has changed. */
  readonly transitions: number;
  /** Since when the holder leads, in the form of the API. */
  readonly acquireTime: string;
}

/** No Lease. */
export const NO_LEASE: LeaseRecord = { version: '', holder: '', duration: milliseconds(0), transitions: 0, acquireTime: '' };

/** Reads a Lease; whatever is missing or odd in it reads as if nobody held it, or for no time. */
export function leaseRecord(object: JsonObject): LeaseRecord {
  const spec = objectOf(object.spec);
  return {
    version: textOf(objectOf(object.metadata).resourceVersion) ?? '',
    holder: textOf(spec.holderIdentity) ?? '',
    duration: milliseconds(Math.max(0, integerOf(spec.leaseDurationSeconds) ?? 0) * 1_000),
    transitions: Math.max(0, integerOf(spec.leaseTransitions) ?? 0),
    acquireTime: textOf(spec.acquireTime) ?? '',
  };
}

/** The Lease to store for a record. A new one has no version: the server then creates it, and refuses if there is one. */
export function leaseObject(
  record: LeaseRecord,
  name: { readonly namespace: string; readonly name: string; readonly ownerReferences?: readonly OwnerReference[] },
  renewTime: string,
): JsonObject {
  const { version, holder, duration, transitions, acquireTime } = record;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...name, ...(version === '' ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: wholeSeconds(duration) / 1_000_000,
      leaseTransitions: transitions,
      acquireTime,
      renewTime,
    },
  };
}

/** A duration as a Lease can say it: rounded up, so that others never wait for a shorter time than the holder counts on. */
export function wholeSeconds(duration: Micros): Micros {
  return milliseconds(Math.max(1, Math.ceil(duration / 1_000_000)) * 1_000);
}

/** An hour as Leases have it: RFC 3339 with microseconds. */
export function microTime(wallMilliseconds: number): string {
  return new Date(wallMilliseconds).toISOString().replace('Z', '000Z');
}
