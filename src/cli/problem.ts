import type { Paint } from './report.ts';

/** Something that is wrong, and the way out. */
export interface Problem {
  /** One sentence. */
  readonly text: string;
  /** What to do, in the imperative; empty where the sentence says it. */
  readonly remedy: string;
}

/** Long lists help nobody: the first of them are named, and how many there are. */
const MOST_NAMED = 10;

/** Names in a sentence, the first ten of them, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Problems for people, under a heading; the empty text where there are none. */
export function problemLines(problems: readonly Problem[], paint: Paint): string {
  if (problems.length === 0) return '';
  const lines = problems.map(({ text, remedy }) => `  ${paint('bad', '✗')} ${text}\n${remedy === '' ? '' : `    → ${remedy}\n`}`);
  return `${paint('title', 'WHAT IS WRONG')}\n${lines.join('')}`;
}

/** Complaints about what could not be looked at, as problems. */
export function problemsOf(faults: readonly (string | undefined)[]): readonly Problem[] {
  return [...new Set(faults.filter((fault) => fault !== undefined))].map((text) => ({ text, remedy: '' }));
}
