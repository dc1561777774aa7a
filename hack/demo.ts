// The whole story in a minute, unattended: make demo. Everything that is shown is checked; the exit code is 0 only
// when all of it was true.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Sandbox } from './kubernetes/sandbox.ts';
import { markedProcesses, sandboxNamespaces } from './kubernetes/sweep.ts';
import { spanText } from './kubernetes/ticker.ts';
import { POOL_RANGES } from './lab/addresses.ts';
import { tellOfFailOver } from './lab/fail-over-act.ts';
import type { Lab } from './lab/lab.ts';
import { Narrator } from './lab/narrator.ts';
import type { ProductProcess } from './lab/product.ts';
import { tellOfRoutes } from './lab/routes-act.ts';
import { openShowcase, POOL_MANIFEST, type Showcase, serviceManifest } from './lab/showcase.ts';
import { tellInSandbox } from './lab/until-signal.ts';

/** Each of these takes milliseconds; a machine that is busy with something else may need seconds. */
const PATIENCE = { withinMilliseconds: 20_000 };

/** A request from nobody's segment to nobody's address is given up after this long. */
const SILENCE_MILLISECONDS = 1_500;

const narrator = new Narrator();
const { say, act, show, claim } = {
  say: narrator.say,
  act: narrator.act.bind(narrator),
  show: narrator.show.bind(narrator),
  claim: narrator.claim.bind(narrator),
};

/** Runs kubectl and shows what it printed. */
async function kubectl(lab: Lab, ...args: string[]): Promise<string> {
  const printed = await lab.control.kubectl(args);
  show(`kubectl ${args.join(' ')}`, printed);
  return printed;
}

/** Creates a Service for the pods and waits for the address that the controller gives it. */
async function addService(lab: Lab, name: string): Promise<string> {
  const began = performance.now();
  await lab.control.kubectl(['apply', '-f', '-'], { stdin: serviceManifest(name) });
  const ask = ['get', 'service', name, '-o', 'jsonpath={.status.loadBalancer.ingress[*].ip}'];
  const address = await lab.eventually(`Service ${name} has an address`, async () => (await lab.control.kubectl(ask)) || false, PATIENCE);
  say(`Service ${name} has the address ${address} after ${Math.round(performance.now() - began)} ms, kubectl's own time included`);
  return address;
}

/** The node that says of itself that it announces a Service, by ServiceL2Status. */
async function announcer(lab: Lab, service: string): Promise<string> {
  const path = `jsonpath={range .items[?(@.status.serviceName=="${service}")]}{.status.node}{"\\n"}{end}`;
  const nodes = async (): Promise<string | false> => {
    const names = (await lab.control.kubectl(['get', 'servicel2statuses', '-A', '-o', path])).trim();
    return names !== '' && names;
  };
  return await lab.eventually(`a node says that it announces ${service}`, nodes, PATIENCE);
}

/** Whether an address lies between the ends of the pool, which differ in their last number only. */
function inPool(address: string): boolean {
  const [first = '', last = ''] = POOL_RANGES.ipv4.split('-').map((end) => end.split('.').at(-1) ?? '');
  const number = Number(address.split('.').at(-1));
  return address.startsWith('198.51.100.') && number >= Number(first) && number <= Number(last);
}

/** What a pod says through an address. The first packets may come before kube-proxy knows the Service. */
async function httpThrough(lab: Lab, address: string): Promise<string> {
  const exchange = (): Promise<string> =>
    lab.client.http(address, { withinMilliseconds: SILENCE_MILLISECONDS }).then((answer) => answer.text);
  const text = await lab.eventually(`an HTTP answer through ${address}`, exchange, PATIENCE);
  show(`ip netns exec ${lab.client.host.namespace} curl http://${address}/`, text);
  return text;
}

/** From a pool to an answer: the main job, as a user sees it. */
async function firstAddress({ lab }: Showcase): Promise<string> {
  act('A pool of addresses, and a Service that asks for one');
  await lab.control.kubectl(['apply', '-f', '-'], { stdin: POOL_MANIFEST });
  const address = await addService(lab, 'web');
  const node = await announcer(lab, 'web');
  await kubectl(lab, 'get', 'ipaddresspools,services,servicel2statuses', '-A');
  claim(inPool(address), `${address} is of the pool ${POOL_RANGES.ipv4}`);
  claim(
    lab.nodes.some((candidate) => candidate.name === node),
    `exactly one node announces it: ${node}`,
    node,
  );

  act('A client on the segment, which is no part of the cluster, asks who has the address');
  const mac = await lab.eventually('an ARP answer', () => lab.client.resolve(address), PATIENCE);
  show(
    `ip -n ${lab.client.host.namespace} neighbour show to ${address}`,
    await lab.client.host.run(['ip', 'neighbour', 'show', 'to', address]),
  );
  claim(lab.nodeWithMac(mac)?.name === node, `${mac} is the network card of ${node}`, lab.nodeWithMac(mac)?.name);
  const text = await httpThrough(lab, address);
  const [, pod, where] = /^pod=(web-[123]) node=(node-[123]) /.exec(text) ?? [];
  claim(pod !== undefined, `pod ${pod} answers over HTTP, two namespaces away: client, ${node} with its kube-proxy, pod on ${where}`, text);
  return address;
}

/** Waits until the pool's status counts this many addresses as given. */
async function poolCounts(lab: Lab, count: number): Promise<void> {
  const ask = ['get', 'ipaddresspool', 'segment', '-n', 'metallb-system', '-o', 'jsonpath={.status.assignedIPv4}'];
  const what = `the pool counts ${count} given addresses`;
  await lab.eventually(what, async () => (await lab.control.kubectl(ask)) === `${count}`, PATIENCE);
  claim(true, what);
}

/** What is given is taken back: nobody answers for the address, and the next Service has it. */
async function comesBack({ lab }: Showcase, first: string): Promise<void> {
  act('A second Service comes and goes, and its address comes back');
  await poolCounts(lab, 1);
  const second = await addService(lab, 'shop');
  claim(second !== first && inPool(second), `Service shop has an address of its own: ${second}`);
  claim((await httpThrough(lab, second)).startsWith('pod='), 'a pod answers through it too');
  await poolCounts(lab, 2);
  await kubectl(lab, 'delete', 'service', 'shop');
  await poolCounts(lab, 1);
  const silent = async (): Promise<boolean> => (await lab.client.resolve(second, SILENCE_MILLISECONDS)) === undefined;
  await lab.eventually(`nobody answers for ${second}`, silent, PATIENCE);
  claim(true, `nobody answers for ${second} on the segment any more`);
  const third = await addService(lab, 'next');
  claim(third === second, `the next Service is given ${second}`, third);
  claim((await httpThrough(lab, third)).startsWith('pod='), 'a pod answers through it again');
  claim((await httpThrough(lab, first)).startsWith('pod='), `and Service web was there all the time, at ${first}`);
  await kubectl(lab, 'get', 'ipaddresspools,services,servicel2statuses', '-A');
}

/** What a process could not do, or was not allowed to, by its log: a refused event is worth a warning only. */
async function errorsOf({ program }: ProductProcess): Promise<string> {
  const lines = (await readFile(program.log, 'utf8')).split('\n');
  return lines.filter((line) => /"level":"error"|forbidden/i.test(line)).join('\n');
}

async function tell(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  act('A cluster on this machine, with TypeMetal in it');
  const showcase = await openShowcase(sandbox, say, signal);
  try {
    const nodes = await kubectl(showcase.lab, 'get', 'nodes', '-o', 'wide');
    claim((nodes.match(/ Ready /g) ?? []).length === 3, 'three nodes are ready');
    await comesBack(showcase, await firstAddress(showcase));
    await tellOfFailOver(showcase, narrator);
    await using _router = await tellOfRoutes(showcase, narrator);
    const complaints = (await Promise.all([showcase.controller, ...showcase.speakers].map(errorsOf))).join('');
    claim(complaints === '', 'no process has logged an error or a refusal: the rights of config/rbac are enough', complaints);
  } catch (cause) {
    for (const process of [showcase.controller, ...showcase.speakers])
      say(`the end of the log of ${process.name}:\n${await process.program.tail()}`);
    throw cause;
  }
}

const began = performance.now();

/** The demo leaves the machine as it was, and says so only after a look. */
async function checkRemoval({ id, folder }: Sandbox): Promise<void> {
  act('Everything is removed');
  claim((await markedProcesses(id)).length === 0, 'no process is left');
  claim((await sandboxNamespaces(id)).length === 0, 'no network namespace is left');
  claim(!existsSync(folder), `${folder} is gone`);
  narrator.end(`All ${narrator.claims} claims held, in ${spanText(performance.now() - began)}.`);
}

await tellInSandbox({ tell, afterwards: checkRemoval });
