import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../../../hack/lab/host.ts';
import type { Lab, LabNode } from '../../../hack/lab/lab.ts';

/** What is listed and says nothing about what is left, with the reason. */
const NOT_COUNTED: Readonly<Record<string, string>> = {
  events: 'tells what was; the API server deletes it after an hour',
  'events.events.k8s.io': 'the same objects under another name',
  componentstatuses: 'is stored nowhere: the API server looks at other servers when it is asked',
};

/** One line for each object: its kind, where it is, what it is called, and what keeps it from being deleted. */
const LINES = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.finalizers}{"\\n"}{end}';

/** How the kernel of a node shows what a program may change of its network. */
const VIEWS: readonly (readonly string[])[] = [
  ['ip', '-oneline', '-details', 'link', 'show'],
  ['ip', '-oneline', 'address', 'show'],
  ['ip', '-oneline', 'maddress', 'show'],
  ['ip', 'rule', 'show'],
  ['ip', '-6', 'rule', 'show'],
  ['ip', 'route', 'show', 'table', 'all'],
  ['ip', '-6', 'route', 'show', 'table', 'all'],
  // Of the rules within, those of kube-proxy follow the Services in its own time.
  ['nft', 'list', 'tables'],
];

/** All that there is: each object of each kind that the API server can list, and on each node files, links, addresses, groups, rules, routes and tables. */
export async function inventoryOf(lab: Lab): Promise<ReadonlySet<string>> {
  const nodes = await Promise.all(lab.nodes.map(async (node) => await linesOfNode(lab, node)));
  return new Set([...(await objectsOf(lab)), ...nodes.flat()]);
}

async function objectsOf({ control }: Lab): Promise<readonly string[]> {
  const kinds = linesOf(await control.kubectl(['api-resources', '--verbs=list', '-o', 'name'])).filter((kind) => !(kind in NOT_COUNTED));
  return linesOf(await control.kubectl(['get', kinds.join(','), '--all-namespaces', '--ignore-not-found', '-o', `jsonpath=${LINES}`]));
}

async function linesOfNode(lab: Lab, { name, host }: LabNode): Promise<readonly string[]> {
  const folder = join(lab.folder, 'nodes', name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []); // nobody has needed any yet
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => `file ${join(entry.parentPath, entry.name)}`);
  const views = await Promise.all(VIEWS.map((view) => viewOf(host, view)));
  return [...files, ...views.flat()].map((line) => `${name}: ${line}`);
}

async function viewOf(host: Host, view: readonly string[]): Promise<readonly string[]> {
  return linesOf(await host.run(view)).map((line) => `${view.filter((word) => !word.startsWith('-o')).join(' ')}: ${line.trim()}`);
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
