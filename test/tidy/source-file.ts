import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Masked, maskSource } from './mask.ts';

/** One text file of the repository. */
export interface SourceFile extends Masked {
  /** Path from the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Makes a {@link SourceFile}; only TypeScript, JavaScript and C have comments that are understood. */
export function sourceFile(path: string, text: string): SourceFile {
  const masked = isCode(path) ? maskSource(text) : { code: text, commentLines: new Set<number>() };
  return { path, text, ...masked };
}

/** All text files that git knows or would take: new ones are checked before they are committed. */
export function readRepository(root: string): readonly SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root }).toString();
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
  const files = paths.map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
  return files.filter((file) => !file.text.includes('\0'));
}

/** Whether a path is TypeScript, JavaScript or C. */
export function isCode(path: string): boolean {
  return /\.(?:ts|js|c|h)$/.test(path);
}

/** Whether a path is a test or what only tests use. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

/** Whether a path is part of the product: what runs on a cluster. */
export function isProduct(path: string): boolean {
  return isCode(path) && !isTest(path) && (path.startsWith('src/') || path.startsWith('packages/'));
}

/** The number of the line, from 1, that holds `offset`. */
export function lineAt(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

/** How many lines a file has, blank ones included. */
export function lineCount(file: SourceFile): number {
  return file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
}
