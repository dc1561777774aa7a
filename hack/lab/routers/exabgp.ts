import type { RouterKind } from './router.ts';

/** It keeps the user that started it, so that it reaches its folder, and starts no process but the one below. */
const ENVIRONMENT = {
  exabgp_daemon_user: 'root',
  exabgp_daemon_drop: 'false',
  exabgp_log_destination: 'stdout',
  exabgp_cache_attributes: 'false',
  exabgp_api_ack: 'false',
  exabgp_api_cli: 'false',
  PYTHONWARNINGS: 'ignore',
};

/**
 * ExaBGP: sends whatever it is told to, also what no router would. Orders reach it by a file that a process of its own
 * reads, for which each neighbor needs `api { processes [ orders ]; }`, and `passive; listen 179;` for it to be called.
 */
export const EXABGP: RouterKind = {
  name: 'exabgp',
  configurationFile: 'exabgp.conf',
  complete: (folder, configuration) =>
    `process orders { run /usr/bin/tail --lines=+1 --follow --sleep-interval=0.05 ${folder}/orders; encoder text; }\n${configuration}`,
  daemons: (folder) => [
    {
      name: 'exabgp',
      command: ['sh', '-c', ': > "$0/orders" && exec exabgp "$0/exabgp.conf"', folder],
      environment: ENVIRONMENT,
    },
  ],
  order: (folder, line) => ['sh', '-c', 'printf "%s\\n" "$1" >> "$0/orders"', folder, line],
  version: { command: ['exabgp', '--version'], pattern: /ExaBGP : (\S+)/ },
};
