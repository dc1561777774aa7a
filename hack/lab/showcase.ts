import type { Report } from '../kubernetes/programs.ts';
import { ProvisionError } from '../kubernetes/provision-error.ts';
import type { Sandbox } from '../kubernetes/sandbox.ts';
import { POOL_RANGES } from './addresses.ts';
import { Lab, POD_PORT } from './lab.ts';
import type { ProductProcess } from './product.ts';
import { requirements } from './requirements.ts';

/** A lab with the product running in it: what there is to show. */
export interface Showcase {
  readonly lab: Lab;
  readonly controller: ProductProcess;
  readonly speakers: readonly ProductProcess[];
}

/** Fifty addresses of the segment that no host has, announced on the segment by ARP and NDP. */
export const POOL_MANIFEST: string = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: segment, namespace: metallb-system }
spec:
  addresses: [${POOL_RANGES.ipv4}]
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: segment, namespace: metallb-system }
spec:
  ipAddressPools: [segment]
`;

/** A Service for the pods that every lab has. */
export function serviceManifest(name: string): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec:
  type: LoadBalancer
  selector: { app: web }
  ports: [{ port: 80, targetPort: ${POD_PORT} }]
`;
}

/** Brings up a lab in `sandbox` with the manifests of `config/`, a controller and a speaker on each node, all of them ready. */
export async function openShowcase(sandbox: Sandbox, report: Report, signal: AbortSignal): Promise<Showcase> {
  const missing = await requirements(report);
  if (missing.length > 0) throw new ProvisionError(`this machine cannot run a lab, it lacks ${missing.join('; ')}`, false);
  report('starting etcd, kube-apiserver, kube-controller-manager and three nodes with kube-proxy (5 to 10 s)');
  const lab = await Lab.start({ sandbox, report }, signal);
  await lab.installProduct();
  report('kinds and rights of config/ installed');
  const began = performance.now();
  const [controller, ...speakers] = await Promise.all([lab.startController(), ...lab.nodes.map((node) => lab.startSpeaker(node))]);
  await Promise.all([controller, ...speakers].map((process) => process.ready(signal)));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  report(`a controller and ${speakers.length} speakers ready after ${seconds} s, each as its own service account`);
  return { lab, controller, speakers };
}
