import { describeError } from '../lib/errors.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** What stands inside `[: :]` (RE2 syntax, ASCII character classes). */
const ASCII_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** What JavaScript would read as something else, and no name of a link needs. */
const ELSEWHERE = /\\[pPQEC]|\[\[[.=]/;

/**
 * Turns a regular expression of Go into one of JavaScript that means the same: the files that users have were written
 * for Go, and one that is silently read otherwise keeps the wrong links. The error says what cannot be said here.
 */
export function goRegExp(pattern: string): Result<string, string> {
  const unknown = /\[:\^?([a-z]*):\]/g;
  for (const [text, name = ''] of pattern.matchAll(unknown)) if (!(name in ASCII_CLASSES)) return err(`${text} is no class of characters`);
  const foreign = ELSEWHERE.exec(pattern) ?? /\[:\^/.exec(pattern);
  if (foreign !== null) return err(`${foreign[0]} cannot be used here: name the characters themselves`);
  const translated = pattern
    .replace(unknown, (_text, name: string) => ASCII_CLASSES[name] ?? '')
    .replace(/\(\?P</g, '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/^\(\?([is]+)\)(.*)$/s, '(?$1:$2)');
  try {
    new RegExp(translated);
    return ok(translated);
  } catch (thrown) {
    return err(describeError(thrown));
  }
}
