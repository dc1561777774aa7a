/** So many names of nodes have room in a hello, however long they are: each hello begins so many further on, so that all are told. */
const NAMES_A_HELLO = 4;

/** In which order the hellos of one speaker name the nodes that are gone. */
export class NameTurns {
  #first = 0;

  /** All names, beginning with others each time when there are many: only the first ones may have room. */
  next(names: readonly string[]): readonly string[] {
    if (names.length > NAMES_A_HELLO) this.#first = (this.#first + NAMES_A_HELLO) % names.length;
    return [...names.slice(this.#first), ...names.slice(0, this.#first)];
  }
}
