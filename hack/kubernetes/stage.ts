import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A staging folder this old was left by a run that was killed: no build takes a day. */
const ABANDONED_MILLISECONDS = 24 * 3_600 * 1_000;

/**
 * Fills `folder` so that nobody ever sees half a file there: `fill` puts files into `ready/` of a temporary folder on the
 * same file system, and each is then renamed into place. Two runs at once do the work twice and the last one wins.
 */
export async function stage(folder: string, fill: (temporary: string, ready: string) => Promise<void>): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const prefix = `.${basename(folder)}-staging-`;
  await removeAbandoned(parent, prefix);
  const temporary = await mkdtemp(join(parent, prefix));
  try {
    const ready = join(temporary, 'ready');
    await mkdir(ready);
    await fill(temporary, ready);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    for (const name of await readdir(ready)) await rename(join(ready, name), join(folder, name));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const changed = await stat(path).then(
      (stats) => stats.mtimeMs,
      () => Number.POSITIVE_INFINITY, // its owner has just finished
    );
    if (Date.now() - changed > ABANDONED_MILLISECONDS) await rm(path, { recursive: true, force: true });
  }
}
