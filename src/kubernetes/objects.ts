import { type JsonObject, objectOf } from '../lib/json.ts';
import type { Api } from './api.ts';
import { isStatus } from './api-error.ts';
import { collectionPath, type ObjectName, objectPath, type Resource } from './resource.ts';

/** The object as it is stored now, `undefined` when there is none. Throws the `ApiError` of any other refusal. */
export async function getObject(api: Api, resource: Resource, name: ObjectName, signal: AbortSignal): Promise<JsonObject | undefined> {
  try {
    return objectOf(await api.request({ method: 'GET', path: objectPath(resource, name) }, signal));
  } catch (thrown) {
    if (isStatus(thrown, 404)) return undefined;
    throw thrown;
  }
}

/** Creates `object` in the namespace of `resource` and gives it as stored. Throws a 409 when the name is taken. */
export async function createObject(api: Api, resource: Resource, object: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  return objectOf(await api.request({ method: 'POST', path: collectionPath(resource), body: object }, signal));
}

/** Deletes the object; one that is gone already is fine. With `uid`, another object of that name is left alone. */
export async function deleteObject(
  api: Api,
  resource: Resource,
  name: ObjectName & { readonly uid?: string },
  signal: AbortSignal,
): Promise<void> {
  const body = name.uid === undefined ? undefined : { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: name.uid } };
  try {
    await api.request({ method: 'DELETE', path: objectPath(resource, name), body }, signal);
  } catch (thrown) {
    const another = name.uid !== undefined && isStatus(thrown, 409);
    if (!isStatus(thrown, 404) && !another) throw thrown;
  }
}
