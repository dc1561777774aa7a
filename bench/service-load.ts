import type { ApiClient, ApiObject } from '../hack/kubernetes/api-client.ts';

/** Clients that create at once, as in the measurement of MetalLB that the reference figures come from. */
const WRITERS = 16;
const NAMESPACE = 'bench';
const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`;
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;

/** Bodies of Services, as a list of them comes. */
interface ServiceList {
  readonly items: readonly { readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip?: string }[] } } }[];
}

/** Many Services in a namespace of their own, made and taken away by several clients at once. */
export class ServiceLoad {
  readonly count: number;
  readonly #api: ApiClient;

  constructor(api: ApiClient, count: number) {
    this.#api = api;
    this.count = count;
  }

  /** Makes the namespace. */
  async prepare(): Promise<void> {
    await this.#api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  }

  /** Creates them all, `PREFIX-0` and on; gives for each when its create was answered, in milliseconds since 1970. */
  async create(prefix: string, spec: ApiObject): Promise<ReadonlyMap<string, number>> {
    const answered = new Map<string, number>();
    await this.#forAll(async (index) => {
      await this.createOne(`${prefix}-${index}`, spec);
      answered.set(`${prefix}-${index}`, Date.now());
    });
    return answered;
  }

  /** Creates one Service without node ports. */
  async createOne(name: string, spec: ApiObject): Promise<void> {
    const ports = [{ port: 80, targetPort: 8080 }];
    const body = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports, ...spec };
    await this.#api.post(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: body });
  }

  /** Writes a status into each of them, as a controller that does nothing else would. */
  async writeStatuses(prefix: string): Promise<void> {
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } };
    await this.#forAll((index) => this.#api.patch(`${SERVICES}/${prefix}-${index}/status`, { status }));
  }

  /** Deletes them all. */
  async delete(prefix: string): Promise<void> {
    await this.#forAll((index) => this.#api.delete(`${SERVICES}/${prefix}-${index}`));
  }

  /** How many Services have an address. */
  async addressed(): Promise<number> {
    const list = (await this.#api.get(`${SERVICES}?resourceVersion=0`)) as unknown as ServiceList;
    return list.items.filter(({ status }) => status.loadBalancer.ingress !== undefined).length;
  }

  /** The addresses that they have. */
  async addresses(): Promise<string[]> {
    const list = (await this.#api.get(`${SERVICES}?resourceVersion=0`)) as unknown as ServiceList;
    return list.items.flatMap(({ status }) => (status.loadBalancer.ingress ?? []).flatMap(({ ip }) => ip ?? []));
  }

  /** Gives each Service an endpoint on a node, so that the node announces it. */
  async addEndpoints(prefix: string, nodeName: string): Promise<void> {
    await this.#forAll((index) => this.addEndpoint(`${prefix}-${index}`, nodeName));
  }

  /** Gives one Service, which may be yet to come, an endpoint on a node. */
  async addEndpoint(service: string, nodeName: string): Promise<void> {
    const metadata = { name: service, labels: { 'kubernetes.io/service-name': service } };
    const endpoints = [{ addresses: ['10.244.0.9'], nodeName, conditions: { ready: true } }];
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', ports: [{ port: 8080 }] };
    await this.#api.post(SLICES, { ...slice, endpoints });
  }

  /** Does one thing for each number below the count, with as many at once as there are writers. */
  async #forAll(one: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < this.count) await one(next++);
    };
    await Promise.all(Array.from({ length: WRITERS }, work));
  }
}
