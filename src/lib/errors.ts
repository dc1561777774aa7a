/**
 * A failure of the outside world: an API server, a socket, a file. `code` is stable and for programs, the message is
 * for the person who reads the log and says what to do, `retryable` says whether the same call may succeed later.
 */
export abstract class MetalError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The message of whatever was thrown, with the messages of its causes, on one line and without a stack. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined; depth++) {
    parts.push(messageOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.filter((part, index) => part !== '' && !parts.slice(0, index).some((earlier) => earlier.includes(part))).join(': ');
}

/** A chain of causes longer than this says nothing more to a reader. */
const MAX_CAUSES = 5;

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // Node reports a refused connection to several addresses as one error without a text of its own.
  if (thrown.message === '' && thrown instanceof AggregateError) return thrown.errors.map(messageOf).join('; ');
  return thrown.message.split('\n', 1)[0] ?? '';
}
