import { mkdir } from 'node:fs/promises';
import { ControlPlane } from '../kubernetes/control-plane.ts';
import { eventually, type Patience } from '../kubernetes/eventually.ts';
import type { Report, Servers } from '../kubernetes/programs.ts';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import { Sandbox } from '../kubernetes/sandbox.ts';
import { ensureServers } from '../kubernetes/servers.ts';
import { HOST_NUMBERS, MOST_NODES, podRanges } from './addresses.ts';
import { Client } from './client.ts';
import type { Host } from './host.ts';
import { createProxyAccount, startKubeProxy } from './kube-proxy.ts';
import { Network } from './network.ts';
import { createNode, createPod, deletePod, setPodReady } from './objects.ts';
import {
  HEALTH_PORT,
  installManifests,
  installWebhookManifests,
  PRODUCT_NAMESPACE,
  type ProductOptions,
  ProductProcess,
  WEBHOOK_PORT,
} from './product.ts';
import { openRelay } from './relay.ts';

/** What may be asked of a lab. */
export interface LabOptions {
  /** How many nodes; three when not given. */
  readonly nodes?: number;
  /** How many pods that answer on port 8080, with the label `app: web`, each node begins with; one when not given. */
  readonly podsPerNode?: number;
  /** Without it nobody writes EndpointSlices, empties namespaces or collects garbage; it is there when not given. */
  readonly controllerManager?: boolean;
  /** Controllers besides those that each lab has. */
  readonly controllers?: readonly string[];
  readonly apiServerFlags?: readonly string[];
  readonly servers?: Servers;
  /** The sandbox to run in, which then outlives the lab; one of its own when not given. */
  readonly sandbox?: Sandbox;
  readonly report?: Report;
}

/** One node of the cluster: a host that forwards packets, with its kube-proxy. */
export interface LabNode {
  readonly name: string;
  readonly index: number;
  readonly host: Host;
  /** Absent only while the lab starts. */
  kubeProxy?: RunningProgram;
}

/** One pod that runs. */
export interface LabPod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly host: Host;
}

/** Which pod to add. */
export interface PodOptions {
  readonly name: string;
  /** `default` when not given. */
  readonly namespace?: string;
  /** `app: web` when not given. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** How a controller is started. */
export interface ControllerOptions extends ProductOptions {
  readonly host?: Host;
}

/** The port on which every pod answers HTTP and UDP. */
export const POD_PORT = 8080;

/** The Pod of the controller where there is one only. */
const CONTROLLER_POD = 'controller';

/** The port of the API server inside the lab. */
const API_PORT = 6443;

/**
 * No kube-proxy runs on the API server's host: it looks up the endpoints of a Service itself when it calls a webhook, as
 * it does in clusters whose control plane is no node.
 */
const ENDPOINT_ROUTING = '--enable-aggregator-routing=true';

/** The last part of pod addresses: 1 is the node's own end, and a node has no more than this many. */
const FIRST_POD = 2;

/**
 * A cluster on one machine: a control plane, nodes with kube-proxy, pods that answer, and a client on the same segment,
 * each in a network namespace of its own. All of it is gone when the lab is disposed of or its owner dies.
 */
export class Lab implements AsyncDisposable {
  readonly control: ControlPlane;
  readonly nodes: readonly LabNode[];
  readonly client: Client;
  readonly network: Network;
  /** The host that the API server runs on, and the controller. */
  readonly controlHost: Host;
  /** What everything of the lab runs in. */
  readonly sandbox: Sandbox;
  readonly #pods: Map<string, LabPod> = new Map();
  readonly #podNumbers: Map<string, number> = new Map();
  #productPods: Promise<void> | undefined;
  readonly #undo: AsyncDisposableStack;
  #extraHosts = 0;

  private constructor(parts: LabParts, undo: AsyncDisposableStack) {
    this.control = parts.control;
    this.nodes = parts.nodes;
    this.client = new Client(parts.client);
    this.network = parts.network;
    this.controlHost = parts.controlHost;
    this.sandbox = parts.sandbox;
    this.#undo = undo;
  }

  /** Brings a lab up: 6 to 10 s on two idle cores. Its {@link requirements} must be met. */
  static async start(options: LabOptions = {}, signal?: AbortSignal): Promise<Lab> {
    const report = options.report ?? ((): void => undefined);
    const servers = options.servers ?? (await ensureServers({ environment: process.env, report }, signal));
    await using undo = new AsyncDisposableStack();
    const sandbox = options.sandbox ?? undo.use(await Sandbox.open());
    const parts = await assemble(sandbox, { ...options, servers, report }, signal);
    undo.use(parts.control);
    const lab = new Lab(parts, undo.move());
    try {
      await lab.#populate(options.podsPerNode ?? 1);
    } catch (cause) {
      await lab[Symbol.asyncDispose]();
      throw cause;
    }
    report(`${lab.nodes.length} nodes with kube-proxy, ${lab.#pods.size} pods and a client on one segment`);
    return lab;
  }

  /** Logs, kubeconfig files and the database; gone with the lab. */
  get folder(): string {
    return this.sandbox.folder;
  }

  /** The API server as processes inside the lab reach it. */
  get insideUrl(): string {
    return apiUrl(this.controlHost);
  }

  /** The pods that run, by name. */
  get pods(): ReadonlyMap<string, LabPod> {
    return this.#pods;
  }

  /** The node of this name; throws when there is none. */
  node(name: string): LabNode {
    const node = this.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`the lab has no node ${name}`);
    return node;
  }

  /** The first pod of the node of this name; throws when it has none. */
  podOn(node: string): LabPod {
    const pod = [...this.#pods.values()].find((candidate) => candidate.node === node);
    if (pod === undefined) throw new Error(`the lab has no pod on ${node}`);
    return pod;
  }

  /** The node whose card on the segment has this MAC. */
  nodeWithMac(mac: string | undefined): LabNode | undefined {
    return this.nodes.find((node) => node.host.addresses.mac === mac);
  }

  /** Adds a pod that answers on {@link POD_PORT}, in the network and in the API. */
  async addPod(node: LabNode, options: PodOptions): Promise<LabPod> {
    const { name, namespace = 'default', labels = { app: 'web' } } = options;
    const number = this.#podNumbers.get(node.name) ?? FIRST_POD;
    this.#podNumbers.set(node.name, number + 1);
    const { host, ipv4, ipv6 } = await this.network.addPod(name, node.host, node.index, number);
    await host.agent.ask({ kind: 'serve', pod: name, node: node.name, port: POD_PORT });
    await createPod(this.control.api, { name, namespace, node: node.name, labels, addresses: [ipv4, ipv6] });
    const pod: LabPod = { name, namespace, node: node.name, ipv4, ipv6, host };
    this.#pods.set(name, pod);
    return pod;
  }

  /** Says in the API whether a pod is ready; the pod itself goes on answering whoever asks. */
  setReady(pod: LabPod, ready: boolean): Promise<void> {
    return setPodReady(this.control.api, pod, ready);
  }

  /** Takes a pod away, in the API first, as a cluster does. */
  async removePod(pod: LabPod): Promise<void> {
    this.#pods.delete(pod.name);
    await deletePod(this.control.api, pod);
    await pod.host.stopAgent();
    await this.network.remove(pod.host);
  }

  /** Adds another machine to the segment: a router, a second client. */
  addHost(name: string): Promise<Host> {
    return this.network.addHost(name, HOST_NUMBERS.firstExtra + this.#extraHosts++);
  }

  /**
   * Installs the product's kinds and rights from `config/`, and a Pod object for the controller and for each speaker, as
   * their Deployment and DaemonSet would. No Service finds the controller by its Pod: see {@link installWebhooks}.
   */
  async installProduct(): Promise<void> {
    await installManifests(this.control);
    await this.addProductPods();
  }

  /** The Pod objects alone; once they are there nothing more happens. The namespace must be there. */
  addProductPods(): Promise<void> {
    this.#productPods ??= this.#createProductPods();
    return this.#productPods;
  }

  async #createProductPods(): Promise<void> {
    const labels = { app: 'metallb', component: 'speaker' };
    const pods = this.nodes.map((node) => {
      const { ipv4, ipv6 } = node.host.addresses;
      const where = { name: speakerPod(node), namespace: PRODUCT_NAMESPACE, node: node.name };
      return createPod(this.control.api, { ...where, labels, addresses: [ipv4, ipv6], serviceAccount: 'speaker', hostNetwork: true });
    });
    const { ipv4, ipv6 } = this.controlHost.addresses;
    const where = { name: CONTROLLER_POD, namespace: PRODUCT_NAMESPACE, node: this.nodes[0]?.name ?? '' };
    const facts = { labels: { app: 'metallb' }, addresses: [ipv4, ipv6], serviceAccount: 'controller' };
    await Promise.all([...pods, createPod(this.control.api, { ...where, ...facts })]);
  }

  /**
   * Lets the API server ask the product's webhooks before it takes a change: installs `config/webhook`, and a Pod object
   * for a controller on each of these hosts, as its Deployment would; the Service finds them by that.
   */
  async installWebhooks(hosts: readonly Host[] = [this.controlHost]): Promise<void> {
    await installWebhookManifests(this.control);
    const node = this.nodes[0]?.name ?? '';
    const labels = { app: 'metallb', component: 'controller' };
    for (const { name, addresses } of hosts) {
      const where = { name: `controller-${name}`, namespace: PRODUCT_NAMESPACE, node };
      const facts = { labels, addresses: [addresses.ipv4, addresses.ipv6], serviceAccount: 'controller' };
      await createPod(this.control.api, { ...where, ...facts });
    }
  }

  /**
   * Starts a controller as its own service account and without any capability, on the control plane's host unless another
   * is given. A second one on the same host gets a port of its own for the webhooks as well.
   */
  async startController({ host = this.controlHost, ...options }: ControllerOptions = {}): Promise<ProductProcess> {
    const kubeconfig = await this.control.serviceAccountKubeconfig(PRODUCT_NAMESPACE, 'controller', this.insideUrl);
    const port = options.healthPort === undefined ? [] : [`--webhook-port=${WEBHOOK_PORT + options.healthPort - HEALTH_PORT}`];
    const flags = [...port, ...(options.flags ?? [])];
    return await ProductProcess.start({
      ...options,
      flags,
      program: 'controller',
      host,
      kubeconfig,
      podName: options.name ?? CONTROLLER_POD,
    });
  }

  /** Starts the speaker of a node in the node's network, as its own service account, with CAP_NET_RAW alone. */
  async startSpeaker(node: LabNode, options: ProductOptions = {}): Promise<ProductProcess> {
    const kubeconfig = await this.control.serviceAccountKubeconfig(PRODUCT_NAMESPACE, 'speaker', this.insideUrl);
    const TYPEMETAL_STATE_DIRECTORY = this.sandbox.path('state', node.name);
    await mkdir(TYPEMETAL_STATE_DIRECTORY, { recursive: true });
    const environment = { METALLB_NODE_NAME: node.name, TYPEMETAL_STATE_DIRECTORY, ...options.environment };
    const launch = { ...options, environment, kubeconfig, host: node.host, podName: speakerPod(node) };
    return await ProductProcess.start({ ...launch, program: 'speaker', capability: 'net_raw' });
  }

  /** Calls `probe` until it gives something, as {@link eventually} does. */
  eventually<Value>(
    what: string,
    probe: () => Promise<Value | undefined | false>,
    patience: Patience,
    signal?: AbortSignal,
  ): Promise<Value> {
    return eventually(what, probe, patience, signal);
  }

  /** Fulfilled when nothing of the lab is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }

  async #populate(podsPerNode: number): Promise<void> {
    const podsOf = async (node: LabNode): Promise<void> => {
      for (let count = 0; count < podsPerNode; count++) await this.addPod(node, { name: `web-${node.index * podsPerNode + count + 1}` });
    };
    await Promise.all(this.nodes.map(podsOf));
  }
}

/** What a lab consists of before it has pods. */
interface LabParts {
  readonly sandbox: Sandbox;
  readonly network: Network;
  readonly controlHost: Host;
  readonly control: ControlPlane;
  readonly nodes: readonly LabNode[];
  readonly client: Host;
}

type Settled = LabOptions & { readonly servers: Servers; readonly report: Report };

/** Everything but the pods: the network while the control plane starts, then what needs both. */
async function assemble(sandbox: Sandbox, options: Settled, signal?: AbortSignal): Promise<LabParts> {
  const count = Math.min(options.nodes ?? 3, MOST_NODES);
  const network = await Network.create(sandbox);
  const controlHost = await network.addHost('control', HOST_NUMBERS.controlPlane);
  const [control, nodes, client] = await Promise.all([
    startControlPlane(sandbox, controlHost, options, signal),
    addNodes(network, count),
    network.addHost('client', HOST_NUMBERS.client),
  ]);
  for (const node of nodes) await createNode(control.api, factsOf(node));
  const kubeconfig = await createProxyAccount(control, apiUrl(controlHost));
  await Promise.all(
    nodes.map(async (node) => {
      node.kubeProxy = await startKubeProxy(sandbox, options.servers['kube-proxy'], node.host, kubeconfig);
    }),
  );
  return { sandbox, network, controlHost, control, nodes, client };
}

async function startControlPlane(sandbox: Sandbox, host: Host, options: Settled, signal?: AbortSignal): Promise<ControlPlane> {
  const url = `https://127.0.0.1:${await openRelay(host, host.addresses.ipv4, API_PORT)}`;
  const site = { enter: host.enter, address: host.addresses.ipv4, port: API_PORT, url };
  const controllerManager = options.controllerManager ?? true;
  const apiServerFlags = [ENDPOINT_ROUTING, ...(options.apiServerFlags ?? [])];
  return await ControlPlane.start({ ...options, apiServerFlags, sandbox, site, controllerManager }, signal);
}

/** One after the other, for the kernel makes interfaces one at a time anyway; then each learns the way to the others' pods. */
async function addNodes(network: Network, count: number): Promise<LabNode[]> {
  const nodes: LabNode[] = [];
  for (let index = 0; index < count; index++) {
    const name = `node-${index + 1}`;
    nodes.push({ name, index, host: await network.addHost(name, HOST_NUMBERS.firstNode + index, { router: true }) });
  }
  await network.connectPods(nodes.map((node) => node.host));
  return nodes;
}

function factsOf({ name, index, host }: LabNode): Parameters<typeof createNode>[1] {
  const pods = podRanges(index);
  return { name, addresses: [host.addresses.ipv4, host.addresses.ipv6], podRanges: [pods.ipv4, pods.ipv6] };
}

function speakerPod(node: LabNode): string {
  return `speaker-${node.name}`;
}

function apiUrl(controlHost: Host): string {
  return `https://${controlHost.addresses.ipv4}:${API_PORT}`;
}
