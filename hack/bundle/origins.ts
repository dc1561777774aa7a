import { basename } from 'node:path';

/** A source map (ECMA-426), as far as it is read here. */
interface SourceMapText {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** Where a piece of a bundle begins in its line, and the line that it was made of; without one when that is a package's. */
interface Piece {
  readonly column: number;
  readonly origin: string;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** A digit holds five bits, and a sixth that says that more follow. */
const BITS = 5;
const MORE = 1 << BITS;

/**
 * What src/telemetry/call-site.ts reads beside a bundle, from the bundle's source map: the names of the sources in its first line, and then for
 * each line of the bundle where a line of one of them begins. A whole source map would take tens of megabytes of each process.
 * `isOwn` says which sources count; of the others it only says where they begin.
 */
export function originsOf(sourceMap: string, isOwn: (source: string) => boolean): string {
  const { sources, mappings } = JSON.parse(sourceMap) as SourceMapText;
  const own = new Set(sources.flatMap((source, index) => (isOwn(source) ? [index] : [])));
  return [sources.map((source, index) => (own.has(index) ? basename(source) : '')).join(','), ...piecesOf(mappings, own).map(lineOf)].join(
    '\n',
  );
}

function lineOf(pieces: readonly Piece[]): string {
  const changes = pieces.filter(({ origin }, index) => origin !== (pieces[index - 1]?.origin ?? ''));
  return changes.map(({ column, origin }) => `${column}${origin}`).join(',');
}

/** The pieces of each line. A column counts from the line's begin; all other numbers are differences to the last ones, over all lines. */
function piecesOf(mappings: string, own: ReadonlySet<number>): Piece[][] {
  let source = 0;
  let line = 1;
  return mappings.split(';').map((text) => {
    let column = 0;
    const segments = text === '' ? [] : text.split(',');
    return segments.map((segment) => {
      const [columns = 0, sources, lines = 0] = numbersOf(segment);
      column += columns;
      source += sources ?? 0;
      line += lines;
      return { column, origin: sources !== undefined && own.has(source) ? `:${source}:${line}` : '' };
    });
  });
}

/** Base 64 VLQ: five bits a digit, the lowest first; the lowest bit of all is the sign. */
function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit % MORE) << shift;
    shift += BITS;
    if (digit >= MORE) continue;
    numbers.push(value % 2 === 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}
