import { stripTypeScriptTypes } from 'node:module';
import { dirname } from 'node:path';
import { importsOf } from './imports.ts';
import { maskSource } from './mask.ts';
import { isProduct, type SourceFile } from './source-file.ts';

/** Path of a source that no test imports, to the test that covers it through others. */
export type CoveredElsewhere = Readonly<Record<string, string>>;

/**
 * Sources of the product that no test covers: there is none beside them, none imports them, no covered file of their
 * own folder is made of them, and `elsewhere` names none. And entries of `elsewhere` that no longer say the truth.
 */
export function checkCompanions(files: readonly SourceFile[], elsewhere: CoveredElsewhere): readonly string[] {
  const paths = new Set(files.map((file) => file.path));
  const reached = reachedByTests(files);
  const covered = (path: string): boolean => reached.has(path);
  const sources = files.filter((file) => isProduct(file.path) && file.path.endsWith('.ts'));
  const bare = sources.filter((file) => !(covered(file.path) || file.path in elsewhere || isTypesOnly(file)));
  const stale = Object.entries(elsewhere).flatMap(([path, test]) => {
    if (!paths.has(path)) return [`${path}: is gone: take it out of test/tidy/covered-elsewhere.ts`];
    if (covered(path)) return [`${path}: has a test of its own: take it out of test/tidy/covered-elsewhere.ts`];
    return paths.has(test) ? [] : [`${path}: ${test}, which should cover it, does not exist`];
  });
  return [...bare.map((file) => `${file.path}: has no test: write ${companionOf(file.path)}`), ...stale];
}

/** The files that tests import or stand beside, and from those on what they import from their own folder: their parts. */
function reachedByTests(files: readonly SourceFile[]): ReadonlySet<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const tests = files.filter((file) => file.path.endsWith('.test.ts'));
  const reached = new Set(tests.flatMap((file) => [file.path.replace(/\.test\.ts$/, '.ts'), ...targetsOf(file)]));
  for (const path of reached) {
    const file = byPath.get(path);
    if (file === undefined) continue;
    for (const target of targetsOf(file)) if (dirname(target) === dirname(path)) reached.add(target);
  }
  return reached;
}

function targetsOf(file: SourceFile): readonly string[] {
  return importsOf(file).flatMap(({ target }) => (target === undefined ? [] : [target]));
}

function companionOf(path: string): string {
  return path.replace(/\.ts$/, '.test.ts');
}

/** Whether nothing of a file is left when it runs, apart from imports. */
export function isTypesOnly(file: SourceFile): boolean {
  const { code } = maskSource(stripTypeScriptTypes(file.text));
  return code.replace(/^import [^;]*;/gm, '').trim() === '';
}
