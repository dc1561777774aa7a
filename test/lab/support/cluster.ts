import { type ApiClient, ApiError } from '../../../hack/kubernetes/api-client.ts';
import { eventually, type Patience } from '../../../hack/kubernetes/eventually.ts';
import { type LabPod, POD_PORT } from '../../../hack/lab/lab.ts';

/** How long the product may take for what it does in milliseconds on an idle machine. */
export const PATIENCE: Patience = { withinMilliseconds: 60_000 };

/** The kinds that the tests make and look at, and where their objects lie. */
const PLACES = {
  Service: { apiVersion: 'v1', collection: '/api/v1/namespaces/default/services' },
  Event: { apiVersion: 'v1', collection: '/api/v1/namespaces/default/events' },
  Node: { apiVersion: 'v1', collection: '/api/v1/nodes' },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', collection: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices' },
  IPAddressPool: { apiVersion: 'metallb.io/v1beta1', collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools' },
  L2Advertisement: { apiVersion: 'metallb.io/v1beta1', collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements' },
  BGPPeer: { apiVersion: 'metallb.io/v1beta2', collection: '/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers' },
  BGPAdvertisement: {
    apiVersion: 'metallb.io/v1beta1',
    collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/bgpadvertisements',
  },
  Pod: { apiVersion: 'v1', collection: '/api/v1/namespaces/metallb-system/pods' },
  DaemonSet: { apiVersion: 'apps/v1', collection: '/apis/apps/v1/namespaces/metallb-system/daemonsets' },
  Community: { apiVersion: 'metallb.io/v1beta1', collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/communities' },
  Secret: { apiVersion: 'v1', collection: '/api/v1/namespaces/metallb-system/secrets' },
  ServiceBGPStatus: {
    apiVersion: 'metallb.io/v1beta1',
    collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicebgpstatuses',
  },
  ServiceL2Status: { apiVersion: 'metallb.io/v1beta1', collection: '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses' },
} as const;

export type Kind = keyof typeof PLACES;

/** What an object is made of. */
export interface Draft {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  /** Fields beside the metadata, for kinds that have no spec. */
  readonly fields?: object;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** An object as the server has it, as far as the tests look at it. */
export interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string; readonly ipMode?: string }[] };
    readonly conditions?: readonly Condition[];
    readonly node?: string;
    readonly serviceName?: string;
    readonly serviceNamespace?: string;
    readonly interfaces?: readonly { readonly name: string }[];
    readonly peers?: readonly string[];
    readonly assignedIPv4?: number;
    readonly assignedIPv6?: number;
    readonly availableIPv4?: number;
    readonly availableIPv6?: number;
  };
}

/** A `v1` Event, as far as the tests look at it. */
export interface EventObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly source: { readonly component: string; readonly host?: string };
  readonly involvedObject: { readonly name: string; readonly uid: string };
}

/** An object that is deleted when it goes out of scope. */
export type Lent = Stored & AsyncDisposable;

/** The annotation that names the pool of a Service's addresses. */
export const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';

/** The API as the person sees it who uses the product. */
export class Cluster {
  readonly #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Makes an object that lasts until it is disposed of. */
  async create(kind: Kind, name: string, { spec, annotations, labels, fields }: Draft = {}): Promise<Lent> {
    const { apiVersion, collection } = PLACES[kind];
    const body = { apiVersion, kind, metadata: { name, annotations, labels }, spec, ...fields };
    const stored = (await this.#api.post(collection, body)) as unknown as Stored;
    return { ...stored, [Symbol.asyncDispose]: () => this.remove(kind, name) };
  }

  /** Makes a Service of type LoadBalancer for the pods with the label `app: web`; `draft.spec` comes on top. */
  createService(name: string, draft: Draft = {}): Promise<Lent> {
    const ports = [{ name: 'http', port: 80, targetPort: POD_PORT, protocol: 'TCP' }];
    return this.create('Service', name, { ...draft, spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports, ...draft.spec } });
  }

  /** Makes a Service for one pod, without the help of kube-controller-manager, which may be slow to notice. */
  async createServiceFor(pod: LabPod, name: string, draft: Draft = {}): Promise<Lent> {
    const service = await this.createService(name, { ...draft, spec: { selector: null } });
    const endpoints = [{ addresses: [pod.ipv4], nodeName: pod.node, conditions: { ready: true } }];
    const fields = { addressType: 'IPv4', endpoints, ports: [{ name: 'http', port: POD_PORT, protocol: 'TCP' }] };
    const slice = await this.create('EndpointSlice', name, { labels: { 'kubernetes.io/service-name': name }, fields });
    const dispose = async (): Promise<void> => {
      await slice[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    };
    return { ...service, [Symbol.asyncDispose]: dispose };
  }

  /** Makes a pool of these addresses; `draft.spec` comes on top. */
  createPool(name: string, addresses: readonly string[], draft: Draft = {}): Promise<Lent> {
    return this.create('IPAddressPool', name, { ...draft, spec: { addresses, ...draft.spec } });
  }

  /** Deletes an object, and waits until nobody announces it where it is a Service. */
  async remove(kind: Kind, name: string): Promise<void> {
    await this.#api.delete(`${PLACES[kind].collection}/${name}`).catch((cause: unknown) => {
      if (!(cause instanceof ApiError && cause.status === 404)) throw cause;
    });
    if (kind === 'Service') await this.unannounced(name);
  }

  /** Merges `body` into an object. */
  async patch(kind: Kind, name: string, body: object): Promise<Stored> {
    return (await this.#api.patch(`${PLACES[kind].collection}/${name}`, { ...body })) as unknown as Stored;
  }

  /** Merges `status` into the status of an object. */
  async patchStatus(kind: Kind, name: string, status: object): Promise<Stored> {
    return (await this.#api.patch(`${PLACES[kind].collection}/${name}/status`, { status })) as unknown as Stored;
  }

  async get(kind: Kind, name: string): Promise<Stored> {
    return (await this.#api.get(`${PLACES[kind].collection}/${name}`)) as unknown as Stored;
  }

  async list(kind: Kind): Promise<readonly Stored[]> {
    return ((await this.#api.get(PLACES[kind].collection)) as { readonly items: readonly Stored[] }).items;
  }

  /** The addresses in a Service's status. */
  async addressesOf(name: string): Promise<readonly string[]> {
    return ingressOf(await this.get('Service', name));
  }

  /** Waits until a Service has addresses, and gives them. */
  addressed(name: string): Promise<readonly string[]> {
    const probe = async (): Promise<readonly string[] | undefined> => {
      const addresses = await this.addressesOf(name);
      return addresses.length > 0 ? addresses : undefined;
    };
    return eventually(`Service ${name} has an address`, probe, PATIENCE);
  }

  /** Waits until one node says that it announces a Service, and gives its name. */
  announcedBy(name: string): Promise<string> {
    const probe = async (): Promise<string | undefined> => {
      const nodes = (await this.announcements(name)).map(({ status }) => status?.node);
      return nodes.length === 1 ? nodes[0] : undefined;
    };
    return eventually(`one node announces Service ${name}`, probe, PATIENCE);
  }

  /** Waits until no node says that it announces a Service. */
  async unannounced(name: string): Promise<void> {
    await eventually(`nobody announces Service ${name}`, async () => (await this.announcements(name)).length === 0, PATIENCE);
  }

  /** The ServiceL2Status objects about a Service. */
  async announcements(service: string): Promise<readonly Stored[]> {
    const statuses = await this.list('ServiceL2Status');
    return statuses.filter(({ metadata }) => metadata.labels?.['metallb.io/service-name'] === service);
  }

  /** The events about one object, and about no other of its name. */
  async eventsOf({ metadata }: Stored): Promise<readonly EventObject[]> {
    const events = (await this.list('Event')) as unknown as readonly EventObject[];
    return events.filter(({ involvedObject }) => involvedObject.uid === metadata.uid);
  }

  /** Waits for an event about an object with this reason, and gives the first one. */
  event(subject: Stored, reason: string): Promise<EventObject> {
    const probe = async (): Promise<EventObject | undefined> => (await this.eventsOf(subject)).find((event) => event.reason === reason);
    return eventually(`an event ${reason} of ${subject.metadata.name}`, probe, PATIENCE);
  }

  /** Waits until a pool's condition has this status, and gives the condition. */
  poolReady(name: string, status: 'True' | 'False'): Promise<Condition> {
    const probe = async (): Promise<Condition | undefined> => {
      const conditions = (await this.get('IPAddressPool', name)).status?.conditions ?? [];
      return conditions.find((condition) => condition.type === 'Ready' && condition.status === status);
    };
    return eventually(`pool ${name} has the condition Ready=${status}`, probe, PATIENCE);
  }
}

/** The addresses in the status of a Service. */
export function ingressOf({ status }: Stored): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
}
