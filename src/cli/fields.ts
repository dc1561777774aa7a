import { objectOf } from '../lib/json.ts';

/** Takes note of what could not be understood: one sentence that begins with the path of the field. */
export type Complain = (sentence: string) => void;

/** How YAML 1.1, in which old files are written, spells truth values beside true and false. */
const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', 'y'].map((text) => [text, true] as const),
  ...['false', 'no', 'off', 'n'].map((text) => [text, false] as const),
]);

/**
 * Reads the fields of an object that nobody has checked, each at most once. A field of the wrong type counts as absent and is
 * complained of; so is, at the end, each field that nobody asked for.
 */
export class Fields {
  readonly path: string;
  readonly #fields: Map<string, unknown>;
  readonly #complain: Complain;

  constructor(value: unknown, path: string, complain: Complain) {
    this.path = path;
    this.#complain = complain;
    this.#fields = new Map(Object.entries(objectOf(value)).filter(([, each]) => each !== null));
    if (value !== null && objectOf(value) !== value) complain(`${path}: is no object, and left out`);
  }

  /** A text; numbers and truth values are taken as they are written. */
  text(name: string): string | undefined {
    return this.#read(name, 'a text', scalarText);
  }

  /** A whole number, also one in quotes. */
  whole(name: string): number | undefined {
    return this.#read(name, 'a whole number', (value) => {
      const number = typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : value;
      return Number.isSafeInteger(number) ? (number as number) : undefined;
    });
  }

  /** True or false. */
  flag(name: string): boolean | undefined {
    return this.#read(name, 'true or false', (value) => (typeof value === 'boolean' ? value : TRUTH.get(String(value).toLowerCase())));
  }

  /** A list of texts. */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, 'a list of texts', (value) => {
      const texts = Array.isArray(value) ? value.map(scalarText) : [undefined];
      return texts.every((text) => text !== undefined) ? texts : undefined;
    });
  }

  /** Names with texts. */
  textMap(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, 'names with texts', (value) => {
      const entries = Object.entries(objectOf(value)).map(([key, each]) => [key, scalarText(each)] as const);
      const isMap = objectOf(value) === value && entries.every(([, text]) => text !== undefined);
      return isMap ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
    });
  }

  /** The members of a list, each an object. Empty when the list is absent. */
  members(name: string): readonly Fields[] {
    const list = this.#read(name, 'a list', (value) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined));
    return (list ?? []).map((each, index) => new Fields(each, `${this.#pathOf(name)}[${index}]`, this.#complain));
  }

  /** Says that a field cannot be taken over. */
  refuse(name: string, why: string): void {
    this.#complain(`${this.#pathOf(name)}: ${why}`);
  }

  /** Complains of each field that was not asked for. */
  close(): void {
    for (const name of this.#fields.keys()) this.refuse(name, 'is no field that is known, and left out');
  }

  #read<Value>(name: string, noun: string, read: (value: unknown) => Value | undefined): Value | undefined {
    const value = this.#fields.get(name);
    if (!this.#fields.delete(name)) return undefined;
    const taken = read(value);
    if (taken === undefined) this.refuse(name, `is not ${noun}, and left out`);
    return taken;
  }

  #pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function scalarText(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}
