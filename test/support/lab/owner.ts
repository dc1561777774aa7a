// Owns a small lab until it is killed: the victim of the tests that look at what is left then. Prints the lab's folder
// as soon as there is one, and a second line when the lab is up.
import { sandboxFolders } from '../../../hack/kubernetes/sandbox-folder.ts';
import { Lab } from '../../../hack/lab/lab.ts';

const before = new Set(sandboxFolders());
const starting = Lab.start({ nodes: 1 });
const timer = setInterval(() => {
  const folder = sandboxFolders().find((candidate) => !before.has(candidate));
  if (folder === undefined) return;
  clearInterval(timer);
  process.stdout.write(`${folder}\n`);
}, 1);
const lab = await starting;
process.stdout.write('up\n');
setInterval(() => lab.folder, 60_000);
