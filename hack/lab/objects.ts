import { hostname } from 'node:os';
import type { ApiClient, ApiObject } from '../kubernetes/api-client.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { KUBERNETES_VERSION } from '../kubernetes/programs.ts';

/** What a Node object tells of a node. */
export interface NodeFacts {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podRanges: readonly string[];
}

/** What a Pod object tells of a pod that runs. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
}

/** The controller manager makes the account of a new namespace within a second; it may just be starting. */
const ACCOUNT_MILLISECONDS = 120_000;

/** Writes a Node that is ready, as its kubelet would. */
export async function createNode(api: ApiClient, facts: NodeFacts): Promise<void> {
  const labels = { 'kubernetes.io/hostname': facts.name, 'kubernetes.io/os': 'linux' };
  const spec = { podCIDR: facts.podRanges[0], podCIDRs: facts.podRanges };
  await api.post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: facts.name, labels }, spec });
  const addresses = [...facts.addresses.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: facts.name }];
  const nodeInfo = { kubeletVersion: KUBERNETES_VERSION, kubeProxyVersion: KUBERNETES_VERSION, osImage: `a namespace on ${hostname()}` };
  const conditions = [readyCondition('KubeletReady')];
  await api.patch(`/api/v1/nodes/${facts.name}/status`, { status: { conditions, addresses, nodeInfo } });
  // Admission taints every new Node; on a real one the node controller takes the taint off again.
  await api.patch(`/api/v1/nodes/${facts.name}`, { spec: { taints: [] } });
}

/** Writes a Pod that runs and is ready, as scheduler and kubelet would. */
export async function createPod(api: ApiClient, facts: PodFacts): Promise<void> {
  const account = facts.serviceAccount ?? 'default';
  const exists = async (): Promise<boolean> =>
    'metadata' in (await api.get(`/api/v1/namespaces/${facts.namespace}/serviceaccounts/${account}`));
  await eventually(`service account ${facts.namespace}/${account}`, exists, { withinMilliseconds: ACCOUNT_MILLISECONDS });
  const spec = {
    nodeName: facts.node,
    serviceAccountName: account,
    automountServiceAccountToken: false,
    hostNetwork: facts.hostNetwork ?? false,
    containers: [{ name: 'main', image: 'none' }],
  };
  const metadata = { name: facts.name, namespace: facts.namespace, labels: facts.labels };
  await api.post(`/api/v1/namespaces/${facts.namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const podIPs = facts.addresses.map((ip) => ({ ip }));
  const state = { running: { startedAt: new Date().toISOString() } };
  const containerStatuses = [{ name: 'main', image: 'none', imageID: 'none', ready: true, started: true, restartCount: 0, state }];
  const status = { phase: 'Running', podIP: facts.addresses[0], podIPs, conditions: [readyCondition('Lab')], containerStatuses };
  await api.patch(podPath(facts), { status });
}

/** Says of a Pod whether it is ready; a Service sends traffic only to Pods that are. */
export async function setPodReady(api: ApiClient, pod: Pick<PodFacts, 'name' | 'namespace'>, ready: boolean): Promise<void> {
  await api.patch(podPath(pod), { status: { conditions: [{ ...readyCondition('Lab'), status: ready ? 'True' : 'False' }] } });
}

/** Deletes a Pod at once: there is no kubelet to say that it has ended. */
export async function deletePod(api: ApiClient, pod: Pick<PodFacts, 'name' | 'namespace'>): Promise<void> {
  await api.delete(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}?gracePeriodSeconds=0`);
}

/** Where the status of a Pod is written. */
function podPath({ namespace, name }: Pick<PodFacts, 'name' | 'namespace'>): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}/status`;
}

/** The condition that decides whether a Node or a Pod takes part; its times are required of Nodes. */
function readyCondition(reason: string): ApiObject {
  const now = new Date().toISOString();
  return { type: 'Ready', status: 'True', reason, message: 'written by the lab', lastHeartbeatTime: now, lastTransitionTime: now };
}
