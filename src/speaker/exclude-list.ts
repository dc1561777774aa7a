import { parse } from 'yaml';
import { describeError } from '../lib/errors.ts';
import { listOf, objectOf } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { goRegExp } from './go-regexp.ts';

/** Where the ConfigMap `metallb-excludel2` is mounted. */
export const EXCLUDE_FILE = '/etc/metallb/excludel2.yaml';

const KEY = 'announcedInterfacesToExclude';

/**
 * Reads the file that keeps links out of layer 2: a YAML object with a list of regular expressions of Go, which match
 * anywhere in a name unless they are anchored. No file or no list excludes nothing. The error is one line that names
 * the file and the entry. What it gives are expressions of JavaScript.
 */
export function parseExcludeList(text: string | undefined): Result<readonly string[], string> {
  if (text === undefined) return ok([]);
  const refuse = (fault: string): Result<never, string> => err(`${EXCLUDE_FILE}: ${fault}`);
  let content: unknown;
  try {
    content = parse(text);
  } catch (thrown) {
    return refuse(`this is no YAML: ${describeError(thrown)}`);
  }
  const list = objectOf(content)[KEY];
  if (list !== undefined && list !== null && !Array.isArray(list)) return refuse(`${KEY} must be a list of regular expressions`);
  const patterns: string[] = [];
  for (const entry of listOf(list)) {
    if (typeof entry !== 'string') return refuse(`${JSON.stringify(entry)} in ${KEY} is not a text`);
    const pattern = goRegExp(entry);
    if (!pattern.ok) return refuse(`"${entry}" in ${KEY} is no regular expression: ${pattern.error}`);
    patterns.push(pattern.value);
  }
  return ok(patterns);
}
