import { isCode, isTest, lineAt, type SourceFile } from './source-file.ts';

const EXPORT = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (?<name>\w+)/gm;

/** Exported names without a doc comment right above them; tests export nothing that needs one, their support does. */
export function checkDocumentation(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter((file) => isCode(file.path) && (!isTest(file.path) || file.path.startsWith('test/support/')))
    .flatMap((file) => {
      const lines = file.text.split('\n');
      return [...file.code.matchAll(EXPORT)]
        .map((match) => ({ name: match.groups?.name ?? '', line: lineAt(file, match.index) }))
        .filter(({ line }) => !(lines[line - 2] ?? '').trimEnd().endsWith('*/'))
        .map(({ name, line }) => `${file.path}:${line}: ${name} is exported without a doc comment: say what it promises`);
    });
}

const DECISION_PAGE = /^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/;
const DECISION_PARTS = ['Context', 'Decision', 'Consequence'];

/** Pages of docs/decisions that are not named or built as its README asks, or have a number that another one has. */
export function checkDecisions(files: readonly SourceFile[]): readonly string[] {
  const pages = files.filter((file) => file.path.startsWith('docs/decisions/') && file.path !== 'docs/decisions/README.md');
  const byNumber = Map.groupBy(pages, ({ path }) => path.slice('docs/decisions/'.length, 'docs/decisions/0000'.length));
  const doubled = [...byNumber].filter(([, same]) => same.length > 1);
  return [
    ...doubled.map(
      ([number, same]) => `docs/decisions: ${same.length} pages have the number ${number}: give the younger the next free one`,
    ),
    ...pages.flatMap((file) => {
      if (!DECISION_PAGE.test(file.path)) return [`${file.path}: name it by a number of four digits and a few words, with dashes between`];
      const missing = DECISION_PARTS.filter((part) => !new RegExp(`^## ${part}$`, 'm').test(file.text));
      return missing.map((part) => `${file.path}: has no heading "## ${part}"`);
    }),
  ];
}
