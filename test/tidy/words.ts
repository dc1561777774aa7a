import { lineAt, type SourceFile } from './source-file.ts';

/** Left for later: a promise that nobody keeps. In pieces, so that this file does not say it. */
const LATER = /\b(?:TO(?:DO)|FIX(?:ME)|X{3})\b/g;
/** Hosts from which packages are fetched: which one is the business of the machine, not of the repository. */
const REGISTRY_HOST =
  /\b(?:registry|proxy|repo|packages?|deb|archive|mirrors?|crates|static|files|pkg)\.(?:[a-z0-9-]+\.)*(?:npmjs|npmmirror|yarnpkg|golang|debian|ubuntu|crates|pythonhosted|pypi|github|maven)\.(?:org|com|io|dev|net)\b/gi;

/** Words and hosts that stand in no file. */
export function checkWords(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => [
    ...found(file, LATER, 'do it now, or leave it out'),
    ...found(file, REGISTRY_HOST, 'name no host: each machine has its own registry'),
  ]);
}

function found(file: SourceFile, pattern: RegExp, instead: string): readonly string[] {
  return [...file.text.matchAll(pattern)].map((match) => `${file.path}:${lineAt(file, match.index)}: ${match[0]}: ${instead}`);
}
