import type { Micros } from '../lib/clock.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';
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

/** How many objects a page of a list holds: a few megabytes at most. */
const PAGE = 500;

/**
 * All objects of `resource` as they are stored at this moment, not as a cache had them. `deadline` is for each page of
 * 500. Throws the `ApiError` of a refusal, also when the list was read so slowly that its rest is gone (410).
 */
export async function listObjects(api: Api, resource: Resource, deadline: Micros, signal: AbortSignal): Promise<readonly JsonObject[]> {
  const { labelSelector, fieldSelector } = resource;
  const items: JsonObject[] = [];
  let token: string | undefined;
  do {
    const query = { limit: PAGE, continue: token, labelSelector, fieldSelector };
    const page = objectOf(await api.request({ method: 'GET', path: collectionPath(resource), query, deadline }, signal));
    items.push(...listOf(page.items).map(objectOf));
    token = textOf(objectOf(page.metadata).continue) || undefined;
  } while (token !== undefined);
  return items;
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
