import { stripTypeScriptTypes } from 'node:module';
import { importsOf } from './imports.ts';
import { maskSource } from './mask.ts';
import { isProduct, type SourceFile } from './source-file.ts';

/** Path of a source that no test imports, to the test that covers it through others. */
export type CoveredElsewhere = Readonly<Record<string, string>>;

/**
 * Sources of the product that no test covers: there is none beside them, none imports them, and `elsewhere` names none.
 * And entries of `elsewhere` that no longer say the truth.
 */
export function checkCompanions(files: readonly SourceFile[], elsewhere: CoveredElsewhere): readonly string[] {
  const paths = new Set(files.map((file) => file.path));
  const imported = new Set(
    files.filter((file) => file.path.endsWith('.test.ts')).flatMap((file) => importsOf(file).map((one) => one.target)),
  );
  const covered = (path: string): boolean => paths.has(companionOf(path)) || imported.has(path);
  const sources = files.filter((file) => isProduct(file.path) && file.path.endsWith('.ts'));
  const bare = sources.filter((file) => !(covered(file.path) || file.path in elsewhere || isTypesOnly(file)));
  const stale = Object.entries(elsewhere).flatMap(([path, test]) => {
    if (!paths.has(path)) return [`${path}: is gone: take it out of test/tidy/covered-elsewhere.ts`];
    if (covered(path)) return [`${path}: has a test of its own: take it out of test/tidy/covered-elsewhere.ts`];
    return paths.has(test) ? [] : [`${path}: ${test}, which should cover it, does not exist`];
  });
  return [...bare.map((file) => `${file.path}: has no test: write ${companionOf(file.path)}`), ...stale];
}

function companionOf(path: string): string {
  return path.replace(/\.ts$/, '.test.ts');
}

/** Whether nothing of a file is left when it runs, apart from imports. */
export function isTypesOnly(file: SourceFile): boolean {
  const { code } = maskSource(stripTypeScriptTypes(file.text));
  return code.replace(/^import [^;]*;/gm, '').trim() === '';
}
