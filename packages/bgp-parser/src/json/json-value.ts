import { type IpAddress, parseAddress } from '../address.ts';

/** Something that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: Json;
}

const HEXADECIMAL = /^(?:[0-9a-fA-F]{2})*$/;

/**
 * A value of JSON that is read where it must have a certain form. What has another adds a line to the faults that all
 * values of one text share, and reads as something empty: so all that is wrong is said at once, and nothing is thrown.
 */
export class JsonValue {
  readonly json: unknown;
  /** Where it stands, as in `attributes[2].value`. */
  readonly path: string;
  readonly #faults: string[];

  constructor(json: unknown, faults: string[], path = '') {
    this.json = json;
    this.path = path;
    this.#faults = faults;
  }

  /** Whether it is not there at all. */
  get absent(): boolean {
    return this.json === undefined;
  }

  /** Says what it must be, and that it is not. */
  refuse(wanted: string): void {
    const found = this.absent ? 'missing' : JSON.stringify(this.json);
    this.#faults.push(
      `${this.path === '' ? 'the message' : this.path} is ${found.length > 80 ? `${found.slice(0, 80)}…` : found}, must be ${wanted}`,
    );
  }

  /** A member of an object; one of something else is missing. */
  field(name: string): JsonValue {
    const { json } = this;
    const object = typeof json === 'object' && json !== null && Object.hasOwn(json, name);
    const value = object ? (json as Readonly<Record<string, unknown>>)[name] : undefined;
    return new JsonValue(value, this.#faults, this.path === '' ? name : `${this.path}.${name}`);
  }

  /** The members of an array, each read by `read`; none of something that is not there. */
  list<Value>(read: (item: JsonValue) => Value): Value[] {
    if (this.absent) return [];
    if (!Array.isArray(this.json)) {
      this.refuse('an array');
      return [];
    }
    return this.json.map((item: unknown, index) => read(new JsonValue(item, this.#faults, `${this.path}[${index}]`)));
  }

  /** A whole number from 0 to `most`. */
  unsigned(most: number): number {
    if (typeof this.json === 'number' && Number.isInteger(this.json) && this.json >= 0 && this.json <= most) return this.json;
    this.refuse(`a whole number from 0 to ${most}`);
    return 0;
  }

  text(): string {
    if (typeof this.json === 'string') return this.json;
    this.refuse('a text');
    return '';
  }

  /** True or false; false where it is not there. */
  boolean(): boolean {
    if (typeof this.json === 'boolean') return this.json;
    if (!this.absent) this.refuse('true or false');
    return false;
  }

  /** One of some texts. */
  oneOf<const Name extends string>(names: readonly [Name, ...Name[]]): Name {
    const found = names.find((name) => name === this.json);
    if (found === undefined) this.refuse(names.join(', '));
    return found ?? names[0];
  }

  /** Octets in hexadecimal; none of something that is not there. */
  octets(): Uint8Array {
    if (this.absent) return new Uint8Array();
    const text = this.text();
    if (HEXADECIMAL.test(text))
      return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
    this.refuse('octets in hexadecimal');
    return new Uint8Array();
  }

  /** What `parse` makes of a text. */
  parsed<Value>(parse: (text: string) => Value | undefined, wanted: string, otherwise: Value): Value {
    const value = typeof this.json === 'string' ? parse(this.json) : undefined;
    if (value === undefined) this.refuse(wanted);
    return value ?? otherwise;
  }

  address(): IpAddress {
    return this.parsed(parseAddress, 'an address', { family: 'IPv4', value: 0n });
  }

  /** An address of IPv4, as a number: a BGP Identifier too. */
  identifier(): number {
    const parse = (text: string): IpAddress | undefined => (text.includes(':') ? undefined : parseAddress(text));
    return Number(this.parsed(parse, 'four numbers with dots between', { family: 'IPv4', value: 0n }).value);
  }
}

/** Octets in hexadecimal. */
export function hexadecimal(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
