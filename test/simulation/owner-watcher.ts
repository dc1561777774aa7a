import type { Claim } from '../../src/speaker/wire/segment.ts';
import type { SegmentWorld } from './segment-world.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** How long things may be wrong while nothing is broken, in microseconds of true time: a hello of a node that is idle, and an answer. */
const CALM = 3_000_000;
/** A frame that was lost is said again. */
const BRIEF = 200_000;

/**
 * Looks at a world after each step of a speaker and keeps what must never be: a node that answers for what is not its own as
 * far as it knows, an epoch that falls, a claim that nobody made, and two who answer, or nobody, though nothing has been broken for
 * a while.
 */
export class OwnerWatcher {
  readonly violations: string[] = [];
  readonly #world: SegmentWorld;
  readonly #epochs = new Map<string, number>();
  /** Since when an address has not exactly one owner. */
  readonly #wrong = new Map<string, number>();
  #brokenAt = 0;

  constructor(world: SegmentWorld) {
    this.#world = world;
    world.watch = (node) => this.#look(node);
  }

  /** Something breaks, is mended or is planned anew now. */
  disturb(): void {
    this.#brokenAt = this.#world.timeline.now;
  }

  /** The highest epoch that any speaker knows. */
  get highestEpoch(): number {
    return Math.max(0, ...this.#world.nodes.flatMap((node) => this.#world.addresses.map((address) => claimOf(node, address)?.epoch ?? 0)));
  }

  #look(node: SimulatedNode): void {
    const { addresses, timeline } = this.#world;
    for (const address of addresses) {
      const claim = claimOf(node, address);
      if (node.speaker?.answers(address) && claim?.owner !== node.name)
        this.#violate(node, address, `answers for what is ${claim?.owner}'s`);
      if (claim !== undefined && node.speaker !== undefined) this.#checkEpoch(node, address, claim);
      if (timeline.now - Math.max(this.#brokenAt, this.#world.toldAt) > CALM) this.#checkOwner(node, address);
      else this.#wrong.delete(address);
    }
  }

  #checkEpoch(node: SimulatedNode, address: string, { epoch, owner }: Claim): void {
    // A speaker that starts anew knows nothing at first.
    const key = `${node.name} ${node.boot} ${address}`;
    if (epoch < (this.#epochs.get(key) ?? 0)) this.#violate(node, address, `epoch falls to ${epoch}`);
    this.#epochs.set(key, epoch);
    if (owner !== '' && !this.#world.nodes.some(({ name }) => name === owner)) this.#violate(node, address, `belongs to ${owner}`);
  }

  #checkOwner(node: SimulatedNode, address: string): void {
    const wanted = this.#world.nodes.some((one) => one.powered && one.speaker !== undefined && one.plans.get(address)?.self === true);
    const owners = this.#world.owners(address);
    const wrong = owners.length > 1 || (wanted && owners.length === 0);
    const since = this.#wrong.get(address) ?? this.#world.timeline.now;
    if (wrong) this.#wrong.set(address, since);
    else this.#wrong.delete(address);
    if (wrong && this.#world.timeline.now - since > BRIEF) this.#violate(node, address, `is answered for by [${owners}]`);
  }

  #violate(node: SimulatedNode, address: string, what: string): void {
    if (this.violations.length < 5)
      this.violations.push(`${Math.round(this.#world.timeline.now / 1_000)} ms, ${node.name}: ${address} ${what}`);
  }
}

function claimOf(node: SimulatedNode, address: string): Claim | undefined {
  return node.speaker?.owners.claimOf(address);
}
