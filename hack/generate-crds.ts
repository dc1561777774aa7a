import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../src/lib/errors.ts';
import { filesOf, GENERATED_HEADER, KUSTOMIZATION, readKinds } from './crd/generate.ts';
import { referenceOf } from './crd/reference.ts';

const ROOT = join(import.meta.dirname, '..');
const TYPES = join(ROOT, 'src/crds');
const TARGET = join(ROOT, 'config/crd');
/** Helm reads nothing outside of a chart, so that the chart has copies. */
const CHART = join(ROOT, 'charts/typemetal/files/crds');
const REFERENCE = join(ROOT, 'docs/reference.md');
const USAGE =
  'usage: node hack/generate-crds.ts [--check]\n  writes config/crd, its copies in charts and docs/reference.md from src/crds; --check only tells what would change';

/** Makes `folder` hold exactly `files`: files that an earlier run wrote and this one did not are removed. */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of manifests(folder)) if (!files.has(name) && text.startsWith(GENERATED_HEADER)) rmSync(join(folder, name));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}

/** One line for each file of `folder` that is not what `files` says, with the first line that differs; empty when all agree. */
export function differences(folder: string, files: ReadonlyMap<string, string>): string[] {
  const present = manifests(folder);
  const place = (name: string): string => relative(ROOT, join(folder, name));
  const changed = [...files].flatMap(([name, text]) => {
    const found = present.get(name);
    if (found === undefined) return [`${place(name)} is missing`];
    return found === text ? [] : [`${place(name)}${firstDifference(found, text)}`];
  });
  const strange = [...present.keys()].filter((name) => !files.has(name)).map((name) => `${place(name)} is not generated from any type`);
  return [...changed, ...strange];
}

/** What {@link differences} says of one file that has a folder with others. */
export function difference(file: string, text: string): string[] {
  const place = relative(ROOT, file);
  if (!existsSync(file)) return [`${place} is missing`];
  const found = readFileSync(file, 'utf8');
  return found === text ? [] : [`${place}${firstDifference(found, text)}`];
}

function firstDifference(found: string, fresh: string): string {
  const foundLines = found.split('\n');
  const freshLines = fresh.split('\n');
  // The longer of two texts that agree so far differs on the line after the shorter one's end.
  const index = Array.from({ length: Math.max(foundLines.length, freshLines.length) }, (_, line) => line).findIndex(
    (line) => foundLines[line] !== freshLines[line],
  );
  const show = (line: string | undefined): string => (line === undefined ? 'the end of the file' : JSON.stringify(line));
  return `:${index + 1}: is ${show(foundLines[index])}, a fresh generation says ${show(freshLines[index])}`;
}

/** The texts by name that a tool would take from `folder`, whoever wrote them. */
function manifests(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') || name === KUSTOMIZATION);
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function run(check: boolean): number {
  const kinds = readKinds(TYPES);
  const files = filesOf(kinds);
  const reference = referenceOf(kinds);
  const definitions = new Map([...files].filter(([name]) => name !== KUSTOMIZATION));
  if (!check) {
    writeFiles(TARGET, files);
    writeFiles(CHART, definitions);
    writeFileSync(REFERENCE, reference);
    return 0;
  }
  const found = [...differences(TARGET, files), ...differences(CHART, definitions), ...difference(REFERENCE, reference)];
  for (const line of found) process.stderr.write(`${line}\n`);
  if (found.length > 0)
    process.stderr.write('the definitions or their reference do not match src/crds: run make generate and commit the result\n');
  return found.length > 0 ? 1 : 0;
}

function main(): number {
  let check: boolean;
  try {
    check = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values.check;
  } catch (refused) {
    process.stderr.write(`${describeError(refused)}\n${USAGE}\n`);
    return 2;
  }
  try {
    return run(check);
  } catch (failure) {
    process.stderr.write(`cannot generate config/crd and docs/reference.md: ${describeError(failure)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = main();
