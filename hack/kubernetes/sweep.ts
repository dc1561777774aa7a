import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MARK, ownerAlive, readSandboxRecord, removeSandboxFolder, sandboxFolders } from './sandbox-folder.ts';

const run = promisify(execFile);

/** Where the ip program keeps the names of network namespaces (ip-netns(8)). */
const NAMESPACES = '/run/netns';

/** A killed process is gone within milliseconds, or seconds where all are killed at once; one that is stuck in the kernel must not hold the sweep for good. */
const KILL_ROUNDS = 3_000;
const KILL_PAUSE_MILLISECONDS = 20;

/** The name of one of a sandbox's network namespaces. */
export function namespaceName(id: string, name: string): string {
  return `tm-${id}-${name}`;
}

/**
 * Removes everything of one sandbox: its processes, whoever their parents are by now, then its network namespaces, then
 * its folder. Does nothing to what is already gone, so that two may sweep the same one.
 */
export async function removeSandbox(id: string, folder: string): Promise<void> {
  await killMarked(id);
  await removeNamespaces(id);
  await removeSandboxFolder(folder);
}

/** Removes the sandboxes of this user whose owners have died without a chance to do so, and says which. */
export async function removeOrphans(): Promise<string[]> {
  const removed: string[] = [];
  for (const folder of sandboxFolders()) {
    const record = await readSandboxRecord(folder);
    if (record === undefined || ownerAlive(record) || !(await isOurs(folder))) continue;
    await removeSandbox(record.id, folder);
    removed.push(record.id);
  }
  return removed;
}

/** The numbers of all processes of a sandbox that run now. */
export async function markedProcesses(id: string): Promise<number[]> {
  const mark = `${MARK}=${id}`;
  const numbers = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const marked = await Promise.all(numbers.map(async (pid) => (await environmentOf(pid)).includes(mark)));
  return numbers.filter((_, index) => marked[index] === true);
}

/** The names of all network namespaces of a sandbox. */
export async function sandboxNamespaces(id: string): Promise<string[]> {
  const prefix = namespaceName(id, '');
  try {
    return (await readdir(NAMESPACES)).filter((name) => name.startsWith(prefix));
  } catch {
    return []; // the folder appears with the first namespace
  }
}

/** Each round looks again: a process may have started another between the look and the kill. */
async function killMarked(id: string): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const alive = await markedProcesses(id);
    if (alive.length === 0) return;
    for (const pid of alive) kill(pid);
    await sleep(KILL_PAUSE_MILLISECONDS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself between the look and the kill, which is what was wanted.
  }
}

async function environmentOf(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
  } catch {
    return []; // ended meanwhile, or another user's and so not of our sandbox
  }
}

/** A namespace whose processes are gone takes its interfaces and the other ends of their cables with it. */
async function removeNamespaces(id: string): Promise<void> {
  for (const name of await sandboxNamespaces(id)) {
    await run('ip', ['netns', 'delete', name]).catch(() => undefined); // another sweep was quicker
  }
}

/** Another user's sandbox is another user's business, also for root. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).uid === process.getuid?.();
  } catch {
    return false;
  }
}
