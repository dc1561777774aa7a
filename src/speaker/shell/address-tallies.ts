import type { AddressCounts } from '../../model/plan.ts';

interface Tally {
  requestsReceived: number;
  responsesSent: number;
  gratuitousSent: number;
}

/** What was counted for each address, by its canonical text, since it was last taken; holds no more than the addresses that were held meanwhile. */
export class AddressTallies {
  readonly #tallies = new Map<string, Tally>();

  /** A request for it passed all checks. */
  requested(text: string): void {
    this.#of(text).requestsReceived++;
  }

  /** An answer left. */
  answered(text: string): void {
    this.#of(text).responsesSent++;
  }

  /** A gratuitous packet left. */
  announced(text: string): void {
    this.#of(text).gratuitousSent++;
  }

  /** The counts so far; they begin at zero again. */
  take(): readonly AddressCounts[] {
    const counts = Array.from(this.#tallies, ([ip, tally]) => ({ ip, ...tally }));
    this.#tallies.clear();
    return counts;
  }

  #of(text: string): Tally {
    let tally = this.#tallies.get(text);
    if (tally === undefined) {
      tally = { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 };
      this.#tallies.set(text, tally);
    }
    return tally;
  }
}
