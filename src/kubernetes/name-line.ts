/**
 * Names in the order they came, each at most once. All operations take constant time however long the line is, which
 * taking the first member of a Set does not.
 */
export class NameLine {
  readonly #members = new Set<string>();
  #order: string[] = [];
  #head = 0;

  get size(): number {
    return this.#members.size;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** Adds `name` at the end; says whether it was not in the line yet. */
  add(name: string): boolean {
    if (this.#members.has(name)) return false;
    this.#members.add(name);
    this.#order.push(name);
    return true;
  }

  /** Takes the first name out, or `undefined` when nobody waits. */
  take(): string | undefined {
    const name = this.#order[this.#head];
    if (name === undefined) return undefined;
    this.#head += 1;
    this.#members.delete(name);
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return name;
  }
}

/** Below this many taken names the space before the head is not worth a copy. */
const COMPACT_AT = 1024;
