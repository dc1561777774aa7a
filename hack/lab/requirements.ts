import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describeError } from '../../src/lib/errors.ts';
import { executable } from '../kubernetes/places.ts';
import type { Report } from '../kubernetes/programs.ts';
import { run, searchPath } from './command.ts';

/** What the lab runs besides its servers: the program, the Debian package that holds it, and what for. */
const NEEDED: readonly { program: string; debian: string; purpose: string }[] = [
  { program: 'ip', debian: 'iproute2', purpose: 'network namespaces' },
  { program: 'nft', debian: 'nftables', purpose: 'the rules of kube-proxy' },
  { program: 'setpriv', debian: 'util-linux', purpose: 'running the product with the rights of its pods' },
];

/** Proves in one namespace of its own that the kernel has what the lab builds on; says in words what it has not. */
const KERNEL_TRIAL = `
ip link add trial0 type veth peer name trial1 || { echo 'the kernel makes no veth pairs'; exit 0; }
ip link add br0 type bridge || { echo 'the kernel makes no bridges'; exit 0; }
nft add table inet trial || { echo 'the kernel has no nftables'; exit 0; }
nft add chain inet trial nat '{ type nat hook prerouting priority dstnat; }' || { echo 'the kernel has no NAT in nftables'; exit 0; }
`;

/** Without a network the update fails, and the package may still lie in apt's cache. */
const INSTALL_LINE = 'apt-get update -qq; apt-get install -y -qq --no-install-recommends';

/**
 * What this machine lacks for a lab, one line for each thing with what to do about it; empty when a lab can run. As
 * root on Debian and Ubuntu missing packages are installed, and said; elsewhere they are only named.
 */
export async function requirements(report: Report): Promise<string[]> {
  if (process.platform !== 'linux') return ['Linux: the lab is made of network namespaces'];
  if (process.getuid?.() !== 0) return ['root: network namespaces need it; run with sudo, or as root in a container with all capabilities'];
  const lacking = await lackingPrograms();
  if (lacking.length > 0 && (await isDebian())) await install(lacking, report);
  const still = (await lackingPrograms()).map((each) => `${each.program}, for ${each.purpose}: install ${each.debian}`);
  return still.length > 0 ? still : await kernelRefusals();
}

async function lackingPrograms(): Promise<(typeof NEEDED)[number][]> {
  const folders = searchPath().split(delimiter);
  const lacking: (typeof NEEDED)[number][] = [];
  for (const needed of NEEDED) {
    const hits = await Promise.all(folders.map((folder) => executable(join(folder, needed.program))));
    if (!hits.includes(true)) lacking.push(needed);
  }
  return lacking;
}

/** Debian, Ubuntu and what is derived of them name debian in one of these lines (os-release(5)). */
async function isDebian(): Promise<boolean> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text);
}

async function install(lacking: readonly (typeof NEEDED)[number][], report: Report): Promise<void> {
  const packages = lacking.map((each) => each.debian);
  report(`installing the packages ${packages.join(', ')} with apt-get`);
  const environment = { PATH: searchPath(), DEBIAN_FRONTEND: 'noninteractive', LANG: 'C' };
  await run(['sh', '-c', `${INSTALL_LINE} ${packages.join(' ')}`], { environment, withinMilliseconds: INSTALL_MILLISECONDS }).catch(
    (cause) => report(`apt-get did not install them: ${describeError(cause)}`),
  );
}

/** A package list may be fetched from far away. */
const INSTALL_MILLISECONDS = 300_000;

async function kernelRefusals(): Promise<string[]> {
  try {
    const refusals = await run(['unshare', '--net', 'sh', '-c', KERNEL_TRIAL]);
    return refusals.trim() === '' ? [] : [refusals.trim()];
  } catch (cause) {
    return [`network namespaces: ${describeError(cause)}`];
  }
}
