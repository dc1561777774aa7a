import { POD_PORT } from './lab.ts';
import type { Narrator } from './narrator.ts';
import { requirements } from './requirements.ts';
import { FRR } from './routers/frr.ts';
import { ROUTER_PROGRAMS } from './routers/programs.ts';
import { Router } from './routers/router.ts';
import type { Showcase } from './showcase.ts';

/** Not on the segment: only routes lead there. */
const ROUTED = '203.0.113.0/24';
const RANGE = '203.0.113.10-203.0.113.99';
const CLUSTER_AS = 64_512;
const ROUTER_AS = 64_600;
/** The number of the router's address on the segment; nobody else has it. */
const ROUTER_NUMBER = 110;
const HOLD_SECONDS = 3;
const REQUESTS = 30;

/** Each of these takes milliseconds, a hold time three seconds; a machine that is busy with something else may need more. */
const PATIENCE = { withinMilliseconds: 30_000 };

/** A pool that is announced to the router, and a Service of it whose nodes answer by pods of their own. */
function manifest(router: string): string {
  return `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: routed, namespace: metallb-system }
spec: { addresses: [${RANGE}], autoAssign: false }
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: tor, namespace: metallb-system }
spec: { myASN: ${CLUSTER_AS}, peerASN: ${ROUTER_AS}, peerAddress: ${router}, holdTime: ${HOLD_SECONDS}s, keepaliveTime: 1s }
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: { name: routed, namespace: metallb-system }
spec: { ipAddressPools: [routed] }
---
apiVersion: v1
kind: Service
metadata: { name: routed, namespace: default, annotations: { metallb.io/address-pool: routed } }
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: { app: web }
  ports: [{ port: 80, targetPort: ${POD_PORT} }]
`;
}

function routerConfiguration(address: string, neighbours: readonly string[]): string {
  const each = (line: string): string => neighbours.map((neighbour) => ` neighbor ${neighbour} ${line}`).join('\n');
  return `router bgp ${ROUTER_AS}
 bgp router-id ${address}
 no bgp ebgp-requires-policy
${each(`remote-as ${CLUSTER_AS}`)}
${each('passive')}
 address-family ipv4 unicast
  maximum-paths 8
`;
}

/**
 * Routes to a router, a client behind it, and a node that dies: told when the machine has FRR or may install it. Gives the router,
 * which goes on until it is disposed of: speakers would complain of one that is gone.
 */
export async function tellOfRoutes(showcase: Showcase, narrator: Narrator): Promise<AsyncDisposable | undefined> {
  narrator.act('A router that speaks BGP: each node is a way to the Service');
  const missing = await requirements(narrator.say, ROUTER_PROGRAMS.slice(0, 1));
  if (missing.length > 0) {
    narrator.say(`left out: this machine lacks ${missing.join('; ')}`);
    return undefined;
  }
  const { lab } = showcase;
  const host = await lab.network.addHost('tor', ROUTER_NUMBER, { router: true });
  // By ports too, so that each connection takes a way of its own.
  await host.run(['sysctl', '-qw', 'net.ipv4.fib_multipath_hash_policy=1']);
  const nodes = lab.nodes.map((node) => node.host.addresses.ipv4);
  await using undo = new AsyncDisposableStack();
  const router = undo.use(await Router.start(lab.sandbox, FRR, host, routerConfiguration(host.addresses.ipv4, nodes)));
  const act = new RoutesAct(showcase, narrator, router);
  const address = await act.announce();
  await act.spread(address, lab.nodes.length);
  await act.loseNode(address);
  return undo.move();
}

/** The act, step by step. */
class RoutesAct {
  readonly #showcase: Showcase;
  readonly #narrator: Narrator;
  readonly #router: Router;

  constructor(showcase: Showcase, narrator: Narrator, router: Router) {
    this.#showcase = showcase;
    this.#narrator = narrator;
    this.#router = router;
  }

  /** A Service gets an address that is on no segment, and the router a way to it over each node. */
  async announce(): Promise<string> {
    const { lab } = this.#showcase;
    const began = performance.now();
    await lab.control.kubectl(['apply', '-f', '-'], { stdin: manifest(this.#router.host.addresses.ipv4) });
    const ask = ['get', 'service', 'routed', '-o', 'jsonpath={.status.loadBalancer.ingress[*].ip}'];
    const address = await lab.eventually('Service routed has an address', async () => (await lab.control.kubectl(ask)) || false, PATIENCE);
    const nodes = lab.nodes.length;
    await lab.eventually(`${nodes} routes`, async () => (await this.#nextHops(address)).length === nodes, PATIENCE);
    this.#narrator.say(
      `peer, pool and Service are there, and the router has its routes, ${Math.round(performance.now() - began)} ms after kubectl apply began`,
    );
    await this.#showRoutes(address);
    this.#narrator.claim(true, `the router has ${address} over all ${nodes} nodes`);
    await this.#showcase.lab.client.host.run(['ip', 'route', 'replace', ROUTED, 'via', this.#router.host.addresses.ipv4]);
    return address;
  }

  /** Many connections of a client behind the router are answered by this many nodes. */
  async spread(address: string, nodes: number): Promise<void> {
    const { lab } = this.#showcase;
    // kube-proxy may be a moment behind, and so may the router's kernel, which passes over a next hop whose MAC it is just asking for.
    const seen = new Set<string>();
    await lab.eventually(`answers of ${nodes} nodes`, async () => seen.add(await this.#answering(address)).size >= nodes, PATIENCE);
    const counts = new Map<string, number>();
    for (let count = 0; count < REQUESTS; count++) {
      const node = await this.#answering(address);
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    const shares = [...counts].map(([node, count]) => `${node} ${count}`).sort((left, right) => left.localeCompare(right));
    this.#narrator.show(
      `for i in $(seq ${REQUESTS}); do ip netns exec ${lab.client.host.namespace} curl -s http://${address}/; done`,
      shares.join(', '),
    );
    this.#narrator.claim(
      counts.size === nodes && !counts.has('nobody'),
      `${REQUESTS} of ${REQUESTS} are answered, by ${nodes} nodes`,
      shares.join(),
    );
  }

  /** The node that answers one request. */
  async #answering(address: string): Promise<string> {
    const { text } = await this.#showcase.lab.client.http(address);
    return /node=(\S+)/.exec(text)?.[1] ?? 'nobody';
  }

  /** A node dies without a word: the router notices when the hold time is over, and goes on with the others. */
  async loseNode(address: string): Promise<void> {
    const { lab, speakers } = this.#showcase;
    const [node] = lab.nodes;
    const [speaker] = speakers;
    if (node === undefined || speaker === undefined) return;
    const lost = node.host.addresses.ipv4;
    this.#narrator.act(`${node.name} loses its power: nobody says good-bye`);
    const began = performance.now();
    await lab.network.cutOff(node.host);
    await speaker.program.kill();
    const gone = async (): Promise<boolean> => !(await this.#nextHops(address)).includes(lost);
    await lab.eventually(`no route over ${node.name}`, gone, PATIENCE);
    const span = performance.now() - began;
    this.#narrator.say(
      `the router hears nothing for its hold time of ${HOLD_SECONDS} s, counted from the last KEEPALIVE, and takes the way out:`,
    );
    this.#narrator.say(`${(span / 1_000).toFixed(1)} s after the power went`);
    await this.#showRoutes(address);
    this.#narrator.claim(true, `no route leads over ${node.name} any more`);
    await this.spread(address, lab.nodes.length - 1);
  }

  async #showRoutes(address: string): Promise<void> {
    const { host } = this.#router;
    this.#narrator.show(`ip -n ${host.namespace} route show ${address}`, await host.run(['ip', 'route', 'show', address]));
  }

  /** Where the kernel of the router sends what is for the address. */
  async #nextHops(address: string): Promise<readonly string[]> {
    const printed = await this.#router.host.run(['ip', 'route', 'show', address]);
    return Array.from(printed.matchAll(/via (\S+)/g), ([, hop = '']) => hop);
  }
}
