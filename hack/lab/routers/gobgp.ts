import type { RouterKind } from './router.ts';

/** GoBGP: one daemon, and gobgp that speaks to it over the loopback of the router's own host. It has no contact with the kernel's routes. */
export const GOBGP: RouterKind = {
  name: 'gobgp',
  configurationFile: 'gobgpd.toml',
  complete: (_, configuration) => configuration,
  daemons: (folder) => [
    { name: 'gobgpd', command: ['gobgpd', '-t', 'toml', '-f', `${folder}/gobgpd.toml`, '--api-hosts', API, '--pprof-disable', '-p'] },
  ],
  // It says to standard output why it failed.
  order: (_, line) => ['sh', '-c', `said=$(gobgp ${line}) || { echo "$said" >&2; exit 1; }; echo "$said"`],
  version: { command: ['gobgpd', '--version'], pattern: /version (\S+)/ },
};

const API = '127.0.0.1:50051';
