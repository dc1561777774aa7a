import type { Api } from '../kubernetes/api.ts';
import { ApiError, isStatus, isUnreachable } from '../kubernetes/api-error.ts';
import { getObject, listObjects } from '../kubernetes/objects.ts';
import { type ObjectName, objectPath, type Resource, titleOf } from '../kubernetes/resource.ts';
import { milliseconds } from '../lib/clock.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';
import { CommandError } from './report.ts';

/** The objects of a kind, or why they cannot be had. */
export interface Listing {
  readonly items: readonly JsonObject[];
  /** One sentence with the way out; `undefined` when all is well. */
  readonly fault: string | undefined;
}

/** An object, or why it cannot be had; both are `undefined` when there is none. */
export interface Found {
  readonly object: JsonObject | undefined;
  readonly fault: string | undefined;
}

/** Kinds of the product, which lie in its namespace. */
export type KindName =
  | 'pools'
  | 'l2Advertisements'
  | 'bgpAdvertisements'
  | 'peers'
  | 'bfdProfiles'
  | 'communities'
  | 'l2Statuses'
  | 'bgpStatuses'
  | 'states';

function ofMetallb(plural: string, kind: string, version: string = 'v1beta1'): Resource & { readonly kind: string } {
  return { group: 'metallb.io', version, plural, kind };
}

/** The kinds of the configuration, and what the processes write. */
export const KINDS: Readonly<Record<KindName, Resource & { readonly kind: string }>> = {
  pools: ofMetallb('ipaddresspools', 'IPAddressPool'),
  l2Advertisements: ofMetallb('l2advertisements', 'L2Advertisement'),
  bgpAdvertisements: ofMetallb('bgpadvertisements', 'BGPAdvertisement'),
  peers: ofMetallb('bgppeers', 'BGPPeer', 'v1beta2'),
  bfdProfiles: ofMetallb('bfdprofiles', 'BFDProfile'),
  communities: ofMetallb('communities', 'Community'),
  l2Statuses: ofMetallb('servicel2statuses', 'ServiceL2Status'),
  bgpStatuses: ofMetallb('servicebgpstatuses', 'ServiceBGPStatus'),
  states: ofMetallb('configurationstates', 'ConfigurationState'),
};

/** The machines. */
export const NODES: Resource = { group: '', version: 'v1', plural: 'nodes' };
/** All of them; those of type LoadBalancer are of interest. */
export const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' };
/** Where the processes run, and as whom. */
export const PODS: Resource = { group: '', version: 'v1', plural: 'pods' };
/** Of kube-proxy. */
export const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps' };
/** What was said of an object lately. */
export const EVENTS: Resource = { group: '', version: 'v1', plural: 'events' };
/** Where Services are served. */
export const SLICES: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };

/** A person waits for the answer; a page of 500 objects takes less on any server that is well. */
const DEADLINE = milliseconds(15_000);

/** Looks at a cluster for somebody: what he may not see or what is not there is part of the answer. */
export class Cluster {
  readonly #api: Api;
  readonly #signal: AbortSignal;
  /** Where the configuration lies. */
  readonly namespace: string;

  constructor(api: Api, namespace: string, signal: AbortSignal) {
    this.#api = api;
    this.namespace = namespace;
    this.#signal = signal;
  }

  /** All objects of a kind of the configuration. */
  async kind(name: KindName, labelSelector?: string): Promise<Listing> {
    const { kind, ...resource } = KINDS[name];
    const { items, fault } = await this.list({ ...resource, namespace: this.namespace, labelSelector });
    // Members of a list need not say what they are.
    return { items: items.map((item) => ({ kind, ...item })), fault };
  }

  /** Whether the server knows a kind; `undefined` when it does not tell. */
  async defines(name: KindName): Promise<boolean | undefined> {
    const { group, version, plural } = KINDS[name];
    try {
      const answer = await this.#api.request({ method: 'GET', path: `/apis/${group}/${version}`, deadline: DEADLINE }, this.#signal);
      return listOf(objectOf(answer).resources).some((each) => objectOf(each).name === plural);
    } catch (thrown) {
      faultOf('ask for kinds', thrown);
      return isStatus(thrown, 404) ? false : undefined;
    }
  }

  /** All objects of a resource that its selectors take. Throws a {@link CommandError} when nobody answers. */
  async list(resource: Resource): Promise<Listing> {
    try {
      return { items: await listObjects(this.#api, resource, DEADLINE, this.#signal), fault: undefined };
    } catch (thrown) {
      return { items: [], fault: faultOf(`list ${titleOf(resource)}`, thrown) };
    }
  }

  /** One object. Throws a {@link CommandError} when nobody answers. */
  async get(resource: Resource, name: ObjectName): Promise<Found> {
    try {
      return { object: await getObject(this.#api, resource, name, this.#signal), fault: undefined };
    } catch (thrown) {
      return { object: undefined, fault: faultOf(`get ${titleOf(resource)}`, thrown) };
    }
  }

  /** Writes annotations of an object, or takes away those that are `null`; gives the fault if it is refused. Throws a {@link CommandError} when nobody answers. */
  async annotate(resource: Resource, name: ObjectName, annotations: Readonly<Record<string, string | null>>): Promise<string | undefined> {
    const patch = { contentType: 'application/merge-patch+json', body: { metadata: { annotations } }, deadline: DEADLINE } as const;
    try {
      await this.#api.request({ method: 'PATCH', path: objectPath(resource, name), ...patch }, this.#signal);
      return undefined;
    } catch (thrown) {
      // What is gone has no annotations.
      return isStatus(thrown, 404) ? undefined : faultOf(`patch ${titleOf(resource)}`, thrown);
    }
  }

  /** The version of the API server, such as `v1.34.1`. Throws a {@link CommandError} when it does not say. */
  async version(): Promise<string> {
    try {
      const answer = await this.#api.request({ method: 'GET', path: '/version', deadline: DEADLINE }, this.#signal);
      return textOf(objectOf(answer).gitVersion) ?? '';
    } catch (thrown) {
      throw new CommandError(faultOf('get its version', thrown));
    }
  }

  /** Whether `user` may do something; `undefined` when the server does not tell. */
  async allows(user: string, verb: string, resource: Resource): Promise<boolean | undefined> {
    const [plural, subresource] = resource.plural.split('/');
    const attributes = { verb, group: resource.group, resource: plural, subresource, namespace: resource.namespace };
    const groups = ['system:serviceaccounts', 'system:authenticated'];
    const spec = { user, groups, resourceAttributes: attributes };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    try {
      const answer = objectOf(await this.#api.request({ method: 'POST', path, body, deadline: DEADLINE }, this.#signal));
      return objectOf(answer.status).allowed === true;
    } catch (thrown) {
      faultOf('ask for rights', thrown);
      return undefined;
    }
  }
}

/** What to say of a refusal. Throws when there is nobody who could have refused. */
function faultOf(what: string, thrown: unknown): string {
  if (!(thrown instanceof ApiError)) throw thrown;
  const { status, message } = thrown;
  if (isUnreachable(thrown)) throw new CommandError(`${message} (is it the cluster that kubectl cluster-info shows?)`);
  if (status === 401) throw new CommandError('the API server does not know who you are: log in anew, as for kubectl');
  if (status === 403) return `you may not ${what}: have the right given to you, or use another context`;
  if (status === 404) return `the API server knows no such kind as in "${what}": apply config/crd`;
  return `cannot ${what}: ${message}`;
}
