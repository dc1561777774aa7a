/** A bug in this program: no caller expects it and only the composition roots catch it. */
export class AssertionError extends Error {
  override readonly name: string = 'AssertionError';
}

/** Throws an {@link AssertionError} that says `message` unless `condition` holds. For bugs, never for input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Closes a discriminated union: the compiler refuses a call that a member can still reach. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
