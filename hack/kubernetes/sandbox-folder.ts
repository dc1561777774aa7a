import { randomBytes } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variable that marks each process of a sandbox, and so finds it again whoever its parent has become. */
export const MARK = 'TYPEMETAL_SANDBOX';

/** What begins the name of each sandbox's folder. */
const FOLDER_PREFIX = 'typemetal-sandbox-';

/** What a sandbox's folder says of it: enough for a stranger to remove all of it. */
export interface SandboxRecord {
  /** Six hexadecimal digits. */
  readonly id: string;
  readonly owner: { readonly pid: number; readonly startTicks: string };
}

/** Memory where there is some to write to: a database that nobody keeps need not wait for a disk. */
export function sandboxBase(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** A new sandbox of this process, and the folder that it will have; nothing is written yet. */
export function newSandbox(): { folder: string; record: SandboxRecord } {
  const id = randomBytes(3).toString('hex');
  const record: SandboxRecord = { id, owner: { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' } };
  return { folder: join(sandboxBase(), `${FOLDER_PREFIX}${id}`), record };
}

/** Makes the folder of a sandbox with its record in it; nobody else can read it. */
export async function createSandboxFolder(folder: string, record: SandboxRecord): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await writeFile(recordPath(folder), JSON.stringify(record));
  await mkdir(join(folder, 'logs'));
}

/** The record of a sandbox; `undefined` when the folder is gone or was never finished. */
export async function readSandboxRecord(folder: string): Promise<SandboxRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordPath(folder), 'utf8')) as SandboxRecord;
  } catch {
    return undefined;
  }
}

/** The folders of all sandboxes on this machine, whoever owns them. */
export function sandboxFolders(): string[] {
  const base = sandboxBase();
  return readdirSync(base)
    .filter((name) => name.startsWith(FOLDER_PREFIX))
    .map((name) => join(base, name));
}

/** Removes a sandbox's folder. */
export async function removeSandboxFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * When a process started, in clock ticks since boot: with its number this names it for good, for numbers are used again.
 * `undefined` when there is no such process, or it has ended and waits for its parent (proc_pid_stat(5), fields 3 and 22).
 */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold blanks and brackets itself.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

/** Whether the process that made a sandbox still runs. */
export function ownerAlive(record: SandboxRecord): boolean {
  return startTicksOf(record.owner.pid) === record.owner.startTicks;
}

function recordPath(folder: string): string {
  return join(folder, 'sandbox.json');
}
