/** A kind of object as the paths of the API name it, and the part of the cluster that is meant. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Only the objects of this namespace; absent for all namespaces, and for kinds that have none. */
  readonly namespace?: string | undefined;
  /** Only the objects that this selects, where the server knows the field; others are left to the projection. */
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** One object of a kind. `namespace` is absent or empty for kinds that have none. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The key of an object in caches and queues: `namespace/name`, or `name` alone for kinds without namespaces. */
export function keyOf({ namespace, name }: ObjectName): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** The object that {@link keyOf} made `key` from. */
export function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `services`, or `ipaddresspools.metallb.io`: the kind as `kubectl` and RBAC name it. */
export function titleOf({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Path of all objects of `resource`, within its namespace if it has one. */
export function collectionPath({ group, version, plural, namespace }: Resource): string {
  const root = group === '' ? `/api/${version}` : `/apis/${encodeURIComponent(group)}/${version}`;
  return namespace === undefined || namespace === ''
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** Path of one object, or of its `subresource`. The object's own namespace counts, not the one of `resource`. */
export function objectPath(resource: Resource, { namespace, name }: ObjectName, subresource?: 'status'): string {
  const path = `${collectionPath({ ...resource, namespace })}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
