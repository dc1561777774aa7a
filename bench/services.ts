// How fast Services get their addresses, what that costs the API server, and what memory both processes take.
// Reference, in the same run: what the API server does alone, with Services that nobody serves.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ApiObject } from '../hack/kubernetes/api-client.ts';
import { eventually } from '../hack/kubernetes/eventually.ts';
import { AUDIT_FLAGS, AuditLog, type Write } from '../hack/lab/audit-log.ts';
import { Lab } from '../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE, type ProductProcess } from '../hack/lab/product.ts';
import { print } from './samples.ts';

/** Clients that create at once, as in the measurement of MetalLB that the reference figures come from. */
const WRITERS = 16;
const PATIENCE = { withinMilliseconds: 120_000 };
const NAMESPACE = 'bench';
const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`;

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' } } });
const count = Number(values.count);
await using lab = await Lab.start({ nodes: 1, podsPerNode: 0, apiServerFlags: AUDIT_FLAGS });
await lab.control.api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
await measureReference(lab);
await measureProduct(lab, new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log')));

/** The API server alone: creates a second, and status writes a second, with a class that nobody serves. */
async function measureReference(lab: Lab): Promise<void> {
  const created = performance.now();
  await createServices(lab, 'reference', { loadBalancerClass: 'bench.example/nobody' });
  const patched = performance.now();
  await forAll(count, (index) =>
    lab.control.api.patch(`${SERVICES}/reference-${index}/status`, { status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } }),
  );
  const done = performance.now();
  await deleteServices(lab, 'reference');
  print('services-reference', {
    services: count,
    createsPerSecond: count / ((patched - created) / 1_000),
    statusWritesPerSecond: count / ((done - patched) / 1_000),
  });
}

async function measureProduct(lab: Lab, audit: AuditLog): Promise<void> {
  await lab.installProduct();
  await apply(lab, 'IPAddressPool', { addresses: ['10.64.0.0/16'] });
  await apply(lab, 'L2Advertisement', {});
  const [node] = lab.nodes;
  if (node === undefined) throw new Error('the lab has no node');
  const controller = await lab.startController();
  const speaker = await lab.startSpeaker(node);
  await Promise.all([controller.ready(), speaker.ready()]);
  const idle = { controller: await residentMebibytes(controller), speaker: await residentMebibytes(speaker) };
  const first = Date.now();
  await createServices(lab, 'web', {});
  const last = Date.now();
  await eventually('all Services have an address', async () => (await assigned(lab)) === count, PATIENCE);
  const cpuSeconds = await processorSeconds(controller);
  const writes = (await audit.writes()).filter(({ by, status, answeredAt }) => by === 'controller' && status < 300 && answeredAt >= first);
  const times = timesOf({ first, last }, writes);
  print('services-addressed', { services: count, ...times, ...costOf(writes), controllerCpuSeconds: cpuSeconds });
  await announce(lab, node.name);
  const announced = async (): Promise<boolean> => (await announcedServices(lab)) === count;
  await eventually('the speaker announces all Services', announced, PATIENCE);
  const full = { controller: await residentMebibytes(controller), speaker: await residentMebibytes(speaker) };
  print('memory', { services: count, unit: 'MiB resident', idle, full });
  const deleting = Date.now();
  await deleteServices(lab, 'web');
  const deleted = Date.now();
  await eventually('all addresses are free', async () => (await inUse(lab)) === 0, PATIENCE);
  print('services-released', { services: count, deletesMs: deleted - deleting, lastReleaseBehindLastDeleteMs: Date.now() - deleted });
}

/** When addresses came: from the first create to the last address, and behind the answer to the last create. */
function timesOf(creates: { readonly first: number; readonly last: number }, writes: readonly Write[]): ApiObject {
  const lastAddress = Math.max(...writes.filter(({ resource }) => resource === 'services/status').map(({ answeredAt }) => answeredAt));
  return {
    createsPerSecond: count / ((creates.last - creates.first) / 1_000),
    firstCreateToLastAddressMs: lastAddress - creates.first,
    lastAddressBehindLastCreateMs: lastAddress - creates.last,
  };
}

/** What the controller wrote for each Service. */
function costOf(writes: readonly Write[]): ApiObject {
  const per = (resource: string): number => writes.filter((write) => write.resource === resource).length / count;
  return { writesPerService: { status: per('services/status'), poolStatus: per('ipaddresspools/status'), events: per('events') } };
}

async function createServices(lab: Lab, prefix: string, spec: ApiObject): Promise<void> {
  await forAll(count, (index) => {
    const ports = [{ port: 80, targetPort: 8080 }];
    const body = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports, ...spec };
    return lab.control.api.post(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name: `${prefix}-${index}` }, spec: body });
  });
}

async function deleteServices(lab: Lab, prefix: string): Promise<void> {
  await forAll(count, (index) => lab.control.api.delete(`${SERVICES}/${prefix}-${index}`));
}

/** Gives each Service an endpoint on the node, so that the node announces it. */
async function announce(lab: Lab, nodeName: string): Promise<void> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
  await forAll(count, (index) => {
    const metadata = { name: `web-${index}`, labels: { 'kubernetes.io/service-name': `web-${index}` } };
    const endpoints = [{ addresses: ['10.244.0.9'], nodeName, conditions: { ready: true } }];
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv4',
      endpoints,
      ports: [{ port: 8080 }],
    };
    return lab.control.api.post(path, slice);
  });
}

async function apply(lab: Lab, kind: string, spec: ApiObject): Promise<void> {
  const path = `/apis/metallb.io/v1beta1/namespaces/${PRODUCT_NAMESPACE}/${kind.toLowerCase()}s`;
  await lab.control.api.post(path, { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name: 'bench' }, spec });
}

interface PoolStatus {
  readonly status?: { readonly assignedIPv4?: number };
}

async function inUse(lab: Lab): Promise<number | undefined> {
  const path = `/apis/metallb.io/v1beta1/namespaces/${PRODUCT_NAMESPACE}/ipaddresspools/bench`;
  return ((await lab.control.api.get(path)) as PoolStatus).status?.assignedIPv4;
}

interface ServiceList {
  readonly items: readonly { readonly status: { readonly loadBalancer: { readonly ingress?: readonly unknown[] } } }[];
}

async function assigned(lab: Lab): Promise<number> {
  const list = (await lab.control.api.get(`${SERVICES}?resourceVersion=0`)) as unknown as ServiceList;
  return list.items.filter(({ status }) => status.loadBalancer.ingress !== undefined).length;
}

async function announcedServices(lab: Lab): Promise<number> {
  const [node] = lab.nodes;
  const answer = await node?.host.agent.ask({ kind: 'http', url: 'http://127.0.0.1:9120/metrics', withinMilliseconds: 5_000 });
  return answer?.text.split('\n').filter((line) => line.startsWith('metallb_speaker_announced{')).length ?? 0;
}

async function residentMebibytes({ program }: ProductProcess): Promise<number> {
  const status = await readFile(`/proc/${program.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

/** Seconds of processor time since the process began (proc(5), fields 14 and 15 of stat, in hundredths). */
async function processorSeconds({ program }: ProductProcess): Promise<number> {
  const fields = (await readFile(`/proc/${program.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Does one thing for each number below `total`, with as many at once as there are writers. */
async function forAll(total: number, one: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < total) await one(next++);
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}
