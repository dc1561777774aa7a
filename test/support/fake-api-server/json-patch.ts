import { type JsonObject, listOf, objectOf, textOf } from '../../../src/lib/json.ts';

/** `target` after the steps of a patch that adds or replaces members of objects (RFC 6902, Section 4); other steps throw. */
export function jsonPatch(target: JsonObject, steps: readonly unknown[]): JsonObject {
  return steps.reduce<JsonObject>((patched, step) => {
    const { op, path, value } = objectOf(step);
    if (op !== 'add' && op !== 'replace') throw new Error(`the fake server knows no step ${String(op)}`);
    return objectOf(withMember(patched, (textOf(path) ?? '').split('/').slice(1), value));
  }, target);
}

function withMember(target: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const inner = (member: unknown): unknown => (rest.length === 0 ? value : withMember(member, rest, value));
  if (Array.isArray(target)) return listOf(target).map((member, index) => (String(index) === name ? inner(member) : member));
  const object = objectOf(target);
  return { ...object, [name]: inner(object[name]) };
}
