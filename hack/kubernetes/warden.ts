// Outlives the process that opened a sandbox by just as long as it takes to remove the sandbox. Its standard input is
// a pipe whose only other end is that process: the end of the pipe is the end of the sandbox, whether its owner closed
// it, crashed or was killed.
import { readSandboxRecord } from './sandbox-folder.ts';
import { removeSandbox } from './sweep.ts';

const folder = process.argv[2] ?? '';
const record = await readSandboxRecord(folder);
if (record !== undefined) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.stdin.resume();
  process.stdin.on('close', () => void removeSandbox(record.id, folder));
}
