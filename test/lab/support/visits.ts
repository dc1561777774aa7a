import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Answer } from '../../../hack/lab/agent-messages.ts';
import type { Client } from '../../../hack/lab/client.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { PATIENCE } from './cluster.ts';

/** A busy machine answers late; what is not answered within this long is lost. */
const LOST_MILLISECONDS = 10_000;

/** How the agent tells of a reset. */
const CUT = /ECONNRESET|EPIPE|socket hang up/;

/** Leaves the machine to the product. */
const PAUSE_MILLISECONDS = 20;

/** What became of all visits. */
export interface Counted {
  readonly address: string;
  readonly answered: number;
  /**
   * How many were cut by a reset and answered at once when they were made again, as clients do with a GET (RFC 9110, Section 9.2.2). A connection that is open in the
   * moment in which its address goes to another node ends so: that node does not know it.
   */
  readonly cut: number;
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
  #cut = 0;
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
    return {
      address: this.#address,
      answered: this.#answered,
      cut: this.#cut,
      lost: this.#lost,
      longestMilliseconds: Math.round(this.#longest),
    };
  }

  async #run(client: Client, port: number): Promise<void> {
    while (this.#going) {
      const visit = (): Promise<Answer> => client.http(this.#address, { port, withinMilliseconds: LOST_MILLISECONDS });
      try {
        const { milliseconds } = await visit().catch(async (thrown: unknown) => {
          if (!CUT.test(describeError(thrown))) throw thrown;
          const answer = await visit();
          this.#cut++;
          return answer;
        });
        this.#answered++;
        this.#longest = Math.max(this.#longest, milliseconds);
      } catch (thrown) {
        this.#lost.push(describeError(thrown));
      }
      await sleep(PAUSE_MILLISECONDS);
    }
  }
}
