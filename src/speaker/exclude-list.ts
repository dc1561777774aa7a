import { parse } from 'yaml';
import { describeError } from '../lib/errors.ts';
import { listOf, objectOf } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** Where the ConfigMap `metallb-excludel2` is mounted. */
export const EXCLUDE_FILE = '/etc/metallb/excludel2.yaml';

const KEY = 'announcedInterfacesToExclude';

/**
 * Reads the file that keeps links out of layer 2: a YAML object with a list of regular expressions, which match
 * anywhere in a name unless they are anchored. No file or no list excludes nothing. The error is one line that names
 * the file and the entry.
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
    const fault = faultOf(entry);
    if (fault !== undefined) return refuse(`"${entry}" in ${KEY} is no regular expression: ${fault}`);
    patterns.push(entry);
  }
  return ok(patterns);
}

function faultOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (thrown) {
    return describeError(thrown);
  }
}
