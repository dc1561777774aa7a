/** A label of DNS (RFC 1123, Section 2.1), which every kind takes as a name. */
const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const LONGEST = 63;

/** Gives texts that were free the form of names of objects; two that would become one are told apart by a number. */
export class ObjectNames {
  readonly #given = new Map<string, string>();

  /**
   * The name for a text, the same each time. One that Kubernetes takes stays as it is; others are written in lower case, with - for what
   * is neither letter nor digit, and from their first letter on. `undefined` when no letter is in it.
   */
  nameOf(text: string): string | undefined {
    const known = this.#given.get(text);
    if (known !== undefined) return known;
    const base = LABEL.test(text) ? text : normalized(text);
    if (base === '') return undefined;
    const name = this.#free(base);
    this.#given.set(text, name);
    return name;
  }

  #free(base: string): string {
    const taken = new Set(this.#given.values());
    for (let number = 2, name = base; ; number++) {
      if (!taken.has(name)) return name;
      const suffix = `-${number}`;
      name = `${base.slice(0, LONGEST - suffix.length)}${suffix}`;
    }
  }
}

function normalized(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^-a-z0-9]/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '');
}
