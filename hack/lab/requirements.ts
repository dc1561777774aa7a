import { describeError } from '../../src/lib/errors.ts';
import type { Report } from '../kubernetes/programs.ts';
import { run } from './command.ts';
import { installPrograms, lackingPrograms, type NeededProgram } from './packages.ts';

/** What every lab runs besides its servers. */
const NEEDED: readonly NeededProgram[] = [
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

/**
 * What this machine lacks for a lab that runs `more` besides, one line for each thing with what to do about it; empty
 * when a lab can run. As root on Debian and Ubuntu missing packages are installed, and said; elsewhere they are only named.
 */
export async function requirements(report: Report, more: readonly NeededProgram[] = []): Promise<string[]> {
  if (process.platform !== 'linux') return ['Linux: the lab is made of network namespaces'];
  if (process.getuid?.() !== 0) return ['root: network namespaces need it; run with sudo, or as root in a container with all capabilities'];
  const needed = [...NEEDED, ...more];
  await installPrograms(await lackingPrograms(needed), report);
  const still = (await lackingPrograms(needed)).map((each) => `${each.program}, for ${each.purpose}: install ${each.debian}`);
  return still.length > 0 ? still : await kernelRefusals();
}

async function kernelRefusals(): Promise<string[]> {
  try {
    const refusals = await run(['unshare', '--net', 'sh', '-c', KERNEL_TRIAL]);
    return refusals.trim() === '' ? [] : [refusals.trim()];
  } catch (cause) {
    return [`network namespaces: ${describeError(cause)}`];
  }
}
