import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import type { PodObject } from '../../../hack/lab/pod-objects.ts';
import { Wire } from './wire.ts';

/** A speaker that runs: what answers for the addresses of its node, and for those that it has taken over. */
interface Life {
  readonly host: Host;
  readonly programs: RunningProgram[];
}

/**
 * Stand-ins for MetalLB's speakers. Each answers by ARP for the addresses of its node; one that leaves is succeeded by one that stays, as MetalLB's hear of
 * it from each other.
 */
export class MetallbSpeakers {
  readonly #addressesOf: (node: string) => readonly string[];
  readonly #lives: Map<string, Life> = new Map();

  constructor(addressesOf: (node: string) => readonly string[]) {
    this.#addressesOf = addressesOf;
  }

  /** Starts the speaker of a pod; it lives as long as the program that is given back. */
  start({ metadata, spec }: PodObject, host: Host): RunningProgram {
    const node = spec.nodeName ?? '';
    const program = new Wire(host).answer(metadata.name, this.#addressesOf(node));
    this.#lives.set(node, { host, programs: [program] });
    void program.exited.then(() => this.#leave(node));
    return program;
  }

  async #leave(node: string): Promise<void> {
    const left = this.#lives.get(node);
    this.#lives.delete(node);
    const [heir] = this.#lives.values();
    heir?.programs.push(new Wire(heir.host).answer(`heir-of-${node}`, this.#addressesOf(node)));
    await Promise.all((left?.programs ?? []).map((program) => program.stop()));
  }
}
