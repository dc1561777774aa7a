import type { CodeCoverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

/** How far to go: whichever is reached first. */
export interface Limits {
  readonly runs: number;
  readonly seconds: number;
  readonly seed: number;
}

/** What came of it. */
export interface FuzzReport {
  readonly runs: number;
  /** Blocks of the code that ran. */
  readonly blocks: number;
  /** Inputs that each made a block run that ran for none before. */
  readonly kept: number;
  /** The most steps for an octet of input, over a batch. */
  readonly stepsPerOctet: number;
  /** The input that broke a promise, and which one; absent when none did. */
  readonly find?: { readonly input: Uint8Array; readonly reason: string };
}

/** Asking what was covered costs as much as some hundred inputs: it is asked for many at once, and for one when there is news. */
const BATCH = 256;
/** An input that is kept was new once; this many are the last that do not fit. */
const MOST_KEPT = 20_000;

const NEWEST = 16;

/** What reading, checking and writing one input may take: some five times the most that recordings and their variations took. */
const STEPS_PER_OCTET = 200;
const STEPS_PER_INPUT = 3_000;

/** Told before each input is run, so that somebody else knows it when it never ends. */
export type Watcher = (input: Uint8Array) => void;

/** Looks for inputs that break what a target promises: tries variations of inputs that have reached something new. */
export class Engine {
  readonly #target: Target;
  readonly #watcher: Watcher;
  readonly #coverage: CodeCoverage;
  readonly #random: Random;
  readonly #kept: Uint8Array[];
  readonly #seen: Set<string> = new Set();
  #runs = 0;
  #stepsPerOctet = 0;

  constructor(target: Target, seed: number, watcher: Watcher, coverage: CodeCoverage) {
    this.#target = target;
    this.#coverage = coverage;
    this.#watcher = watcher;
    this.#random = new Random(seed);
    this.#kept = [...target.seeds];
  }

  /** Runs until a limit is reached or something is found. */
  run({ runs, seconds }: Limits): FuzzReport {
    this.#coverage.take(); // what was run to get here is nobody's work
    const deadline = performance.now() + seconds * 1_000;
    let batch: readonly Uint8Array[] = this.#target.seeds;
    do {
      const find = this.#tryBatch(batch);
      if (find !== undefined) return { ...this.#report(), find };
      batch = Array.from({ length: BATCH }, () => this.#variation());
    } while (this.#runs < runs && performance.now() < deadline);
    return this.#report();
  }

  #variation(): Uint8Array {
    const changed = mutate(this.#base(), this.#random.pick(this.#kept), this.#random);
    return this.#target.repair(changed, this.#random);
  }

  /** Half of the time one of those that got furthest lately: what is behind a second door is found from behind the first. */
  #base(): Uint8Array {
    return this.#random.pick(this.#random.below(2) === 0 ? this.#kept.slice(-NEWEST) : this.#kept);
  }

  #tryBatch(batch: readonly Uint8Array[]): FuzzReport['find'] {
    for (const input of batch) {
      const reason = this.#try(input);
      if (reason !== undefined) return { input, reason };
    }
    const { blocks, steps } = this.#coverage.take();
    const octets = batch.reduce((sum, input) => sum + input.length, 0);
    if (steps > octets * STEPS_PER_OCTET + batch.length * STEPS_PER_INPUT) {
      const longest = batch.reduce((one, other) => (one.length > other.length ? one : other), new Uint8Array());
      return { input: longest, reason: `${steps} steps for ${octets} octets in ${batch.length} inputs` };
    }
    this.#stepsPerOctet = Math.max(this.#stepsPerOctet, steps / Math.max(octets, 1));
    if (this.#isNews(blocks)) this.#keepNews(batch);
    return undefined;
  }

  /** Runs each half again that holds something new, down to the inputs that have it; they are kept. */
  #keepNews(batch: readonly Uint8Array[]): void {
    const halves = [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)];
    for (const half of halves.filter(({ length }) => length > 0)) {
      for (const input of half) this.#try(input);
      const { blocks } = this.#coverage.take();
      if (!this.#isNews(blocks)) continue;
      if (half.length > 1) this.#keepNews(half);
      else this.#keep(half[0] ?? new Uint8Array(), blocks);
    }
  }

  #keep(input: Uint8Array, blocks: readonly string[]): void {
    for (const block of blocks) this.#seen.add(block);
    if (this.#kept.length < MOST_KEPT) this.#kept.push(input);
  }

  #isNews(blocks: readonly string[]): boolean {
    return blocks.some((block) => !this.#seen.has(block));
  }

  #try(input: Uint8Array): string | undefined {
    this.#runs++;
    this.#watcher(input);
    try {
      this.#target.run(input);
      return undefined;
    } catch (cause) {
      return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    }
  }

  #report(): FuzzReport {
    return {
      runs: this.#runs,
      blocks: this.#seen.size,
      kept: this.#kept.length - this.#target.seeds.length,
      stepsPerOctet: this.#stepsPerOctet,
    };
  }
}
