import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../kubernetes/api-client.ts';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import { startContainer } from './container.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { type PodObject, wantedNode } from './pod-objects.ts';

/** Between two looks at all pods. */
const PAUSE_MILLISECONDS = 100;

/** A probe of a process on the same machine that takes longer counts as a no. */
const PROBE_MILLISECONDS = 1_000;

/** Runs in place of an image that is not the product's. The program ends with its pod. */
export type ForeignProgram = (pod: PodObject, host: Host) => RunningProgram;

/** A pod's program, and where it runs. */
interface Life {
  readonly host: Host;
  readonly program: RunningProgram;
  ready: boolean;
}

/**
 * Stands in for the scheduler and the kubelets, for the pods of one namespace: gives each a node, runs what it says on a host of the lab with the rights
 * that it says, tells the API server how it is, and ends it when it is to go. A program that ends by itself is started again.
 */
export class Kubelet implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #namespace: string;
  readonly #foreign: Readonly<Record<string, ForeignProgram>>;
  readonly #lives: Map<string, Life> = new Map();
  /** Hosts for pods that have a network of their own, to be used again. */
  readonly #free: Host[] = [];
  readonly #ending: AbortController = new AbortController();
  /** Rejects when something went wrong that the next look would not mend. */
  readonly ended: Promise<void>;
  #hosts = 0;
  #turn = 0;

  /** `foreign` are programs by images; pods of all others run the product. */
  constructor(lab: Lab, namespace: string, foreign: Readonly<Record<string, ForeignProgram>> = {}) {
    this.#lab = lab;
    this.#namespace = namespace;
    this.#foreign = foreign;
    this.ended = this.#run(this.#ending.signal);
    // Whoever does not look is told when it is disposed of.
    this.ended.catch(() => undefined);
  }

  /** The programs that run, by the names of their pods. */
  async programs(): Promise<ReadonlyMap<string, RunningProgram>> {
    return new Map(Array.from(await this.#running(), ([name, { program }]) => [name, program]));
  }

  /** The hosts on which they run, by the names of their pods. */
  async hosts(): Promise<ReadonlyMap<string, Host>> {
    return new Map(Array.from(await this.#running(), ([name, { host }]) => [name, host]));
  }

  /** Ends all programs; rejects with what went wrong in between. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.ended;
    await Promise.all([...this.#lives.values()].map(({ program }) => program.stop()));
  }

  async #running(): Promise<readonly (readonly [string, Life])[]> {
    const pods = await this.#pods();
    return pods.flatMap(({ metadata }) => {
      const life = this.#lives.get(metadata.uid);
      return life === undefined ? [] : [[metadata.name, life] as const];
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look().catch(ignoreGone);
      await sleep(PAUSE_MILLISECONDS);
    }
  }

  async #look(): Promise<void> {
    const pods = await this.#pods();
    const [going, staying] = [pods.filter(isGoing), pods.filter((pod) => !isGoing(pod))];
    for (const pod of staying) await this.#keep(pod).catch(ignoreGone);
    await Promise.all(going.map((pod) => this.#remove(pod).catch(ignoreGone)));
    await this.#forget(new Set(pods.map(({ metadata }) => metadata.uid)));
  }

  async #pods(): Promise<readonly PodObject[]> {
    const list = (await this.#lab.control.api.get(`/api/v1/namespaces/${this.#namespace}/pods`)) as { items: readonly PodObject[] };
    return list.items;
  }

  /** Pods that were deleted without being asked to end: their programs end all the same. */
  async #forget(present: ReadonlySet<string>): Promise<void> {
    for (const [uid, life] of this.#lives) if (!present.has(uid)) await this.#end(uid, life);
  }

  async #keep(pod: PodObject): Promise<void> {
    const { metadata, spec } = pod;
    const life = this.#lives.get(metadata.uid);
    if (spec.nodeName === undefined) await this.#bind(pod);
    else if (life === undefined || !life.program.alive) await this.#start(pod, life);
    else await this.#probe(pod, life);
  }

  async #remove(pod: PodObject): Promise<void> {
    const life = this.#lives.get(pod.metadata.uid);
    if (life !== undefined) await this.#end(pod.metadata.uid, life);
    await this.#lab.control.api.delete(`${this.#path(pod)}?gracePeriodSeconds=0`);
  }

  async #end(uid: string, { program, host }: Life): Promise<void> {
    await program.stop();
    this.#lives.delete(uid);
    if (!this.#lab.nodes.some((node) => node.host === host)) this.#free.push(host);
  }

  /** To the node that it names, else to each in turn. */
  async #bind(pod: PodObject): Promise<void> {
    const { nodes } = this.#lab;
    const name = wantedNode(pod) ?? nodes[this.#turn++ % nodes.length]?.name;
    const target = { apiVersion: 'v1', kind: 'Node', name };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target };
    await this.#lab.control.api.post(`${this.#path(pod)}/binding`, body);
  }

  async #start(pod: PodObject, before: Life | undefined): Promise<void> {
    const host = before?.host ?? (await this.#hostFor(pod));
    const foreign = this.#foreign[pod.spec.containers[0]?.image ?? ''];
    const program = foreign === undefined ? await startContainer(this.#lab, pod, host) : foreign(pod, host);
    if (program === undefined) {
      if (!this.#lab.nodes.some((node) => node.host === host)) this.#free.push(host);
      return;
    }
    this.#lives.set(pod.metadata.uid, { host, program, ready: false });
    await this.#tell(pod, host, false);
  }

  async #hostFor({ spec }: PodObject): Promise<Host> {
    if (spec.hostNetwork === true) return this.#lab.node(spec.nodeName ?? '').host;
    return this.#free.pop() ?? (await this.#lab.addHost(`${this.#namespace}-${++this.#hosts}`));
  }

  async #probe(pod: PodObject, life: Life): Promise<void> {
    const ready = await isReady(pod, life.host);
    if (ready === life.ready) return;
    life.ready = ready;
    await this.#tell(pod, life.host, ready);
  }

  async #tell(pod: PodObject, { addresses }: Host, ready: boolean): Promise<void> {
    const now = new Date().toISOString();
    const condition = (type: string, holds: boolean) => ({ type, status: holds ? 'True' : 'False', lastTransitionTime: now });
    const conditions = [condition('Ready', ready), condition('ContainersReady', ready), condition('PodScheduled', true)];
    const podIPs = [{ ip: addresses.ipv4 }, { ip: addresses.ipv6 }];
    const status = { phase: 'Running', podIP: addresses.ipv4, podIPs, startTime: now, conditions };
    await this.#lab.control.api.patch(`${this.#path(pod)}/status`, { status });
  }

  #path({ metadata }: PodObject): string {
    return `/api/v1/namespaces/${this.#namespace}/pods/${metadata.name}`;
  }
}

/** What the probe of its container says; one without a probe is ready as long as it runs. */
async function isReady({ spec }: PodObject, { agent }: Host): Promise<boolean> {
  const [container] = spec.containers;
  const probe = container?.readinessProbe?.httpGet;
  if (probe === undefined) return true;
  const port = container?.ports?.find(({ name }) => name === probe.port)?.containerPort;
  const url = `http://127.0.0.1:${port}${probe.path}`;
  return await agent.ask({ kind: 'http', url, withinMilliseconds: PROBE_MILLISECONDS }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function isGoing({ metadata }: PodObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** It was deleted between two requests, another wrote first, or the server has no time: the next look sees to it. */
function ignoreGone(thrown: unknown): void {
  if (!(thrown instanceof ApiError && (thrown.status === 404 || thrown.status === 409 || thrown.retryable))) throw thrown;
}
