import { readdirSync, readFileSync } from 'node:fs';
import type { NodeFiles } from './node-checks.ts';

/** The files of the machine that this process runs on; what cannot be read counts as absent. */
export const OWN_FILES: NodeFiles = {
  read: (path) => orElse(undefined, () => readFileSync(path, 'utf8')),
  list: (path) => orElse([], () => readdirSync(path)),
};

function orElse<Value>(absent: Value, look: () => Value): Value {
  try {
    return look();
  } catch {
    return absent; // no such file, or no right to it
  }
}
