import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, objectOf, textOf } from '../../../src/lib/json.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';
import type { RequestTarget } from './request-target.ts';
import { Refusal } from './status.ts';

/** What a server does to a status before it stores it: an older CRD drops fields. */
export type PruneStatus = (status: JsonObject) => JsonObject;

/** Carries out a request that changes something and gives the answer's body. Throws a Refusal. */
export function carryOut(store: ObjectStore, target: RequestTarget, body: unknown, prune: PruneStatus): object {
  if (target.method === 'POST') return create(store, target, objectOf(body));
  if (createsByReplacement(store, target)) return create(store, target, objectOf(body));
  const present = existing(store, target);
  if (target.method === 'DELETE') return remove(store, target, present, body);
  const wanted = target.method === 'PATCH' ? patched(present, body) : objectOf(body);
  const version = objectOf((Array.isArray(body) ? wanted : objectOf(body)).metadata).resourceVersion;
  if (version === undefined && target.method === 'PUT' && target.collection.endsWith('/leases')) {
    throw new Refusal(422, 'Invalid', 'metadata.resourceVersion: Invalid value: 0: must be specified for an update');
  }
  if (version !== undefined && version !== present.metadata.resourceVersion) {
    throw new Refusal(409, 'Conflict', `the object "${target.name}" has been modified`);
  }
  const written = target.status ? withStatus(target, present, wanted, prune) : { ...present, ...wanted };
  // What changes nothing makes no new version and no event.
  return isDeepStrictEqual(written, present) ? present : store.put(target.collection, written);
}

/** A list is a JSON patch, an object is merged. */
function patched(present: StoredObject, body: unknown): JsonObject {
  return Array.isArray(body) ? jsonPatch(present, body) : objectOf(mergePatch(present, body));
}

/** A PUT of a Lease that is not there creates it. */
function createsByReplacement(store: ObjectStore, { method, collection, namespace, name }: RequestTarget): boolean {
  return method === 'PUT' && collection.endsWith('/leases') && store.get(collection, `${namespace}/${name}`) === undefined;
}

function create(store: ObjectStore, target: RequestTarget, body: JsonObject): object {
  const metadata = objectOf(body.metadata);
  const name = textOf(metadata.name) ?? `${textOf(metadata.generateName) ?? ''}${store.version}`;
  const object: StoredObject = {
    ...body,
    metadata: { ...metadata, name, ...(target.namespace === undefined ? {} : { namespace: target.namespace }) },
  };
  if (store.get(target.collection, keyIn(target, name)) !== undefined) throw new Refusal(409, 'AlreadyExists', `"${name}" already exists`);
  return store.put(target.collection, object);
}

function remove(store: ObjectStore, target: RequestTarget, present: StoredObject, body: unknown): object {
  const { uid } = objectOf(objectOf(body).preconditions);
  if (uid !== undefined && uid !== present.metadata.uid) throw new Refusal(409, 'Conflict', 'the UID in the precondition does not match');
  store.remove(target.collection, keyIn(target, present.metadata.name));
  return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
}

/** A status request changes the status; of core kinds also the metadata, of custom ones not. */
function withStatus({ collection }: RequestTarget, present: StoredObject, wanted: JsonObject, prune: PruneStatus): StoredObject {
  const core = collection.startsWith('/api/v1/');
  const metadata = core ? { ...present.metadata, ...objectOf(wanted.metadata) } : present.metadata;
  return { ...present, metadata, status: prune(objectOf(wanted.status)) };
}

function existing(store: ObjectStore, target: RequestTarget): StoredObject {
  const present = target.name === undefined ? undefined : store.get(target.collection, keyIn(target, target.name));
  if (present === undefined) throw new Refusal(404, 'NotFound', `"${target.name}" not found`);
  return present;
}

function keyIn({ namespace }: RequestTarget, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
