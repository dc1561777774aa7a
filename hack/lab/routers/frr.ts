import type { Daemon, RouterKind } from './router.ts';

/** Debian keeps the daemons here, off the PATH. */
const PROGRAMS = '/usr/lib/frr';

/** Where a daemon sees the router's folder. */
const SEEN_AT = '/etc/frr';

/**
 * The daemons run as the user frr, who cannot reach a lab's folder, and leave the last lines of their log in /var/tmp when
 * they are killed. So the folder comes to them, in the mount namespace of their own that ip-netns(8) makes.
 */
const START = `mkdir -p "$0/tmp" && chown -R frr:frr "$0" && mount --bind "$0/tmp" /var/tmp && mount --bind "$0" ${SEEN_AT} && exec "$@"`;

/**
 * FRR: zebra, which writes routes into the kernel of the router's host, and bgpd. Its configuration needs
 * `no bgp ebgp-requires-policy`, or it neither takes nor gives routes on external sessions.
 */
export const FRR: RouterKind = {
  name: 'frr',
  configurationFile: 'frr.conf',
  complete: (_, configuration) => configuration,
  daemons: (folder) => ['zebra', 'bgpd'].map((name) => daemon(folder, name)),
  order: (folder, line) => ['vtysh', '--vty_socket', folder, ...line.split('\n').flatMap((one) => ['-c', one.trim()])],
  version: { command: [`${PROGRAMS}/bgpd`, '--version'], pattern: /version (\S+)/ },
};

/** Both read the same file: what one of them does not know it leaves to the other. */
function daemon(folder: string, name: string): Daemon {
  const places = ['--config_file', 'frr.conf', '--pid_file', `${name}.pid`, '--socket', 'zserv.api'];
  const absolute = places.map((word) => (word.startsWith('--') ? word : `${SEEN_AT}/${word}`));
  const command = [`${PROGRAMS}/${name}`, '--log', 'stdout', '--vty_port', '0', '--vty_socket', SEEN_AT, ...absolute];
  return { name, command: ['sh', '-c', START, folder, ...command] };
}
