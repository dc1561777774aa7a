import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Client } from '../../../hack/lab/client.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { PATIENCE } from './cluster.ts';

/** A busy machine answers late; what is not answered within this long is lost. */
const LOST_MILLISECONDS = 10_000;

/** Leaves the machine to the product. */
const PAUSE_MILLISECONDS = 20;

/** What became of all visits. */
export interface Counted {
  readonly address: string;
  readonly answered: number;
  /** A sentence for each that was not answered. */
  readonly lost: readonly string[];
  readonly longestMilliseconds: number;
}

/** A client that fetches a page of an address again and again, each time on a connection of its own, until it is told to end. */
export class Visits {
  readonly #address: string;
  readonly #ended: Promise<void>;
  readonly #lost: string[] = [];
  #answered = 0;
  #longest = 0;
  #going: boolean = true;

  constructor(client: Client, address: string, port: number) {
    this.#address = address;
    this.#ended = this.#run(client, port);
  }

  /** Waits until some more have been answered. */
  async some(): Promise<void> {
    const goal = this.#answered + 3;
    await eventually(`${this.#address} answers`, () => this.#answered >= goal, PATIENCE);
  }

  /** Ends with the visit that is under way. */
  async end(): Promise<Counted> {
    this.#going = false;
    await this.#ended;
    return { address: this.#address, answered: this.#answered, lost: this.#lost, longestMilliseconds: Math.round(this.#longest) };
  }

  async #run(client: Client, port: number): Promise<void> {
    while (this.#going) {
      try {
        const { milliseconds } = await client.http(this.#address, { port, withinMilliseconds: LOST_MILLISECONDS });
        this.#answered++;
        this.#longest = Math.max(this.#longest, milliseconds);
      } catch (thrown) {
        this.#lost.push(describeError(thrown));
      }
      await sleep(PAUSE_MILLISECONDS);
    }
  }
}
