import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Environment } from '../../../hack/kubernetes/programs.ts';
import { AUDIT_FLAGS, AuditLog } from '../../../hack/lab/audit-log.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { Lab, type LabNode } from '../../../hack/lab/lab.ts';
import type { ProductProcess } from '../../../hack/lab/product.ts';
import { Scraper } from '../../../hack/lab/scraper.ts';
import { Cluster, PATIENCE } from './cluster.ts';
import { Wire } from './wire.ts';

/** What the product's service accounts may do. */
const RIGHTS = join(import.meta.dirname, '../../../config/rbac');

/** The servers may have to be found or built first. */
export const START_MILLISECONDS = 600_000;
export const STOP_MILLISECONDS = 180_000;

/** What processes find in their environment beside what the lab says, by some key. */
type Environments = Readonly<Record<string, Environment>>;

/** One line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** A lab in which the product runs as its own service accounts: a controller, and a speaker on each node. */
export class ProductLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly audit: AuditLog;
  /** The client's link on the segment. */
  readonly wire: Wire;
  readonly controller: ProductProcess;
  /** By node. */
  readonly speakers: ReadonlyMap<string, ProductProcess>;
  #scraper: Promise<Scraper> | undefined;

  private constructor(lab: Lab, controller: ProductProcess, speakers: ReadonlyMap<string, ProductProcess>) {
    this.lab = lab;
    this.cluster = new Cluster(lab.control.api);
    this.audit = new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log'));
    this.wire = new Wire(lab.client.host);
    this.controller = controller;
    this.speakers = speakers;
  }

  /** Brings everything up; fulfilled when all processes say that they are ready. `environments` are those of speakers, by their nodes. */
  static async start(environments: Environments = {}): Promise<ProductLab> {
    const product = await ProductLab.#startAfter((lab) => lab.installProduct(), environments);
    await product.ready().catch(async (cause: unknown) => {
      await product[Symbol.asyncDispose]();
      throw cause;
    });
    return product;
  }

  /** Brings up all but the definitions of the product's kinds: the processes run, and cannot be ready. */
  static startWithoutDefinitions(): Promise<ProductLab> {
    return ProductLab.#startAfter(async (lab) => {
      await lab.control.kubectl(['apply', '--server-side', '-k', RIGHTS]);
      await lab.addProductPods();
    });
  }

  static async #startAfter(install: (lab: Lab) => Promise<void>, environments: Environments = {}): Promise<ProductLab> {
    const lab = await Lab.start({ apiServerFlags: AUDIT_FLAGS });
    try {
      await install(lab);
      const controller = await lab.startController();
      const speakers = new Map<string, ProductProcess>();
      for (const node of lab.nodes) {
        const environment = environments[node.name];
        speakers.set(node.name, await lab.startSpeaker(node, environment === undefined ? {} : { environment }));
      }
      return new ProductLab(lab, controller, speakers);
    } catch (cause) {
      await lab[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** All processes of the product. */
  get processes(): readonly ProductProcess[] {
    return [this.controller, ...this.speakers.values()];
  }

  /** The speaker of a node; throws when there is none. */
  speaker(node: string): ProductProcess {
    const speaker = this.speakers.get(node);
    if (speaker === undefined) throw new Error(`no speaker on ${node}`);
    return speaker;
  }

  /** Fulfilled when all processes are ready. */
  async ready(): Promise<void> {
    await Promise.all(this.processes.map((each) => each.ready()));
  }

  /** The node whose card on the segment has a MAC. */
  nodeOf(mac: string | undefined): LabNode | undefined {
    return this.lab.nodeWithMac(mac);
  }

  /** The text of a process's `/metrics`, read with the right that the manifests offer. */
  async metricsOf(process: ProductProcess): Promise<string> {
    this.#scraper ??= Scraper.allowed(this.lab.control);
    const { status, text } = await (await this.#scraper).read(this.hostOf(process));
    if (status !== 200) throw new Error(`${process.name} answers ${status}: ${text}`);
    return text;
  }

  /** Waits until no speaker knows of a BGP peer: one that comes back before its end was seen goes on as it was. */
  async peersForgotten(): Promise<void> {
    for (const speaker of this.speakers.values()) {
      const none = async (): Promise<boolean> => !/^metallb_bgp_session_up\{/m.test(await this.metricsOf(speaker));
      await eventually(`${speaker.name} has no peer any more`, none, PATIENCE);
    }
  }

  /** The machine that a process runs on. */
  hostOf(process: ProductProcess): Host {
    const node = [...this.speakers].find(([, speaker]) => speaker === process)?.[0];
    return node === undefined ? this.lab.controlHost : this.lab.node(node).host;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}

/** The log of a process, over all its lives. A line that is no JSON object comes as one of level `raw`. */
export async function logOf({ program }: ProductProcess): Promise<LogLine[]> {
  const text = await readFile(program.log, 'utf8');
  // What follows the last line feed of a process that lives is a line that is being written.
  const whole = program.alive ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map(lineOf);
}

function lineOf(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'raw', msg: text };
  }
}

/** The lines of a process that a person would have to read as a crash: stack traces, and what is no line of its log. */
export async function alarmingLines(process: ProductProcess): Promise<LogLine[]> {
  return (await logOf(process)).filter((line) => line.level === 'raw' || 'stack' in line || /\n\s+at /.test(line.msg));
}
