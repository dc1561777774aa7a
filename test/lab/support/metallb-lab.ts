import { fileURLToPath } from 'node:url';
import { POOL_RANGES } from '../../../hack/lab/addresses.ts';
import { FULL_AUDIT_FLAGS } from '../../../hack/lab/audit-log.ts';
import { Kubelet } from '../../../hack/lab/kubelet.ts';
import { Lab } from '../../../hack/lab/lab.ts';
import { kindsServed, PRODUCT_NAMESPACE } from '../../../hack/lab/product.ts';
import { Cluster, PATIENCE, POOL_ANNOTATION } from './cluster.ts';
import { METALLB_AUTHORITY, METALLB_IMAGES, METALLB_MANIFESTS, metallbDefinitions } from './metallb-manifests.ts';
import { MetallbSpeakers } from './metallb-speakers.ts';

/** The controllers that make pods of the manifests. */
const CONTROLLERS = ['deployment-controller', 'replicaset-controller', 'daemonset-controller'];
const ROLLOUT = '--timeout=100s';
const CONTROLLER = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('./metallb-controller.ts', import.meta.url)),
];
const PEERS = 'bgppeers.metallb.io';

/** A Service that MetalLB has looked at: what it has got, and the node that answers for it. */
export interface Served {
  readonly name: string;
  readonly address: string;
  /** Index of the node. */
  readonly by: number;
  /** What its owner asked for. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** Annotations by either prefix, addresses from anywhere in the pool, two that share one. */
export const SERVED: readonly Served[] = [
  { name: 'first', address: '198.51.100.203', by: 0 },
  { name: 'second', address: '198.51.100.200', by: 1, annotations: { 'metallb.universe.tf/address-pool': 'main' } },
  { name: 'left', address: '198.51.100.207', by: 0, annotations: { 'metallb.io/allow-shared-ip': 'both' }, port: 81 },
  { name: 'right', address: '198.51.100.207', by: 0, annotations: { 'metallb.io/allow-shared-ip': 'both' }, port: 82 },
];

/** A Service that MetalLB could give nothing. */
export const UNSERVED = 'unserved';

function ours(version: string, kind: string, name: string, spec: object): object {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: PRODUCT_NAMESPACE }, spec };
}

const ROUTER = { myASN: 64_512, peerASN: 64_513, peerAddress: '192.0.2.1' };
const NOWHERE = [{ matchLabels: { rack: 'none' } }];

/** The configuration of its user. No node holds a session of it. */
const CONFIGURATION: readonly object[] = [
  ours('v1beta1', 'IPAddressPool', 'main', { addresses: [POOL_RANGES.ipv4] }),
  ours('v1beta1', 'IPAddressPool', 'asked-for', { addresses: ['198.18.0.0/30'], autoAssign: false, avoidBuggyIPs: true }),
  ours('v1beta1', 'L2Advertisement', 'main', { ipAddressPools: ['main'] }),
  ours('v1beta1', 'BFDProfile', 'fast', { receiveInterval: 100, transmitInterval: 100 }),
  ours('v1beta1', 'Community', 'names', { communities: [{ name: 'blackhole', value: '65535:666' }] }),
  ours('v1beta1', 'BGPAdvertisement', 'routes', { ipAddressPools: ['asked-for'], communities: ['blackhole'] }),
  ours('v1beta2', 'BGPPeer', 'new', { ...ROUTER, peerAddress: '192.0.2.2', nodeSelectors: NOWHERE, bfdProfile: 'fast', holdTime: '90s' }),
];

/** A peer as MetalLB before 0.13.3 stored it. */
const OLD_PEER = ours('v1beta1', 'BGPPeer', 'old', { ...ROUTER, nodeSelectors: NOWHERE, ebgpMultiHop: true, holdTime: '120s' });

const json = (objects: readonly object[]): string => objects.map((object) => JSON.stringify(object)).join('\n---\n');

/**
 * A lab of two nodes in which MetalLB is installed by its manifests and has been at work: its controller and its speakers are stand-ins, and all that it
 * writes into objects has been written. Its speakers answer by ARP for the addresses of {@link SERVED}.
 */
export class MetallbLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly kubelet: Kubelet;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.cluster = new Cluster(lab.control.api);
    const speakers = new MetallbSpeakers((node) => addressesOn(lab, node));
    this.kubelet = new Kubelet(lab, PRODUCT_NAMESPACE, {
      [METALLB_IMAGES.controller]: ({ metadata }, host) => host.start(metadata.name, CONTROLLER),
      [METALLB_IMAGES.speaker]: (pod, host) => speakers.start(pod, host),
    });
  }

  /** Fulfilled when all of it is there and its pods are ready. */
  static async start(): Promise<MetallbLab> {
    const it = new MetallbLab(await Lab.start({ nodes: 2, controllers: CONTROLLERS, apiServerFlags: FULL_AUDIT_FLAGS }));
    try {
      await it.#install();
      await it.#configure();
      for (const served of SERVED) await it.#serve(served);
      await it.cluster.createService(UNSERVED, { annotations: { 'metallb.io/address-pool': 'nowhere' } });
      await it.#report();
    } catch (cause) {
      await it[Symbol.asyncDispose]();
      throw cause;
    }
    return it;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.lab.control.kubectl(args);
  }

  apply(...objects: readonly object[]): Promise<string> {
    return this.lab.control.kubectl(['apply', '-f', '-'], { stdin: json(objects) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kubelet[Symbol.asyncDispose]();
    await this.lab[Symbol.asyncDispose]();
  }

  /** With a peer that was stored when v1beta1 was the version to store: it lies there as it was written until somebody writes it anew. */
  async #install(): Promise<void> {
    const [namespace, ...rest] = METALLB_MANIFESTS;
    await this.apply(namespace ?? {}, ...(await metallbDefinitions('v1beta1')));
    await kindsServed(this.lab.control);
    await this.apply(OLD_PEER);
    await this.apply(...(await metallbDefinitions('v1beta2')), ...rest);
    const bundle = [{ op: 'add', path: '/spec/conversion/webhook/clientConfig/caBundle', value: METALLB_AUTHORITY }];
    await this.kubectl('patch', 'crd', PEERS, '--type=json', '--field-manager=MetalLB', `--patch=${JSON.stringify(bundle)}`);
    for (const object of ['deployment/controller', 'daemonset/speaker']) {
      await Promise.race([this.kubectl('rollout', 'status', object, '-n', PRODUCT_NAMESPACE, ROLLOUT), this.kubelet.ended]);
    }
  }

  /** Its webhooks are asked, so they must be found first. */
  async #configure(): Promise<void> {
    const letIn = async (): Promise<boolean> => (await this.apply(...CONFIGURATION)) !== '';
    await this.lab.eventually('MetalLB lets its configuration in', letIn, PATIENCE);
    const counters = { assignedIPv4: 3, availableIPv4: 47, assignedIPv6: 0, availableIPv6: 0 };
    await this.cluster.patchStatus('IPAddressPool', 'main', counters);
    await this.cluster.patchStatus('IPAddressPool', 'asked-for', { ...counters, assignedIPv4: 0, availableIPv4: 2 });
  }

  async #serve({ name, address, annotations, port = 80 }: Served): Promise<void> {
    const ports = [{ name: 'http', port, targetPort: 8080, protocol: 'TCP' }];
    await this.cluster.createService(name, { annotations: { ...annotations, [POOL_ANNOTATION]: 'main' }, spec: { ports } });
    await this.cluster.patchStatus('Service', name, { loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] } });
  }

  /** What its processes say; each of these objects belongs to the pod of its writer. */
  async #report(): Promise<void> {
    const { items } = JSON.parse(await this.kubectl('get', 'pods', '-n', PRODUCT_NAMESPACE, '-o', 'json')) as { items: readonly Pod[] };
    const speakers = items.filter(({ metadata }) => metadata.labels.component === 'speaker');
    for (const pod of speakers) {
      const node = pod.spec.nodeName;
      const owned = { namespace: PRODUCT_NAMESPACE, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...namesOf(pod) }] };
      const state = { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': node };
      await this.#say('ConfigurationState', { ...owned, name: `speaker-${node}`, labels: state }, { result: 'Valid', errorSummary: '' });
      for (const { name } of SERVED.filter(({ by }) => this.lab.nodes[by]?.name === node)) {
        const labels = { 'metallb.io/node': node, 'metallb.io/service-name': name, 'metallb.io/service-namespace': 'default' };
        const status = { node, serviceName: name, serviceNamespace: 'default' };
        await this.#say('ServiceL2Status', { ...owned, name: `l2-of-${name}`, labels }, status);
      }
    }
  }

  async #say(kind: string, metadata: Metadata, status: object): Promise<void> {
    await this.apply({ apiVersion: 'metallb.io/v1beta1', kind, metadata });
    const patch = JSON.stringify({ status });
    await this.kubectl('patch', kind, metadata.name, '-n', PRODUCT_NAMESPACE, '--subresource=status', '--type=merge', `--patch=${patch}`);
  }
}

type Metadata = Readonly<Record<string, unknown>> & { readonly name: string };

/** A pod as it is read here. */
interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName: string };
}

function namesOf({ metadata: { name, uid } }: Pod): { readonly name: string; readonly uid: string } {
  return { name, uid };
}

function addressesOn(lab: Lab, node: string): readonly string[] {
  return [...new Set(SERVED.filter(({ by }) => lab.nodes[by]?.name === node).map(({ address }) => address))];
}
