import type { Paint, Tone } from './report.ts';

/** A cell of a table; a text is one without a colour. */
export type Cell = string | { readonly tone: Tone; readonly text: string };

/** What stands between columns, as in the tables of kubectl. */
const GAP = '   ';

/**
 * Lines up rows under their titles as kubectl does; each line ends with a line feed, and has no blanks before it. Colours take no width. Without rows it is the
 * empty text.
 */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  if (rows.length === 0) return '';
  const all: readonly (readonly Cell[])[] = [titles.map((text) => ({ tone: 'title', text })), ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => textOf(row[column]).length)));
  return all.map((row) => line(row, widths, paint)).join('');
}

/** Lines under a heading, indented; the empty text where there are none. */
export function section(title: string, lines: string, paint: Paint): string {
  return lines === '' ? '' : `${paint('title', title)}\n${lines.replace(/^(?=.)/gm, '  ')}\n`;
}

function line(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const cells = row.map((cell, column) => {
    const text = textOf(cell);
    const room = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - text.length) + GAP;
    return paint(typeof cell === 'string' ? 'plain' : cell.tone, text) + room;
  });
  return `${cells.join('').trimEnd()}\n`;
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '');
}
