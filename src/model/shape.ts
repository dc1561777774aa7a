import { err, ok, type Result } from '../lib/result.ts';

/**
 * What a field must be. A server without our CRDs, or with a laxer one, may give anything; what has passed its shape
 * can be read as its type without a further look.
 */
export interface Shape {
  /** What the value is to be, as it ends the sentence "… is not …". */
  readonly noun: string;
  /** The noun of several. */
  readonly nouns: string;
  /** The first fault of a value that stands at `path`; `undefined` when it has none. Never throws. */
  fault(value: unknown, path: string): string | undefined;
  /** Fields of a value that stands at `path` for which there is no shape: the server drops them. Never throws. */
  strangers(value: unknown, path: string): readonly Stranger[];
}

/** A field that there is not. */
export interface Stranger {
  readonly path: string;
  /** The fields that there are in its place. */
  readonly known: readonly string[];
}

/** A text. */
export const TEXT: Shape = leaf('a text', 'texts', (value) => typeof value === 'string');
/** True or false. */
export const FLAG: Shape = leaf('true or false', 'flags', (value) => typeof value === 'boolean');
/** A whole number, also one that is too large for all its digits to arrive. */
export const WHOLE_NUMBER: Shape = leaf('a whole number', 'whole numbers', Number.isInteger);

/** A list with members of one shape. */
export function listShape(member: Shape): Shape {
  const noun = `a list of ${member.nouns}`;
  const fault = (value: unknown, path: string): string | undefined => {
    if (!Array.isArray(value)) return isNot(path, noun);
    return firstFault(value.map((each: unknown, index) => () => member.fault(each, `${path}[${index}]`)));
  };
  const strangers = (value: unknown, path: string): readonly Stranger[] =>
    Array.isArray(value) ? value.flatMap((each: unknown, index) => member.strangers(each, `${path}[${index}]`)) : [];
  return { noun, nouns: `lists of ${member.nouns}`, fault, strangers };
}

/** An object with any field names and texts as values. */
export const TEXTS_BY_NAME: Shape = {
  noun: 'an object of texts',
  nouns: 'objects of texts',
  strangers: () => [],
  fault(value, path) {
    if (!isObject(value)) return isNot(path, this.noun);
    return firstFault(
      Object.entries(value).map(
        ([name, each]) =>
          () =>
            TEXT.fault(each, `${path}.${name}`),
      ),
    );
  },
};

/** An object with fields of given shapes; those not named in `required` may be absent, others than these do not matter. */
export function objectShape(fields: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape {
  const noun = 'an object';
  const fault = (value: unknown, path: string): string | undefined => {
    if (!isObject(value)) return isNot(path, noun);
    const missing = required.find((name) => value[name] === undefined);
    if (missing !== undefined) return `${fieldPath(path, missing)} is missing`;
    const present = Object.entries(fields).filter(([name]) => value[name] !== undefined);
    return firstFault(
      present.map(
        ([name, shape]) =>
          () =>
            shape.fault(value[name], fieldPath(path, name)),
      ),
    );
  };
  const known = Object.keys(fields);
  const strangers = (value: unknown, path: string): readonly Stranger[] => {
    if (!isObject(value)) return [];
    return Object.entries(value).flatMap(([name, each]) => {
      const place = fieldPath(path, name);
      return Object.hasOwn(fields, name) ? (fields[name]?.strangers(each, place) ?? []) : [{ path: place, known }];
    });
  };
  return { noun, nouns: 'objects', fault, strangers };
}

/** A label selector (Kubernetes, labels and selectors). */
export const LABEL_SELECTOR: Shape = objectShape({
  matchLabels: TEXTS_BY_NAME,
  matchExpressions: listShape(objectShape({ key: TEXT, operator: TEXT, values: listShape(TEXT) }, ['key', 'operator'])),
});

/** Checks a spec against its shape; the error says where it goes wrong. */
export function checkSpec(spec: unknown, shape: Shape): Result<undefined, string> {
  const fault = shape.fault(spec, '');
  return fault === undefined ? ok(undefined) : err(`the spec is not as the CRD defines it: ${fault}`);
}

function leaf(noun: string, nouns: string, holds: (value: unknown) => boolean): Shape {
  return { noun, nouns, fault: (value, path) => (holds(value) ? undefined : isNot(path, noun)), strangers: () => [] };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNot(path: string, noun: string): string {
  return `${path === '' ? 'it' : path} is not ${noun}`;
}

function fieldPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function firstFault(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const fault = check();
    if (fault !== undefined) return fault;
  }
  return undefined;
}
