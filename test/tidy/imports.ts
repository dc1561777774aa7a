import { dirname, join, normalize } from 'node:path/posix';
import { isCode, lineAt, type SourceFile } from './source-file.ts';

/** One import of a file. */
export interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The path from the root of the repository that a relative specifier means; undefined for packages. */
  readonly target: string | undefined;
  /** Nothing of it is left when the program runs. */
  readonly typesOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s+(?:(?<clause>[\w\s{},*$]+?)\s+from\s+)?'(?<from>[^'\n]+)'|\bimport\('(?<lazy>[^'\n]+)'\)/gm;

/** The imports and re-exports of a file, dynamic ones included. */
export function importsOf(file: SourceFile): readonly Import[] {
  if (!isCode(file.path)) return [];
  return [...file.text.matchAll(STATEMENT)]
    .filter((match) => /^(?:import|export)/.test(file.code.slice(match.index)))
    .map((match) => {
      const specifier = match.groups?.from ?? match.groups?.lazy ?? '';
      const target = resolveFrom(file.path, specifier);
      return { line: lineAt(file, match.index), specifier, target, typesOnly: typesOnly(match.groups?.clause ?? '') };
    });
}

/** Whether the clause of an import names only types: `type { A }`, `type A`, or `{ type A, type B }`. */
function typesOnly(clause: string): boolean {
  if (/^type\b/.test(clause)) return true;
  const names = /^\{(?<names>[\s\S]*)\}$/.exec(clause)?.groups?.names;
  const each = (names ?? '').split(',').filter((name) => name.trim() !== '');
  return each.length > 0 && each.every((name) => name.trim().startsWith('type '));
}

/** The path from the root that a relative specifier in `path` means; undefined for packages. */
export function resolveFrom(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined;
}

/** The package that a specifier names: `@scope/name` or `name`, without what follows; `node:fs` stays. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
