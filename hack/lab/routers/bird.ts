import type { RouterKind } from './router.ts';

/** BIRD: one daemon, and birdc that speaks to it by a socket. */
export const BIRD: RouterKind = {
  name: 'bird',
  configurationFile: 'bird.conf',
  complete: (_, configuration) => configuration,
  daemons: (folder) => [
    { name: 'bird', command: ['bird', '-f', '-c', `${folder}/bird.conf`, '-s', socket(folder), '-P', `${folder}/bird.pid`] },
  ],
  order: (folder, line) => ['birdc', '-s', socket(folder), ...line.split(' ')],
  // It prints the version to standard error.
  version: { command: ['sh', '-c', 'bird --version 2>&1'], pattern: /version (\S+)/ },
};

function socket(folder: string): string {
  return `${folder}/bird.ctl`;
}
