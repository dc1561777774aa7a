import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Environment } from '../../../hack/kubernetes/programs.ts';
import type { ProductProcess } from '../../../hack/lab/product.ts';
import { compareTexts } from '../../../src/lib/order.ts';
import type { Cluster, Draft, Lent } from './cluster.ts';
import { PATIENCE } from './cluster.ts';
import { type FrrPath, pathsOf } from './frr-view.ts';
import { logOf, ProductLab } from './product-lab.ts';
import { CLUSTER_AS, MAKES, ROUTER_AS, Tor } from './tor.ts';

/** What the pool `routed` holds: nothing of it is on the segment, only routes lead there. */
export const ROUTED: readonly string[] = ['203.0.113.0/24', '2001:db8:113::/120'];

/** A Service of which a test says how many endpoints each node has. */
export interface Served extends AsyncDisposable {
  readonly address: string;
  serveOn(counts: readonly number[]): Promise<void>;
}

/** A lab with two routers: one of another AS, and one of the cluster's own. Both take both families over one session. */
export class RouteScene implements AsyncDisposable {
  readonly product: ProductLab;
  /** Of another AS; its peer has this name too. */
  readonly tor: Tor;
  /** Of the AS of the cluster; its peer has this name too. */
  readonly core: Tor;

  private constructor(product: ProductLab, tor: Tor, core: Tor) {
    this.product = product;
    this.tor = tor;
    this.core = core;
  }

  /** Brings everything up, with the pool `routed` and without an advertisement. */
  static async start(environments: Readonly<Record<string, Environment>>): Promise<RouteScene> {
    await using undo = new AsyncDisposableStack();
    const product = undo.use(await ProductLab.start(environments));
    const { lab, cluster } = product;
    const tor = undo.use(await Tor.start(lab, await lab.network.addHost('tor', 110, { router: true })));
    const core = undo.use(await Tor.start(lab, await lab.network.addHost('core', 111, { router: true }), MAKES.frr, '', CLUSTER_AS));
    await cluster.createPool('routed', ROUTED);
    for (const [router, peerASN] of [
      [tor, ROUTER_AS],
      [core, CLUSTER_AS],
    ] as const) {
      const spec = { myASN: CLUSTER_AS, peerASN, peerAddress: router.address, connectTime: '1s', dualStackAddressFamily: true };
      await cluster.create('BGPPeer', router.host.name, { spec });
    }
    undo.move();
    return new RouteScene(product, tor, core);
  }

  get cluster(): Cluster {
    return this.product.cluster;
  }

  /** Addresses of the nodes on the segment: next hops of routes of IPv4. */
  get nodes(): readonly string[] {
    return this.product.lab.nodes.map(({ host }) => host.addresses.ipv4);
  }

  /** Makes a BGPAdvertisement. */
  advertise(name: string, spec: object = {}): Promise<Lent> {
    return this.cluster.create('BGPAdvertisement', name, { spec });
  }

  /** Makes a Service with so many endpoints on each node, that nobody answers at; its policy is Local unless `draft` says otherwise. */
  async served(name: string, counts: readonly number[], draft: Draft = {}): Promise<Served> {
    const { cluster } = this;
    await using made = new AsyncDisposableStack();
    made.use(await cluster.createService(name, { ...draft, spec: { selector: null, externalTrafficPolicy: 'Local', ...draft.spec } }));
    const fields = { addressType: 'IPv4', endpoints: this.#endpointsOn(counts), ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] };
    made.use(await cluster.create('EndpointSlice', name, { labels: { 'kubernetes.io/service-name': name }, fields }));
    const [address = ''] = await cluster.addressed(name);
    const all = made.move();
    const serveOn = async (others: readonly number[]): Promise<void> =>
      void (await cluster.patch('EndpointSlice', name, { endpoints: this.#endpointsOn(others) }));
    return { address, serveOn, [Symbol.asyncDispose]: () => all.disposeAsync() };
  }

  /** Puts a label or an annotation on a node, which it has while the object lasts. */
  async mark(node: string, kind: 'labels' | 'annotations', name: string, text: string = ''): Promise<AsyncDisposable> {
    const set = async (value: string | null): Promise<void> =>
      void (await this.cluster.patch('Node', node, { metadata: { [kind]: { [name]: value } } }));
    await set(text);
    return { [Symbol.asyncDispose]: () => set(null) };
  }

  /** Waits until the kernel of the router of the other AS divides what it sends to an address like this: weights by node. */
  async divided(address: string, wanted: string): Promise<void> {
    await eventually(`the router divides ${address} ${wanted}`, async () => (await this.#divisionOf(address)) === wanted, PATIENCE);
  }

  /** Waits until a router has paths of which something holds; they come in the order of the nodes. */
  async seen(what: string, by: Tor, prefix: string, holds: (paths: readonly FrrPath[]) => boolean): Promise<void> {
    await eventually(what, async () => holds(await pathsOf(by.router, prefix)), PATIENCE);
  }

  /** Has the router of the other AS write what it is told into its log from now on. */
  async hear(): Promise<void> {
    await this.tor.router.order('debug bgp updates in\nconfigure terminal\nlog stdout debugging');
  }

  /** What it was told by a node since {@link hear}: attributes that came, and withdrawals. */
  async toldBy(node: string): Promise<readonly string[]> {
    const lines = (await this.tor.router.tail(10_000)).split('\n').filter((line) => line.includes(` ${node}(`));
    return lines.flatMap((line) => /rcvd UPDATE ((?:w\/ attr|about).*)/.exec(line)?.[1] ?? []);
  }

  /** What gives the nodes that have said since this call that they withdrew a Service for a reason: wait with it for all of these. */
  async withdrawals(service: string, reason: string): Promise<(nodes: readonly string[]) => Promise<void>> {
    const before = await this.#withdrawals(service, reason);
    return async (nodes) => {
      const said = async (): Promise<boolean> =>
        (await this.#withdrawals(service, reason)).toSorted(compareTexts).join() === [...before, ...nodes].toSorted(compareTexts).join();
      await eventually(`${nodes.join()} say ${reason}`, said, PATIENCE);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tor[Symbol.asyncDispose]();
    await this.core[Symbol.asyncDispose]();
    await this.product[Symbol.asyncDispose]();
  }

  async #divisionOf(address: string): Promise<string> {
    const printed = await this.tor.host.run(['ip', '-json', 'route', 'show', address]);
    const [route] = JSON.parse(printed || '[]') as {
      readonly nexthops?: readonly { readonly gateway: string; readonly weight: number }[];
    }[];
    const byNode = new Map(route?.nexthops?.map(({ gateway, weight }) => [gateway, weight]));
    return this.nodes.map((node) => byNode.get(node) ?? 0).join(':');
  }

  /** The nodes that said so, each as often as it did. */
  async #withdrawals(service: string, reason: string): Promise<readonly string[]> {
    const saidBy = async ([node, speaker]: [string, ProductProcess]): Promise<readonly string[]> => {
      const lines = (await logOf(speaker)).filter((line) => line.event === 'serviceWithdrawn' && line.protocol === 'bgp');
      return lines.filter((line) => line.service === `default/${service}` && line.reason === reason).map(() => node);
    };
    return (await Promise.all([...this.product.speakers].map(saidBy))).flat();
  }

  #endpointsOn(counts: readonly number[]): readonly object[] {
    const one = (node: number, index: number): object => ({
      addresses: [`10.9.${node}.${index + 1}`],
      nodeName: this.product.lab.nodes[node]?.name,
    });
    return counts.flatMap((count, node) => Array.from({ length: count }, (_, index) => one(node, index)));
  }
}
