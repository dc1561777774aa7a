// Makes a sandbox's folder, and outlives the process that asked for it by just as long as it takes to remove the sandbox.
// Its standard input is a pipe whose only other end is that process: the end of the pipe is the end of the sandbox,
// whether its owner closed it, crashed or was killed. What there is to remove comes into being after the warden.
import { createSandboxFolder, type SandboxRecord } from './sandbox-folder.ts';
import { removeSandbox } from './sweep.ts';

const [folder = '', text = ''] = process.argv.slice(2);
const record = JSON.parse(text) as SandboxRecord;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdout.on('error', () => undefined); // the owner may be gone already, which the end of the pipe tells
await createSandboxFolder(folder, record);
process.stdin.resume();
process.stdin.on('close', () => void removeSandbox(record.id, folder));
process.stdout.write('ready\n');
