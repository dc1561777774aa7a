import { writeFile } from 'node:fs/promises';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import { eventually } from '../kubernetes/eventually.ts';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import type { Sandbox } from '../kubernetes/sandbox.ts';
import { POD_RANGES } from './addresses.ts';
import type { Host } from './host.ts';

/** kube-proxy's own account and rights: those that every cluster's kube-proxy has. */
const ACCOUNT = { namespace: 'kube-system', name: 'kube-proxy' };

/** It writes its first rules within a second; three at once on a busy machine take several. */
const READY_MILLISECONDS = 180_000;

/** Its default of a second, made for thousands of Services, would be most of what a test waits for. */
const MIN_SYNC_PERIOD = '50ms';

/** Makes the account that all kube-proxies of a cluster share, and gives a kubeconfig file of it. */
export async function createProxyAccount(control: ControlPlane, url: string): Promise<string> {
  const { namespace, name } = ACCOUNT;
  await control.api.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  await control.api.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'lab:kube-proxy' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-proxier' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  });
  return await control.serviceAccountKubeconfig(namespace, name, url);
}

/** Starts the kube-proxy of one node and waits until its rules are in the kernel. */
export async function startKubeProxy(sandbox: Sandbox, program: string, host: Host, kubeconfig: string): Promise<RunningProgram> {
  const name = `kube-proxy-${host.name}`;
  const path = sandbox.path(`${name}.yaml`);
  await writeFile(path, JSON.stringify(configurationOf(host, kubeconfig)));
  const proxy = host.start(name, [program, `--config=${path}`]);
  const probe = async (): Promise<'ready' | 'ended' | false> => {
    if (!proxy.alive) return 'ended';
    return (await host.run(['nft', 'list', 'tables'])).includes('kube-proxy') && 'ready';
  };
  const outcome = await eventually(`${name} writes its rules`, probe, { withinMilliseconds: READY_MILLISECONDS });
  if (outcome === 'ended') throw await proxy.failure('ended while starting');
  return proxy;
}

/** Connection tracking keeps its size: the limit is the whole machine's, not the namespace's, and cannot be set here. */
function configurationOf(host: Host, kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: host.name,
    clientConnection: { kubeconfig },
    clusterCIDR: POD_RANGES,
    conntrack: { maxPerCore: 0, min: 0 },
    nftables: { minSyncPeriod: MIN_SYNC_PERIOD },
  };
}
