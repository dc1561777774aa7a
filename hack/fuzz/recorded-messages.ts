import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../packages/bgp-parser/recordings');

/** All messages that real routers sent, each once. */
export function recordedMessages(): readonly Uint8Array[] {
  const lines = readdirSync(FOLDER).flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n'));
  return [...new Set(lines.filter((line) => !line.startsWith('#')))].map((line) => new Uint8Array(Buffer.from(line, 'hex')));
}
