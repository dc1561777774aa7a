import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from './lab.ts';
import { POD_PORT } from './lab.ts';
import type { Narrator } from './narrator.ts';
import { type CountedRequest, RequestCount } from './request-count.ts';
import type { Showcase } from './showcase.ts';

/** Each of these takes less than a second; a machine that is busy with something else may need more. */
const PATIENCE = { withinMilliseconds: 30_000 };
/** So long the client asks before the cut, and behind each change. */
const WATCHED_MILLISECONDS = 2_000;

/** A fifth of this where nothing else wants the processors. */
const HEALING_MILLISECONDS = 1_000;

/** Each node answers by a pod of its own: what is lost is lost on the segment, not behind it. */
const MANIFEST = `apiVersion: v1
kind: Service
metadata: { name: steady, namespace: default }
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: { app: web }
  ports: [{ port: 80, targetPort: ${POD_PORT}, protocol: UDP }]
`;

/** The node that answers for an address loses its cable behind the switch, while a client counts; and it comes back. */
export async function tellOfFailOver(showcase: Showcase, narrator: Narrator): Promise<void> {
  const { lab } = showcase;
  narrator.act('A client asks a hundred times a second, and the node that answers is cut off at the switch');
  await lab.control.kubectl(['apply', '-f', '-'], { stdin: MANIFEST });
  const ask = ['get', 'service', 'steady', '-o', 'jsonpath={.status.loadBalancer.ingress[*].ip}'];
  const address = await lab.eventually('Service steady has an address', async () => (await lab.control.kubectl(ask)) || false, PATIENCE);
  await lab.eventually('an answer', () => lab.client.udp(address, { withinMilliseconds: 500 }), PATIENCE);
  const mac = await lab.eventually('an ARP answer', () => lab.client.resolve(address), PATIENCE);
  const owner = lab.nodeWithMac(mac);
  narrator.claim(owner !== undefined, `${owner?.name} answers for ${address}`, mac);
  if (owner === undefined) return;
  await using act = new FailOverAct(showcase, narrator, address);
  await act.calm(owner);
  await act.comeBack(owner, await act.lose(owner));
}

/** The act, step by step, while the client asks. */
class FailOverAct implements AsyncDisposable {
  readonly #showcase: Showcase;
  readonly #narrator: Narrator;
  readonly #address: string;
  readonly #count: RequestCount;

  constructor(showcase: Showcase, narrator: Narrator, address: string) {
    this.#showcase = showcase;
    this.#narrator = narrator;
    this.#address = address;
    this.#count = new RequestCount(showcase.lab.client, address);
  }

  async calm({ name }: LabNode): Promise<void> {
    const began = performance.now();
    await sleep(WATCHED_MILLISECONDS);
    const requests = this.#count.since(began);
    this.#narrator.say(`before: ${summary(requests)}`);
    this.#narrator.claim(nodesOf(requests).join() === name, `all answers come from ${name}`, nodesOf(requests).join());
  }

  /** Gives the node that answers now. */
  async lose(owner: LabNode): Promise<LabNode> {
    const { lab } = this.#showcase;
    const cutAt = performance.now();
    await lab.network.cutOff(owner.host);
    const first = (): CountedRequest | undefined => this.#count.since(cutAt).find(({ node }) => node !== undefined && node !== owner.name);
    await lab.eventually('another node answers', async () => first(), PATIENCE);
    await sleep(WATCHED_MILLISECONDS);
    const { at, node } = first() ?? { at: Number.POSITIVE_INFINITY, node: undefined };
    this.#narrator.say(`since the switch was told to drop what ${owner.name} says: ${summary(this.#count.since(cutAt))}`);
    this.#narrator.say(`fail-over: ${node} answers what was sent ${Math.round(at - cutAt)} ms after the cut`);
    await this.#showOwner();
    const heir = lab.nodes.find(({ name }) => name === node);
    const after = nodesOf(this.#count.since(at));
    this.#narrator.claim(heir !== undefined && after.join() === node, `${node} alone answers for ${this.#address} now`, after.join());
    return heir ?? owner;
  }

  /** A node that returns takes nothing back. */
  async comeBack(owner: LabNode, heir: LabNode): Promise<void> {
    const { lab } = this.#showcase;
    this.#narrator.act(`${owner.name} is back, and nothing moves`);
    const backAt = performance.now();
    await lab.network.reconnect(owner.host);
    await sleep(2 * WATCHED_MILLISECONDS);
    this.#narrator.say(`since then: ${summary(this.#count.since(backAt))}`);
    // Two halves of a segment that are one again have two owners until they have heard each other.
    const after = nodesOf(this.#count.since(backAt + HEALING_MILLISECONDS));
    this.#narrator.claim(after.join() === heir.name, `${heir.name} goes on to answer for ${this.#address}, alone`, after.join());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#count[Symbol.asyncDispose]();
  }

  async #showOwner(): Promise<void> {
    const { host } = this.#showcase.lab.client;
    const words = ['ip', 'neighbour', 'show', 'to', this.#address];
    this.#narrator.show(`ip -n ${host.namespace} ${words.slice(1).join(' ')}`, await host.run(words));
  }
}

function nodesOf(requests: readonly CountedRequest[]): readonly string[] {
  return [...new Set(requests.flatMap(({ node }) => node ?? []))];
}

function summary(requests: readonly CountedRequest[]): string {
  const counts = nodesOf(requests).map((name) => `${requests.filter(({ node }) => node === name).length} answered by ${name}`);
  const lost = requests.filter(({ node }) => node === undefined).length;
  return [`${requests.length} requests`, ...counts, `${lost} lost`].join(', ');
}
