// A cluster to play with, until Ctrl-C: make lab
import { dirname } from 'node:path';
import type { Report } from './kubernetes/programs.ts';
import type { Sandbox } from './kubernetes/sandbox.ts';
import type { ProductProcess } from './lab/product.ts';
import { openShowcase, POOL_MANIFEST, type Showcase, serviceManifest } from './lab/showcase.ts';
import { tellInSandbox } from './lab/until-signal.ts';

const say: Report = (line) => void process.stdout.write(`${line}\n`);

/** Waits until the sample Service has its address; that takes a moment only. */
const ADDRESS_PATIENCE = { withinMilliseconds: 30_000 };

/** A pool and a Service, so that there is something to look at. Gives the Service's address. */
async function addSample({ lab }: Showcase): Promise<string> {
  await lab.control.kubectl(['apply', '-f', '-'], { stdin: POOL_MANIFEST });
  await lab.control.kubectl(['apply', '-f', '-'], { stdin: serviceManifest('web') });
  const path = 'jsonpath={.status.loadBalancer.ingress[0].ip}';
  const address = (): Promise<string | false> =>
    lab.control.kubectl(['get', 'service', 'web', '-o', path]).then((text) => text !== '' && text);
  return await lab.eventually('Service web has an address', address, ADDRESS_PATIENCE);
}

/** How to reach everything from another shell. */
function explain({ lab }: Showcase, address: string): void {
  say(`
The lab runs until Ctrl-C. In another shell, as root:

  export KUBECONFIG=${lab.control.adminKubeconfig}
  export PATH=${dirname(lab.control.servers.kubectl)}:$PATH
  kubectl get ipaddresspools,services,servicel2statuses -A

Service web has the address ${address}; the client on the segment reaches it:

  ip netns exec ${lab.client.host.namespace} curl http://${address}/
  ip -n ${lab.client.host.namespace} neighbour show

Nodes: ${lab.nodes.map((node) => node.host.namespace).join(', ')}
Logs:  ${lab.folder}/logs
`);
}

/** A process that ends is told of, with the end of its log, and stays down: what happens then is what a lab is for. */
async function watch(product: ProductProcess, signal: AbortSignal): Promise<void> {
  const status = await product.program.exited;
  if (signal.aborted) return;
  say(`${product.name} ended with ${status}; the end of ${product.program.log}:\n${await product.program.tail()}`);
}

/** Everything up, then nothing but waiting. */
async function play(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  const showcase = await openShowcase(sandbox, say, signal);
  explain(showcase, await addSample(showcase));
  await Promise.all([showcase.controller, ...showcase.speakers].map((product) => watch(product, signal)));
  await new Promise(() => undefined); // everything of the product has ended; the rest stays until Ctrl-C
}

await tellInSandbox({ tell: play, endless: true });
