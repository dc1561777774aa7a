import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, KUBERNETES_VERSION, type ProgramName } from './programs.ts';

/** A folder that may hold programs, and what to call it when one is taken from there. */
export interface Place {
  readonly folder: string;
  readonly called: string;
}

/** Shared by all users and homes of one machine, so that a fresh home does not build anew. */
const SYSTEM_CACHE = '/var/cache/typemetal';

/** Write permission for the group or for everybody: nobody else may put a program where root runs it from. */
const WRITABLE_BY_OTHERS = 0o022;

/** The folder that what was fetched or built for this user is kept in; it need not exist. */
export function userCache(environment: Environment): string {
  const base = environment.XDG_CACHE_HOME || join(environment.HOME || homedir() || tmpdir(), '.cache');
  return join(base, 'typemetal', 'kubernetes', KUBERNETES_VERSION);
}

/** The folder for the whole machine; `TYPEMETAL_SYSTEM_CACHE` moves it. It need not exist. */
export function systemCache(environment: Environment): string {
  return join(environment.TYPEMETAL_SYSTEM_CACHE || SYSTEM_CACHE, 'kubernetes', KUBERNETES_VERSION);
}

/** Where programs are looked for before any is fetched, in order: envtest's variable, this user's cache, the machine's cache. */
export async function places(environment: Environment): Promise<Place[]> {
  const found: Place[] = [];
  const assets = environment.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== '') found.push({ folder: assets, called: 'KUBEBUILDER_ASSETS' });
  found.push({ folder: userCache(environment), called: 'cache' });
  const shared = systemCache(environment);
  if (await trusted(shared)) found.push({ folder: shared, called: "machine's cache" });
  return found;
}

/** The first place that holds a program of this name that can be executed. */
export async function lookUp(name: ProgramName, where: readonly Place[]): Promise<{ path: string; place: Place } | undefined> {
  for (const place of where) {
    const path = join(place.folder, name);
    if (await executable(path)) return { path, place };
  }
  return undefined;
}

/** Whether `path` is a file that this user may run. */
export async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // not there or not ours to run: both mean the next place
  }
}

async function trusted(folder: string): Promise<boolean> {
  try {
    const { uid, mode } = await stat(folder);
    return (uid === 0 || uid === process.getuid?.()) && (mode & WRITABLE_BY_OTHERS) === 0;
  } catch {
    return false;
  }
}
