import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareTexts } from '../../src/lib/order.ts';

/** What is read of a package's manifest. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** How packages name the file that says what one may do with them. */
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** The folders of the packages whose code is in a bundle, from what esbuild says of it (its metafile). */
export function packagesIn(metafile: string): readonly string[] {
  const { outputs } = JSON.parse(metafile) as { outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> };
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0));
  const folders = used.map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort(compareTexts);
}

/** One text with the licences of all these packages. Throws for a package that names none. */
export function licencesOf(root: string, folders: readonly string[]): string {
  return folders.map((folder) => licenceOf(join(root, folder))).join('\n');
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const files = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort(compareTexts);
  if (license === undefined && files.length === 0) throw new Error(`${name} ${version} names no licence: it cannot be given away`);
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${'='.repeat(80)}\n${name} ${version}: ${license ?? 'see below'}\n\n${texts.join('\n\n')}\n`;
}
