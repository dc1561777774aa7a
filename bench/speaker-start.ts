// How long a speaker needs from its start to its first answer, with one Service that it announces.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { POOL_RANGES } from '../hack/lab/addresses.ts';
import { Lab } from '../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE } from '../hack/lab/product.ts';
import { distributionOf, print } from './samples.ts';

/** How long the client's kernel is given to hear an answer before it is asked anew: the grain of the figure. */
const GRAIN_MILLISECONDS = 25;
const IDLE_MILLISECONDS = 10_000;
const DEADLINE_MILLISECONDS = 20_000;
const [ADDRESS = ''] = POOL_RANGES.ipv4.split('-');

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
await using lab = await Lab.start({ nodes: 1 });
const [node] = lab.nodes;
if (node === undefined) throw new Error('the lab has no node');
await lab.installProduct();
const api = `/apis/metallb.io/v1beta1/namespaces/${PRODUCT_NAMESPACE}`;
const metadata = { name: 'bench' };
await lab.control.api.post(`${api}/ipaddresspools`, {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata,
  spec: { addresses: [POOL_RANGES.ipv4] },
});
await lab.control.api.post(`${api}/l2advertisements`, { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata, spec: {} });
const controller = await lab.startController();
const speaker = await lab.startSpeaker(node);
const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] };
await lab.control.api.post('/api/v1/namespaces/default/services', { apiVersion: 'v1', kind: 'Service', metadata, spec });
await Promise.all([controller.ready(), speaker.ready()]);
await answered();

const samples: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  await speaker.program.kill();
  const began = performance.now();
  speaker.start();
  await answered();
  samples.push(performance.now() - began);
  await speaker.ready();
}
// What it keeps in memory once it has nothing to do, shared libraries of Node included.
await sleep(IDLE_MILLISECONDS);
const status = await node.host.run(['cat', `/proc/${speaker.program.pid}/status`]);
print('speaker-memory', { unit: 'MB', resident: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024) });
print('speaker-start', { unit: 'ms from start to first ARP answer', grain: GRAIN_MILLISECONDS, ...distributionOf(samples), samples });

async function answered(): Promise<void> {
  const deadline = performance.now() + DEADLINE_MILLISECONDS;
  while ((await lab.client.resolve(ADDRESS, GRAIN_MILLISECONDS)) === undefined) {
    if (performance.now() > deadline) throw new Error(`nobody answered for ${ADDRESS} in time`);
  }
}
