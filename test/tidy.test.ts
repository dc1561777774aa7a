import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkBanned } from './tidy/banned.ts';
import { checkBudgets } from './tidy/budgets.ts';
import { checkShare, commentShares } from './tidy/comments.ts';
import { checkCompanions } from './tidy/companions.ts';
import { COVERED_ELSEWHERE } from './tidy/covered-elsewhere.ts';
import { checkDecisions, checkDocumentation } from './tidy/documentation.ts';
import { checkLockFile, checkNpmrc, checkReasons } from './tidy/packages.ts';
import { checkOrphans } from './tidy/references.ts';
import { checkOperatorBase, checkPackageFaces, checkRooms } from './tidy/rooms.ts';
import { readRepository } from './tidy/source-file.ts';
import { checkWords } from './tidy/words.ts';

const ROOT = join(import.meta.dirname, '..');
const files = readRepository(ROOT);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

// Each check has a test of its own beside it, which shows on bad samples that it can fail.
describe('the house', () => {
  test.each<{ rule: string; complaints: () => readonly string[] }>([
    { rule: 'functions and files are short', complaints: () => checkBudgets(files) },
    { rule: 'clocks, chance and the process come in as values', complaints: () => checkBanned(files) },
    { rule: 'imports cross rooms only where an arrow leads', complaints: () => checkRooms(files) },
    { rule: 'the operator base is adapted in one file', complaints: () => checkOperatorBase(files) },
    { rule: 'packages are used by their public face', complaints: () => checkPackageFaces(files) },
    { rule: 'each file is used', complaints: () => checkOrphans(files) },
    { rule: 'each exported name says what it promises', complaints: () => checkDocumentation(files) },
    { rule: 'each source has a test', complaints: () => checkCompanions(files, COVERED_ELSEWHERE) },
    { rule: 'decisions say context, decision and consequence', complaints: () => checkDecisions(files) },
    { rule: 'nothing is left for later, no registry is named', complaints: () => checkWords(files) },
    {
      rule: 'no package runs at install time',
      complaints: () => [...checkLockFile(JSON.parse(read('package-lock.json'))), ...checkNpmrc(read('.npmrc'))],
    },
    { rule: 'each package has a reason', complaints: () => checkReasons(JSON.parse(read('package.json')), read('CONTRIBUTING.md')) },
  ])('$rule', ({ complaints }) => expect(complaints()).toEqual([]));

  test.each(commentShares(files))('$room: $percent % comments in $lines lines', (share) => expect(checkShare(share)).toEqual([]));
});
