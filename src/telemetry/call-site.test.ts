import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callSite } from './call-site.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'typemetal call site '));
  // Two sources; of the bundle's second line the first ten columns are of a package.
  writeFileSync(join(folder, 'a.js.origins'), ['first.ts,,second.ts', '0:0:7', '10:2:3,20,30:0:4', ''].join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  { at: '1:1', is: 'first.ts:7' },
  { at: '1:900', is: 'first.ts:7' },
  { at: '2:10', is: 'a.js:2' },
  { at: '2:11', is: 'second.ts:3' },
  { at: '2:20', is: 'second.ts:3' },
  { at: '2:21', is: 'a.js:2' },
  { at: '2:31', is: 'first.ts:4' },
  { at: '3:1', is: 'a.js:3' },
  { at: '9:1', is: 'a.js:9' },
])('$at of a bundle is $is', ({ at, is }) => {
  expect(callSite(`    at Thing.method (${pathToFileURL(folder)}/a.js:${at})`)).toBe(is);
  expect(callSite(`Error\n    at ${folder}/a.js:${at}`)).toBe(is);
});

test.each([
  { frame: '    at method (/some/where/b.ts:12:3)', is: 'b.ts:12' },
  { frame: '    at native', is: 'unknown' },
  { frame: '', is: 'unknown' },
])('$frame is $is', ({ frame, is }) => {
  expect(callSite(frame)).toBe(is);
});
