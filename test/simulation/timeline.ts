interface Entry {
  readonly at: number;
  /** What was put first at one instant comes first. */
  readonly order: number;
  readonly act: () => void;
}

/** What is still to happen, in microseconds of true time; a binary heap. */
export class Timeline {
  readonly #heap: Entry[] = [];
  #order = 0;
  now = 0;

  /** Has `act` happen `delay` from now; disposing of it takes it back. */
  after(delay: number, act: () => void): Disposable {
    let wanted = true;
    this.#push({ at: this.now + Math.max(0, delay), order: this.#order++, act: () => wanted && act() });
    return {
      [Symbol.dispose]: () => {
        wanted = false;
      },
    };
  }

  /** Lets everything happen up to `end`. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      next.act();
    }
    this.now = end;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#earlierChild(at);
      const below = heap[child];
      if (below === undefined || before(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }

  #earlierChild(at: number): number {
    const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]];
    return left !== undefined && right !== undefined && before(right, left) ? 2 * at + 2 : 2 * at + 1;
  }
}

function before(left: Entry, right: Entry): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
