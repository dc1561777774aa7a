import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../lib/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { textOf } from './surroundings.ts';

/** A small text that outlives the process. */
export interface StateFile {
  /** What was written last; `undefined` when there is nothing, or nothing that can be read. Never throws. */
  read(): string | undefined;
  /** Replaces it as a whole: a reader has the old text or the new one. A failure is said once. Never throws. */
  write(text: string): void;
  /** Keeps nothing any more. A failure is said once. Never throws. */
  remove(): void;
}

/** Where the kernel says which of its lives this is (random(4)). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Larger than all that is kept; what somebody else put there is not read. */
const MOST_OCTETS = 16 * 1024 * 1024;

/**
 * A file of this node's own directory. What does not work costs what a restart would otherwise keep, and nothing else: the
 * directory is empty, or not there, on a node that just started. An empty path keeps nothing.
 */
export function stateFile(directory: string, name: string, log: Logger): StateFile {
  const path = join(directory, name);
  let failed = false;
  const attempt = <Value>(what: string, action: () => Value): Value | undefined => {
    try {
      return action();
    } catch (thrown) {
      if (!failed && (thrown as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.warn(`${path} cannot be ${what}: a restart of this process keeps less`, { op: 'state', error: describeError(thrown) });
        failed = true;
      }
      return undefined;
    }
  };
  if (directory === '') return { read: () => undefined, write: () => undefined, remove: () => undefined };
  return {
    read: () => attempt('read', () => bounded(readFileSync(path))),
    write: (text) =>
      void attempt('written', () => {
        writeFileSync(`${path}.new`, text, { mode: 0o600 });
        renameSync(`${path}.new`, path);
      }),
    // A process that was killed within a write has left the new one.
    remove: () =>
      void attempt('removed', () => {
        for (const each of [path, `${path}.new`]) rmSync(each, { force: true });
      }),
  };
}

/** Which life of the kernel this is; empty where it does not say. */
export function bootId(): string {
  return (textOf(BOOT_ID) ?? '').trim();
}

function bounded(octets: Buffer): string | undefined {
  return octets.length > MOST_OCTETS ? undefined : octets.toString('utf8');
}
