import { resolveFrom } from './imports.ts';
import { isCode, type SourceFile } from './source-file.ts';

const RELATIVE = /'(?<specifier>\.{1,2}\/[^'\n]+\.(?:ts|js))'/g;

/** Read as a folder: the API is generated from whatever types are there. */
const READ_AS_FOLDER = /^src\/crds\//;

/** What a package offers to others it names in its manifest. */
const PACKAGE_MANIFEST = /^packages\/[^/]+\/package\.json$/;
const OFFERED = /"(\.\/[^"\n]+\.ts)"/g;

/** Starts the benchmarks of its folder by their names. */
const BENCH_RUNNER = 'bench/run.ts';

/**
 * Files of code that nobody names: no other file imports them (or hands their path to a thread), and no launcher, make
 * file or configuration starts them. A test does not count as a user of the product.
 */
export function checkOrphans(files: readonly SourceFile[]): readonly string[] {
  const named = new Set<string>();
  for (const file of files) for (const path of namedBy(file)) named.add(path);
  return files
    .filter(
      (file) =>
        /\.(?:ts|js)$/.test(file.path) && !file.path.endsWith('.test.ts') && !named.has(file.path) && !READ_AS_FOLDER.test(file.path),
    )
    .map((file) => `${file.path}: nobody uses it: delete it`);
}

function namedBy(file: SourceFile): readonly string[] {
  if (PACKAGE_MANIFEST.test(file.path))
    return [...file.text.matchAll(OFFERED)].map((match) => resolveFrom(file.path, match[1] ?? '') ?? '');
  if (!isCode(file.path)) return [...file.text.matchAll(/(?:src|hack|bench|test)\/[\w./-]+\.(?:ts|js)\b/g)].map((match) => match[0]);
  const targets = [...file.text.matchAll(RELATIVE)].map((match) => resolveFrom(file.path, match.groups?.specifier ?? '') ?? '');
  if (file.path === BENCH_RUNNER) return [...targets, ...[...file.text.matchAll(/'([a-z-]+)'/g)].map((match) => `bench/${match[1]}.ts`)];
  return file.path.endsWith('.test.ts') ? targets.filter((target) => target.startsWith('test/') || target.startsWith('hack/')) : targets;
}
