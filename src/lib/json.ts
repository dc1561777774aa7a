/** An object of JSON whose fields nobody has checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Names with texts, as labels and annotations are. */
export type TextMap = Readonly<Record<string, string>>;

const EMPTY: JsonObject = {};

/** `value` as an object; anything else, arrays included, reads as an empty one. Never throws, as all readers here. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : EMPTY;
}

/** `value` as a list; anything else reads as an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `value` if it is a text, else `undefined`. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The texts in a list; other members are left out. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((member) => typeof member === 'string');
}

/** `value` if it is a safe whole number, else `undefined`. */
export function integerOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

/** The fields of an object that are texts and whose name `wanted` accepts. */
export function textMapOf(value: unknown, wanted: (name: string) => boolean = () => true): TextMap {
  const isWanted = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string' && wanted(entry[0]);
  return Object.fromEntries(Object.entries(objectOf(value)).filter(isWanted));
}
