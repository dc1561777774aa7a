import { type Clock, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';

/** Where the file of the Secret `memberlist` lies and how its text comes here. */
export interface KeyFile {
  readonly path: string;
  /** Its content, `undefined` when there is none; throws when it is there and cannot be read. */
  read(): string | undefined;
}

/** Who hears of the key. */
export interface KeyListener {
  changed(key: string): void;
  warn(message: string): void;
}

/** The kubelet itself needs a minute or two to bring a change to a node. */
const LOOK_EVERY = milliseconds(30_000);

/** Where the key lies below the folder that `--ml-secret-key-path` names; `undefined` when it names none. */
export function keyPathOf(folder: string): string | undefined {
  return folder === '' ? undefined : `${folder.replace(/\/+$/, '')}/secretkey`;
}

/** What the file holds at the start: empty when there is no key, which {@link watchKey} then says. */
export function firstKeyOf(file: KeyFile | undefined): string {
  return file === undefined ? '' : (lookAt(file)[0] ?? '');
}

/**
 * Looks at the file from time to time and tells of each text that is new; an empty key stands for a file that is not
 * there. What is wrong with it is said once, when it begins. Runs until `signal` is aborted; rejects never.
 */
export async function watchKey(file: KeyFile, clock: Clock, listener: KeyListener, signal: AbortSignal): Promise<void> {
  let complaint: string | undefined;
  while (!signal.aborted) {
    const [key, fault] = lookAt(file);
    if (fault !== undefined && fault !== complaint) listener.warn(fault);
    complaint = fault;
    if (key !== undefined) listener.changed(key);
    await pause(clock, LOOK_EVERY, signal);
  }
}

/** The key, if it is there, and what is wrong, if anything is: an unreadable file leaves the key as it was. */
function lookAt({ path, read }: KeyFile): readonly [key: string | undefined, fault: string | undefined] {
  try {
    const text = read()?.trim();
    if (text !== undefined && text !== '') return [text, undefined];
    return [
      undefined,
      `${path} holds no key: the frames between speakers are signed with a key that everybody knows; mount the Secret memberlist there`,
    ];
  } catch (thrown) {
    return [undefined, `${path} cannot be read, the key stays as it was: ${describeError(thrown)}`];
  }
}
