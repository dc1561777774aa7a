import { readFileSync } from 'node:fs';
import type { Surroundings } from './program.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
/** Names the version; a bundle has it beside it. */
const MANIFEST = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : './package.json', import.meta.url);
/** Told to end, by Kubernetes or by Ctrl-C. */
const ENDING_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What a process finds around itself. The first signal to end asks, a second one ends it at once. */
export function surroundingsOf(self: NodeJS.Process): Surroundings {
  const ending = new AbortController();
  for (const name of ENDING_SIGNALS) {
    self.on(name, () => {
      if (ending.signal.aborted) self.exit(1);
      ending.abort();
    });
  }
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { readonly version: string };
  return {
    argv: self.argv.slice(2),
    environment: self.env,
    stdout: self.stdout,
    stderr: self.stderr,
    clock: SYSTEM_CLOCK,
    serviceAccountNamespace: textOf(NAMESPACE_FILE),
    version: manifest.version,
    signal: ending.signal,
  };
}

/** The content of a file, `undefined` when there is none. Throws when it is there and cannot be read. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
