import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describeError } from '../../src/lib/errors.ts';
import { executable } from '../kubernetes/places.ts';
import type { Report } from '../kubernetes/programs.ts';
import { run, searchPath } from './command.ts';

/** A program that a lab runs: where Debian has it, and what for. */
export interface NeededProgram {
  /** Its name on the PATH, or its whole path where Debian keeps it off that. */
  readonly program: string;
  /** The Debian package that holds it. */
  readonly debian: string;
  readonly purpose: string;
  /** What the package would have run on the machine itself from the next boot on: a lab runs its own in namespaces. */
  readonly service?: string;
}

/** A package list may be fetched from far away, and forty megabytes behind it. */
const INSTALL_MILLISECONDS = 300_000;

/**
 * Installs packages and leaves the machine as quiet as it was: nothing asks, no service starts while they are set up
 * (what invoke-rc.d and deb-systemd-invoke ask the policy for), and none that came with them starts at the next boot.
 * Without a network the update fails, and the packages may still lie in apt's cache.
 */
const INSTALL_SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get update -qq || true
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=240 $PACKAGES
[ -z "$SERVICES" ] || ! command -v systemctl > /dev/null || systemctl --quiet disable $SERVICES
`;

/** Those of `needed` that this machine does not have. */
export async function lackingPrograms(needed: readonly NeededProgram[]): Promise<NeededProgram[]> {
  const lacking: NeededProgram[] = [];
  for (const each of needed) if (!(await isThere(each.program))) lacking.push(each);
  return lacking;
}

/** Installs what is lacking where that can be done, which is as root on Debian and Ubuntu; says so, and why it failed. */
export async function installPrograms(lacking: readonly NeededProgram[], report: Report): Promise<void> {
  if (lacking.length === 0 || !(await isDebian())) return;
  const packages = [...new Set(lacking.map((each) => each.debian))].join(' ');
  const services = lacking.flatMap((each) => each.service ?? []).join(' ');
  report(`installing the packages ${packages} with apt-get`);
  const environment = { PATH: searchPath(), DEBIAN_FRONTEND: 'noninteractive', LANG: 'C', PACKAGES: packages, SERVICES: services };
  await run(['sh', '-e', '-c', INSTALL_SCRIPT], { environment, withinMilliseconds: INSTALL_MILLISECONDS }).catch((cause) =>
    report(`apt-get did not install them: ${describeError(cause)}`),
  );
}

async function isThere(program: string): Promise<boolean> {
  if (program.startsWith('/')) return await executable(program);
  const hits = await Promise.all(
    searchPath()
      .split(delimiter)
      .map((folder) => executable(join(folder, program))),
  );
  return hits.includes(true);
}

/** Debian, Ubuntu and what is derived of them name debian in one of these lines (os-release(5)). */
async function isDebian(): Promise<boolean> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text);
}
