// How fast Services get their addresses and lose them, what that costs the API server and the controller, and how long a
// controller needs after its start. Reference, in the same run: what the API server does alone, with Services that nobody serves.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../hack/kubernetes/eventually.ts';
import { AUDIT_FLAGS, AuditLog, type Write } from '../hack/lab/audit-log.ts';
import { Lab } from '../hack/lab/lab.ts';
import { processorSeconds, residentMebibytes } from '../hack/lab/process-cost.ts';
import { PRODUCT_NAMESPACE, type ProductProcess } from '../hack/lab/product.ts';
import { distributionOf, print } from './samples.ts';
import { ServiceLoad } from './service-load.ts';

const PATIENCE = { withinMilliseconds: 300_000 };
/** How long nothing happens before, and while, the writes at rest are counted. */
const SETTLING_MILLISECONDS = 3_000;
const REST_MILLISECONDS = 15_000;
const OURS = `/apis/metallb.io/v1beta1/namespaces/${PRODUCT_NAMESPACE}`;

const { values } = parseArgs({ options: { counts: { type: 'string', default: '1000,5000,10000' } } });
for (const count of values.counts.split(',')) await measure(Number(count));

/** Everything with one number of Services, in a cluster of its own. */
async function measure(services: number): Promise<void> {
  await using lab = await Lab.start({ nodes: 1, podsPerNode: 0, apiServerFlags: AUDIT_FLAGS });
  const load = new ServiceLoad(lab.control.api, services);
  await load.prepare();
  await measureReference(load);
  await lab.installProduct();
  await apply(lab, 'IPAddressPool', { addresses: ['10.64.0.0/16'] });
  await apply(lab, 'L2Advertisement', {});
  const audit = new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log'));
  const controller = await lab.startController();
  await controller.ready();
  await measureAllocation(load, controller, audit);
  await measureRest(load, audit);
  await measureRestart(load, controller, audit);
  await measureSpeaker(lab, load);
  await measureRelease(lab, load);
}

/** The API server alone: creates a second, and status writes a second, with a class that nobody serves. */
async function measureReference(load: ServiceLoad): Promise<void> {
  const created = performance.now();
  await load.create('reference', { loadBalancerClass: 'bench.example/nobody' });
  const patched = performance.now();
  await load.writeStatuses('reference');
  const done = performance.now();
  await load.delete('reference');
  const perSecond = (milliseconds: number): number => load.count / (milliseconds / 1_000);
  print('services-reference', {
    services: load.count,
    createsPerSecond: perSecond(patched - created),
    statusWritesPerSecond: perSecond(done - patched),
    deletesPerSecond: perSecond(performance.now() - done),
  });
}

async function measureAllocation(load: ServiceLoad, controller: ProductProcess, audit: AuditLog): Promise<void> {
  const idle = { mebibytes: await residentMebibytes(controller), seconds: await processorSeconds(controller) };
  const first = Date.now();
  const created = await load.create('web', {});
  const last = Date.now();
  await eventually('all Services have an address', async () => (await load.addressed()) === load.count, PATIENCE);
  const seconds = (await processorSeconds(controller)) - idle.seconds;
  await sleep(SETTLING_MILLISECONDS);
  const writes = await writesSince(audit, first);
  const statuses = writes.filter(({ resource }) => resource === 'services/status');
  const lastAddress = Math.max(...statuses.map(({ answeredAt }) => answeredAt));
  // Less than nothing where the address was written before the create's own answer was read.
  const behind = distributionOf(statuses.map(({ name, answeredAt }) => answeredAt - (created.get(name) ?? Number.NaN)));
  print('services-addressed', {
    services: load.count,
    createsPerSecond: load.count / ((last - first) / 1_000),
    firstCreateToLastAddressMs: lastAddress - first,
    lastAddressBehindLastCreateMs: lastAddress - last,
    createAnsweredToAddressMs: behind,
    writesPerService: costOf(load, writes),
    controllerCpuSeconds: seconds,
    controllerCpuSecondsPerThousand: seconds / (load.count / 1_000),
    controllerMebibytes: { idle: idle.mebibytes, full: await residentMebibytes(controller) },
  });
}

/** What is written while nothing happens: nothing but the lease. */
async function measureRest(load: ServiceLoad, audit: AuditLog): Promise<void> {
  const began = Date.now();
  await sleep(REST_MILLISECONDS);
  const writes = await writesSince(audit, began);
  const leases = writes.filter(({ resource }) => resource === 'leases').length;
  print('services-rest', {
    services: load.count,
    seconds: REST_MILLISECONDS / 1_000,
    leaseWrites: leases,
    otherWrites: writes.length - leases,
  });
}

/** A Service is created just when the controller starts: until it has its address all others must be known again. */
async function measureRestart(load: ServiceLoad, controller: ProductProcess, audit: AuditLog): Promise<void> {
  for (const how of ['stopped', 'killed'] as const) {
    await (how === 'stopped' ? controller.program.stop() : controller.program.kill());
    const began = Date.now();
    controller.start();
    await load.createOne(`late-${how}`, {});
    const given = async (): Promise<Write | undefined> =>
      (await audit.writesTo('services', `late-${how}`)).find(({ resource }) => resource === 'services/status');
    const write = await eventually('the late Service has an address', given, { ...PATIENCE, pauseMilliseconds: 250 });
    await sleep(SETTLING_MILLISECONDS);
    const others = (await writesSince(audit, began)).filter(
      ({ resource, name }) => resource.startsWith('services') && name !== `late-${how}`,
    );
    print('controller-restart', {
      services: load.count,
      how,
      startToFirstAddressMs: write.answeredAt - began,
      servicesRewritten: others.length,
      cpuSeconds: await processorSeconds(controller),
      mebibytes: await residentMebibytes(controller),
    });
  }
}

async function measureSpeaker(lab: Lab, load: ServiceLoad): Promise<void> {
  const [node] = lab.nodes;
  if (node === undefined) throw new Error('the lab has no node');
  const speaker = await lab.startSpeaker(node);
  await speaker.ready();
  const before = await residentMebibytes(speaker);
  await load.addEndpoints('web', node.name);
  await eventually('the speaker announces all Services', async () => (await announced(lab)) >= load.count, PATIENCE);
  print('speaker-memory', {
    services: load.count,
    unit: 'MiB resident',
    addressed: before,
    announced: await residentMebibytes(speaker),
    cpuSeconds: await processorSeconds(speaker),
  });
  await speaker.program.stop();
}

async function measureRelease(lab: Lab, load: ServiceLoad): Promise<void> {
  const deleting = Date.now();
  await load.delete('web');
  const deleted = Date.now();
  // The two that were made late stay.
  await eventually('all addresses are free', async () => (await inUse(lab)) === 2, PATIENCE);
  print('services-released', {
    services: load.count,
    deletesPerSecond: load.count / ((deleted - deleting) / 1_000),
    lastReleaseSeenBehindLastDeleteMs: Date.now() - deleted,
  });
}

async function writesSince(audit: AuditLog, began: number): Promise<Write[]> {
  return (await audit.writes()).filter(({ by, status, answeredAt }) => by === 'controller' && status < 300 && answeredAt >= began);
}

/** What the controller wrote for each Service. */
function costOf(load: ServiceLoad, writes: readonly Write[]): Readonly<Record<string, number>> {
  const per = (resource: string): number => writes.filter((write) => write.resource === resource).length / load.count;
  return { status: per('services/status'), poolStatus: per('ipaddresspools/status'), events: per('events') };
}

async function apply(lab: Lab, kind: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  await lab.control.api.post(`${OURS}/${kind.toLowerCase()}s`, {
    apiVersion: 'metallb.io/v1beta1',
    kind,
    metadata: { name: 'bench' },
    spec,
  });
}

async function inUse(lab: Lab): Promise<number | undefined> {
  const { status } = (await lab.control.api.get(`${OURS}/ipaddresspools/bench`)) as { status?: { assignedIPv4?: number } };
  return status?.assignedIPv4;
}

/** How many Services the speakers say that they announce. */
async function announced(lab: Lab): Promise<number> {
  const list = (await lab.control.api.get(`${OURS}/servicel2statuses?limit=1`)) as {
    items: readonly unknown[];
    metadata: { remainingItemCount?: number };
  };
  return list.items.length + (list.metadata.remainingItemCount ?? 0);
}
