/** More than any message takes in JSON, however it is written: what has no end by then is no line of messages. */
export const LONGEST_LINE: number = 2 ** 24;

/** Cuts a text that comes in pieces into lines. */
export class LineCutter {
  #rest = '';

  /** The lines that a piece completes, without their ends; undefined when a line is longer than {@link LONGEST_LINE}. */
  push(piece: string): readonly string[] | undefined {
    const lines = piece.split(/\r?\n/);
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = lines.pop() ?? '';
    return [...lines, this.#rest].some((line) => line.length > LONGEST_LINE) ? undefined : lines;
  }

  /** What is behind the last line's end: the last line of a text that does not end with one. */
  get rest(): string {
    return this.#rest;
  }
}
