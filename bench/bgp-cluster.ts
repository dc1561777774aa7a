import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../hack/kubernetes/running-program.ts';
import { AUDIT_FLAGS, AuditLog } from '../hack/lab/audit-log.ts';
import type { Host } from '../hack/lab/host.ts';
import { Lab, type LabNode } from '../hack/lab/lab.ts';
import { processorSeconds, residentMebibytes } from '../hack/lab/process-cost.ts';
import { PRODUCT_NAMESPACE, type ProductProcess } from '../hack/lab/product.ts';
import { RouteLog } from './route-log.ts';
import { distributionOf, moment, print } from './samples.ts';
import { ServiceLoad } from './service-load.ts';

const COLLECTOR = fileURLToPath(new URL('./route-collector.ts', import.meta.url));
const METALLB = `/apis/metallb.io`;
const PORTS = ['179', '1179', '1180', '1181'];
const [PORT = ''] = PORTS;
const PATIENCE = { withinMilliseconds: 600_000, pauseMilliseconds: 250 };
/** Between two Services: statuses and events of the one before are written. */
const GAP_MILLISECONDS = 150;
const SETTLING_MILLISECONDS = 3_000;

/** A cluster of three nodes whose speakers tell a collector of routes what they announce. */
export class BgpCluster implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #tor: Host;
  readonly #speakers: ReadonlyMap<LabNode, ProductProcess>;
  #collector: RunningProgram;
  #log: RouteLog;
  #present = 0;
  #made = 0;
  #collectors = 0;

  private constructor(lab: Lab, tor: Host, speakers: ReadonlyMap<LabNode, ProductProcess>) {
    this.#lab = lab;
    this.#tor = tor;
    this.#speakers = speakers;
    [this.#collector, this.#log] = this.#collect();
  }

  static async start(): Promise<BgpCluster> {
    const lab = await Lab.start({ podsPerNode: 0, apiServerFlags: AUDIT_FLAGS });
    // Rules for ten thousand Services on three nodes would take all there is of the machine.
    for (const node of lab.nodes) await node.kubeProxy?.stop();
    await lab.installProduct();
    const tor = await lab.addHost('tor');
    const controller = await lab.startController();
    const speakers = new Map<LabNode, ProductProcess>();
    for (const node of lab.nodes) speakers.set(node, await lab.startSpeaker(node));
    const cluster = new BgpCluster(lab, tor, speakers);
    await new ServiceLoad(lab.control.api, 0).prepare();
    await cluster.#create('v1beta1', 'IPAddressPool', 'bench', { addresses: ['10.64.0.0/16'] });
    await cluster.#create('v1beta1', 'BGPAdvertisement', 'bench', {});
    await cluster.#createPeer('bench', PORT);
    await cluster.#create('v1beta2', 'BGPPeer', 'other', { myASN: 64_512, peerASN: 64_601, peerAddress: '198.51.100.99', holdTime: '90s' });
    await Promise.all([controller, ...speakers.values()].map((each) => each.ready()));
    return cluster;
  }

  /** Has so many Services present, and announced by all nodes. */
  async grow(count: number): Promise<void> {
    const load = new ServiceLoad(this.#lab.control.api, count - this.#present);
    await load.create(`up-to-${count}`, {});
    await load.addEndpoints(`up-to-${count}`, 'node-1');
    this.#present = count;
    await this.#complete();
    await eventually('all nodes have said in the API what they announce', () => this.#said(count * this.#speakers.size), PATIENCE);
    await sleep(SETTLING_MILLISECONDS);
  }

  /** A Service is created: until its route is there over all nodes, and what else is said. */
  async measureService(rounds: number): Promise<void> {
    const samples = await this.#createMany(rounds, async () => undefined);
    await this.#printSamples('bgp-service', samples);
  }

  /** The same right after a change of a peer that is not even there. */
  async measurePeerChange(rounds: number): Promise<void> {
    const samples = await this.#createMany(rounds, async (round) => {
      await this.#lab.control.api.patch(this.#path('v1beta2', 'bgppeers', 'other'), { spec: { holdTime: `${60 + round}s` } });
    });
    await this.#printSamples('bgp-service-after-peer-change', samples);
  }

  /** The router comes anew: all speakers tell it everything. */
  async measureTable(): Promise<void> {
    await this.#collector.kill();
    [this.#collector, this.#log] = this.#collect();
    await this.#complete();
    const ups = this.#log.lines.filter(({ event }) => event === 'up').map(({ at, from }) => ({ at, from }));
    const spans = ups.map(({ at, from }) => Math.max(...(this.#log.tables.get(from)?.values() ?? [])) - at);
    const updates = [...this.#log.updatesSince(0).values()].map(({ length }) => length);
    const messages = updates.reduce((sum, each) => sum + each, 0);
    print('bgp-tables-of-nodes', { services: this.#present, nodes: spans.length, messages, updates, openToLastRouteMs: spans });
  }

  /** A speaker ends and starts again. */
  async measureRestart(how: 'killed' | 'stopped', rounds: number): Promise<void> {
    const [[node, speaker] = []] = [...this.#speakers];
    if (node === undefined || speaker === undefined) throw new Error('there is no speaker');
    const from = `${node.host.addresses.ipv4}:${PORT}`;
    const samples: { readonly gone: number; readonly back: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      await this.#complete();
      const ended = moment();
      await (how === 'killed' ? speaker.program.kill() : speaker.program.stop());
      await this.#log.until('the session is down', () => !this.#log.tables.has(from));
      const down = this.#log.lines.findLast(({ event, at }) => event === 'down' && at > ended)?.at ?? Number.NaN;
      const began = moment();
      speaker.start();
      await this.#complete();
      samples.push({ gone: down - ended, back: Math.max(...(this.#log.tables.get(from)?.values() ?? [])) - began });
      await speaker.ready();
      await sleep(SETTLING_MILLISECONDS);
    }
    const [gone, back] = [samples.map((each) => each.gone), samples.map((each) => each.back)];
    const figures = { endToRoutesGoneMs: distributionOf(gone), startToAllRoutesMs: distributionOf(back), gone, back };
    print('bgp-restart', { services: this.#present, how, ...figures });
  }

  /** What a speaker takes with four peers. */
  async measureMemory(): Promise<void> {
    const others = PORTS.slice(1);
    const speakers = [...this.#speakers.values()];
    const before = await Promise.all(speakers.map(processorSeconds));
    for (const port of others) await this.#createPeer(`bench-${port}`, port);
    await this.#complete(PORTS);
    await sleep(SETTLING_MILLISECONDS);
    const mebibytes = await Promise.all(speakers.map(residentMebibytes));
    const after = await Promise.all(speakers.map(processorSeconds));
    const cpuSecondsForThreePeers = after.map((seconds, index) => seconds - (before[index] ?? 0));
    print('bgp-memory', { services: this.#present, peers: PORTS.length, unit: 'MiB resident', mebibytes, cpuSecondsForThreePeers });
    for (const port of others) await this.#lab.control.api.delete(this.#path('v1beta2', 'bgppeers', `bench-${port}`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }

  async #createMany(rounds: number, before: (round: number) => Promise<void>): Promise<Sample[]> {
    const load = new ServiceLoad(this.#lab.control.api, 1);
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      const name = `late-${this.#made++}`;
      await load.addEndpoint(name, 'node-1');
      await sleep(GAP_MILLISECONDS);
      await before(round);
      const began = moment();
      await load.createOne(name, {});
      const answered = moment();
      const comes = (): readonly number[] => [...this.#log.updatesSince(began).values()].map(([first]) => first?.at ?? Number.NaN);
      await this.#log.until('the route is there over all nodes', () => comes().length === this.#speakers.size);
      await sleep(GAP_MILLISECONDS);
      await this.#log.follow();
      const messages = [...this.#log.updatesSince(began).values()].map(({ length }) => length);
      this.#present++;
      samples.push({ name, began, answered, comes: comes(), messages: Math.max(...messages) });
    }
    return samples;
  }

  async #printSamples(benchmark: string, samples: readonly Sample[]): Promise<void> {
    const audit = new AuditLog(join(this.#lab.folder, 'logs', 'kube-apiserver.log'));
    const written = new Map((await audit.writesTo('services')).map(({ name, answeredAt }) => [name, answeredAt]));
    const createdToAll = samples.map(({ began, comes }) => Math.max(...comes) - began);
    print(benchmark, {
      services: this.#present - samples.length,
      nodes: this.#speakers.size,
      apiWriteMs: distributionOf(samples.map(({ began, answered }) => answered - began)),
      createdToFirstRouteMs: distributionOf(samples.map(({ began, comes }) => Math.min(...comes) - began)),
      createdToAllRoutesMs: distributionOf(createdToAll),
      addressWrittenToAllRoutesMs: distributionOf(samples.map(({ name, comes }) => Math.max(...comes) - (written.get(name) ?? Number.NaN))),
      mostUpdatesPerNode: Math.max(...samples.map(({ messages }) => messages)),
      samples: createdToAll,
    });
  }

  /** All nodes have told of all Services. */
  async #complete(ports: readonly string[] = [PORT]): Promise<void> {
    const froms = this.#lab.nodes.flatMap(({ host }) => ports.map((port) => `${host.addresses.ipv4}:${port}`));
    const there = async (): Promise<boolean> => {
      await this.#log.follow();
      return froms.every((from) => this.#log.tables.has(from) && this.#log.count(from) === this.#present);
    };
    await eventually(`all nodes tell of ${this.#present} Services`, there, { ...PATIENCE, pauseMilliseconds: 20 });
  }

  /** Whether so many statuses are there: before that the API server is busy with them. */
  async #said(count: number): Promise<boolean> {
    const list = (await this.#lab.control.api.get(`${this.#path('v1beta1', 'servicebgpstatuses')}?limit=1`)) as unknown as StatusList;
    return list.items.length + (list.metadata.remainingItemCount ?? 0) >= count;
  }

  #collect(): [RunningProgram, RouteLog] {
    const name = `collector-${this.#collectors++}`;
    const program = this.#tor.start(name, [process.execPath, COLLECTOR, '--ports', PORTS.join()]);
    return [program, new RouteLog(program.log)];
  }

  async #createPeer(name: string, port: string): Promise<void> {
    const spec = { myASN: 64_512, peerASN: 64_600, peerAddress: this.#tor.addresses.ipv4, peerPort: Number(port), connectTime: '1s' };
    await this.#create('v1beta2', 'BGPPeer', name, spec);
  }

  async #create(version: string, kind: string, name: string, spec: object): Promise<void> {
    const body = { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: PRODUCT_NAMESPACE }, spec };
    await this.#lab.control.api.post(this.#path(version, `${kind.toLowerCase()}s`), body);
  }

  #path(version: string, plural: string, name: string = ''): string {
    const path = `${METALLB}/${version}/namespaces/${PRODUCT_NAMESPACE}/${plural}`;
    return name === '' ? path : `${path}/${name}`;
  }
}

/** A page of a list, and how much is behind it. */
interface StatusList {
  readonly items: readonly unknown[];
  readonly metadata: { readonly remainingItemCount?: number };
}

/** One Service that was created. Moments in milliseconds since 1970. */
interface Sample {
  readonly name: string;
  readonly began: number;
  readonly answered: number;
  /** When its route came, by node. */
  readonly comes: readonly number[];
  /** The most UPDATE messages that a node sent because of it. */
  readonly messages: number;
}
