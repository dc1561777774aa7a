import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What lies beside a bundle: the names of its sources, and for each of its lines the pieces that begin there, as `COLUMN:SOURCE:LINE`. */
interface Origins {
  readonly sources: readonly string[];
  readonly lines: readonly string[];
}

/** By the path of the file that runs; `undefined` for one that is a source itself. */
const known = new Map<string, Origins | undefined>();

/**
 * Where a line of a stack trace points to, as `file:line` of the source; in a bundle by the file `BUNDLE.origins` beside it, which is read
 * when it is first needed. Falls back to the bundle's own line, and to `unknown` for what is no line of a stack trace.
 */
export function callSite(frame: string): string {
  const [, path, line = '', column] = /(file:[^(]+|\/[^(]+):(\d+):(\d+)\)?$/.exec(frame) ?? [];
  if (path === undefined) return 'unknown';
  return originOf(path, Number(line), Number(column)) ?? `${basename(path)}:${line}`;
}

/** Line and column count from 1, as in a stack trace. */
function originOf(path: string, line: number, column: number): string | undefined {
  if (!known.has(path)) known.set(path, read(`${path.startsWith('file:') ? fileURLToPath(path) : path}.origins`));
  const origins = known.get(path);
  const pieces = origins?.lines[line - 1]?.split(',').map((piece) => piece.split(':').map(Number)) ?? [];
  const [, source, original] = pieces.findLast(([begin]) => begin !== undefined && begin < column) ?? [];
  return source === undefined ? undefined : `${origins?.sources[source]}:${original}`;
}

function read(path: string): Origins | undefined {
  try {
    const [sources = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    return { sources: sources.split(','), lines };
  } catch {
    return undefined;
  }
}
