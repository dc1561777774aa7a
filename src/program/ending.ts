/**
 * Ends a process with an exit code once what it wrote has left it. Whatever is still open then ends with it: a plug-in
 * that hangs, a connection that does not close. A reader that takes nothing holds it up; the second signal to end does
 * not wait for that.
 */
export async function endProcess(self: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>, code: number): Promise<void> {
  await Promise.all([flushed(self.stdout), flushed(self.stderr)]);
  self.exit(code);
}

/** Writes are carried out in their order, so the end of an empty one is the end of all. A reader that has gone is no reason to wait. */
function flushed(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
