/** What a command found out, for people and for programs. */
export interface Report {
  /** 0 when all is well, 1 when something is wrong with what was looked at, 2 when the command could not look. */
  readonly exitCode: ExitCode;
  /** What `-o json` prints. */
  readonly json: unknown;
  /** What is printed otherwise; ends with a line feed unless it is empty. */
  text(paint: Paint): string;
  /** For standard error, one line each: what a person must know although the output is for a program. */
  readonly complaints: readonly string[];
}

/** Exit codes, documented in docs/kubectl-typemetal.md. */
export type ExitCode = 0 | 1 | 2;

/** What a piece of text means; a terminal shows it as a colour. */
export type Tone = 'good' | 'bad' | 'doubtful' | 'title' | 'plain';

/** Gives a text its colour, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** Select Graphic Rendition (ECMA-48, Section 8.3.117). */
const CODES: Readonly<Record<Exclude<Tone, 'plain'>, number>> = { good: 32, bad: 31, doubtful: 33, title: 1 };

/** For files and pipes. */
export const PLAIN: Paint = (_tone, text) => text;

/** For terminals. */
export const COLOURED: Paint = (tone, text) => (tone === 'plain' || text === '' ? text : `\u001b[${CODES[tone]}m${text}\u001b[0m`);

/** The command could not look: one sentence that says why and what to do. */
export class CommandError extends Error {}
