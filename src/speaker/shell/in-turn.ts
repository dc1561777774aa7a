/**
 * Takes one event after another: what taking one causes is taken when all of it is done. An event at which `take` throws is gone, the exception goes to
 * whoever added an event, and the ones behind it are taken with the next that is added.
 */
export class InTurn<Event> {
  readonly #take: (event: Event) => void;
  readonly #waiting: Event[] = [];
  #taking: boolean = false;

  constructor(take: (event: Event) => void) {
    this.#take = take;
  }

  /** Puts an event at the end. Says whether all were taken; not so when this is called while another one is taken, which goes on then. */
  add(event: Event): boolean {
    if (this.#taking || this.#waiting.length > 0) this.#waiting.push(event);
    if (this.#taking) return false;
    this.#taking = true;
    try {
      if (this.#waiting.length === 0) this.#take(event);
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#take(next);
    } finally {
      this.#taking = false;
    }
    return true;
  }
}
