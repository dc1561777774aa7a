import { type JsonObject, objectOf } from '../../../src/lib/json.ts';

/** `target` with `patch` merged in: `null` removes, objects merge, all else replaces (RFC 7396, Section 2). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...objectOf(target) };
  for (const [name, value] of Object.entries(patch as JsonObject)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}
