// How long each program takes to start, and what it keeps in memory with nothing to do: as a pod of config/default, with the user, the capabilities and
// the read-only root that the manifests say. With IMAGE_ROOT that is the root of an image (`make image-trial`).
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startContainer } from '../hack/lab/container.ts';
import type { Host } from '../hack/lab/host.ts';
import { Kubelet } from '../hack/lab/kubelet.ts';
import { Lab } from '../hack/lab/lab.ts';
import type { PodObject } from '../hack/lab/pod-objects.ts';
import { HEALTH_PORT, PRODUCT_NAMESPACE } from '../hack/lab/product.ts';
import { distributionOf, print } from './samples.ts';

const DEFAULT = join(import.meta.dirname, '..', 'config', 'default');
const CONTROLLERS = ['deployment-controller', 'replicaset-controller', 'daemonset-controller'];
/** Long enough for what was needed at the start alone to be given back. */
const IDLE_MILLISECONDS = 20_000;
const DEADLINE_MILLISECONDS = 60_000;
const TICK_MILLISECONDS = 10;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
await using lab = await Lab.start({ nodes: 1, controllers: CONTROLLERS });
const pods = await installed();
for (const pod of pods)
  await measure(pod, pod.spec.hostNetwork === true ? lab.node(pod.spec.nodeName ?? '').host : await lab.addHost('pod'));

/** One pod of each program, of which none runs any more. */
async function installed(): Promise<readonly PodObject[]> {
  await lab.control.kubectl(['apply', '--server-side', '-k', DEFAULT]);
  await using _kubelet = new Kubelet(lab, PRODUCT_NAMESPACE);
  const rolledOut = ['rollout', 'status', '-n', PRODUCT_NAMESPACE, '--timeout=110s'];
  for (const object of ['deployment/controller', 'daemonset/speaker']) await lab.control.kubectl([...rolledOut, object]);
  const { items } = (await lab.control.api.get(`/api/v1/namespaces/${PRODUCT_NAMESPACE}/pods`)) as { items: readonly PodObject[] };
  return ['controller', 'speaker'].flatMap((program) => items.find(({ metadata }) => metadata.name.startsWith(program)) ?? []);
}

async function measure(pod: PodObject, host: Host): Promise<void> {
  const program = pod.spec.containers[0]?.name;
  const [lines, readies, costs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; ; round++) {
    const container = await startContainer(lab, pod, host);
    if (container?.pid === undefined) throw new Error(`${pod.metadata.name}: a volume of it is not there`);
    const { line, ready, cost } = await startOf(container.pid, container.log, host);
    lines.push(line);
    readies.push(ready);
    costs.push(cost);
    if (round + 1 === Number(values.rounds)) {
      await sleep(IDLE_MILLISECONDS);
      print('pod-memory', { program, image: process.env.IMAGE_ROOT !== undefined, unit: 'MiB', ...memoryOf(container.pid) });
    }
    await container.stop();
    if (round + 1 === Number(values.rounds)) break;
  }
  print('pod-start', { program, unit: 'ms from the start of Node to the first line of its log', ...distributionOf(lines), samples: lines });
  print('pod-start-cost', {
    program,
    unit: 'ms of processor time until then',
    grain: TICK_MILLISECONDS,
    ...distributionOf(costs),
    samples: costs,
  });
  print('pod-ready', {
    program,
    unit: 'ms from the start of Node until it says that it is ready',
    ...distributionOf(readies),
    samples: readies,
  });
}

interface Start {
  readonly line: number;
  readonly ready: number;
  /** Processor time until the line: of two machines, or of one that has other things to do, this can be compared. */
  readonly cost: number;
}

/** Milliseconds from when the shell became Node to the first line, and to the first yes of the readiness probe. */
async function startOf(pid: number, log: string, host: Host): Promise<Start> {
  const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  await until(() => exeOf(pid).endsWith('/node'));
  const began = performance.now();
  const spent = processorMilliseconds(pid);
  await until(() => statSync(log).size > before);
  const [line, cost] = [performance.now() - began, processorMilliseconds(pid) - spent];
  const url = `http://127.0.0.1:${HEALTH_PORT}/readyz`;
  await until(async () => (await host.agent.ask({ kind: 'http', url, withinMilliseconds: 1_000 }).catch(() => undefined))?.status === 200);
  return { line, ready: performance.now() - began, cost };
}

/** Of all threads (proc(5), fields 14 and 15 of stat). */
function processorMilliseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MILLISECONDS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('a pod did not start in time');
    await sleep(1);
  }
}

function exeOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/exe`);
}

/** All that is mapped and in memory, of it what is its own, and what it shares with the files of Node (proc(5), status; smaps_rollup). */
function memoryOf(pid: number): Readonly<Record<string, number>> {
  const of = (file: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]) / 1_024;
  const proportional = of('smaps_rollup', 'Pss');
  return { resident: of('status', 'VmRSS'), anonymous: of('status', 'RssAnon'), ofFiles: of('status', 'RssFile'), proportional };
}
