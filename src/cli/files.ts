import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './report.ts';

/** A file as the command line names it. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** Where a dash says that the text comes from; the number of standard input. */
const STANDARD_INPUT = { name: 'standard input', descriptor: 0 };
/** A configuration of ten thousand pools has a tenth of it: this is another kind of file. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** Reads a file, or standard input for a dash. Throws a {@link CommandError} that names it. */
export function readText(name: string): TextFile {
  const source = name === '-' ? STANDARD_INPUT.descriptor : name;
  const title = name === '-' ? STANDARD_INPUT.name : name;
  try {
    const text = readFileSync(source, 'utf8');
    if (text.length > MOST_CHARACTERS) throw new CommandError(`${title} is larger than 64 MiB: this is no configuration`);
    return { name: title, text };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === undefined) throw thrown;
    if (code === 'EISDIR') throw new CommandError(`${title} is a folder: name its files, such as ${join(title, '*.yaml')}`);
    throw new CommandError(`${title} cannot be read (${code}): name a file that is there, or - for standard input`);
  }
}
