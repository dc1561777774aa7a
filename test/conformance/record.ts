// Records anew what this product and real routers say to each other: make exchanges. Names of routers or scenarios, as in
// `frr` or `changes`, record those alone.
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NUMBERS, ROUTER } from '../../hack/bgp-recorder/scenario.ts';
import { firstMessage } from '../../hack/bgp-recorder/wire.ts';
import { ProvisionError } from '../../hack/kubernetes/provision-error.ts';
import { Sandbox } from '../../hack/kubernetes/sandbox.ts';
import type { Host } from '../../hack/lab/host.ts';
import { Network } from '../../hack/lab/network.ts';
import { openRelay } from '../../hack/lab/relay.ts';
import { requirements } from '../../hack/lab/requirements.ts';
import { BIRD } from '../../hack/lab/routers/bird.ts';
import { FRR } from '../../hack/lab/routers/frr.ts';
import { GOBGP } from '../../hack/lab/routers/gobgp.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { Router, type RouterKind } from '../../hack/lab/routers/router.ts';
import { type Entry, formatExchange } from './exchange.ts';
import { OUR_ADDRESSES, OurSide } from './our-side.ts';
import { OUR_AS, planOf, ROUTER_AS, ROUTERS, type RouterName, SCENARIOS, type Scenario, takesPart } from './scenarios.ts';

const BGP_PORT = 179;
/** Routers say the next thing within a fraction of this. */
const QUIET_MILLISECONDS = 1_500;
/** BIRD begins a second or two after the session is up. */
const FIRST_MILLISECONDS = 4_000;
const LOOK_MILLISECONDS = 50;

const CONFIGURATIONS: Readonly<Record<RouterName, { readonly kind: RouterKind; readonly text: string }>> = {
  frr: {
    kind: FRR,
    text: `hostname lab-router
router bgp ${ROUTER_AS}
 bgp router-id ${ROUTER.ipv4}
 no bgp ebgp-requires-policy
 bgp graceful-restart
 neighbor ${OUR_ADDRESSES.ipv4} remote-as ${OUR_AS}
 neighbor ${OUR_ADDRESSES.ipv4} passive
 address-family ipv6 unicast
  neighbor ${OUR_ADDRESSES.ipv4} activate
`,
  },
  bird: {
    kind: BIRD,
    text: `router id ${ROUTER.ipv4};
hostname "lab-router";
protocol device {}
protocol bgp node {
  local ${ROUTER.ipv4} as ${ROUTER_AS};
  neighbor ${OUR_ADDRESSES.ipv4} as ${OUR_AS};
  passive on;
  direct;
  graceful restart on;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
`,
  },
  gobgp: {
    kind: GOBGP,
    text: `[global.config]
  as = ${ROUTER_AS}
  router-id = "${ROUTER.ipv4}"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${OUR_ADDRESSES.ipv4}"
    peer-as = ${OUR_AS}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
    notification-enabled = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
`,
  },
};

/** One exchange while it goes on. */
class Conversation implements Disposable {
  readonly entries: Entry[] = [];
  readonly side: OurSide;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #lastWord: number = performance.now();

  private constructor(socket: Socket, side: OurSide) {
    this.#socket = socket;
    this.side = side;
    socket.on('data', (octets) => this.#take(octets));
    // Either end may close when it likes; what came in until then is what there is.
    socket.on('error', () => undefined);
  }

  static async begin(host: Host, side: OurSide): Promise<Conversation> {
    const socket = connect(await openRelay(host, ROUTER.ipv4, BGP_PORT), '127.0.0.1');
    const conversation = new Conversation(socket, side);
    await once(socket, 'connect');
    return conversation;
  }

  say(messages: readonly Uint8Array[]): void {
    this.#lastWord = performance.now();
    for (const octets of messages) {
      this.entries.push({ kind: 'said', hex: Buffer.from(octets).toString('hex') });
      if (this.#socket.writable) this.#socket.write(octets);
    }
    if (this.side.closed) this.#socket.end();
  }

  /** Fulfilled when the router has had nothing to say for a while. */
  async quiet(milliseconds: number): Promise<void> {
    this.#lastWord = performance.now();
    while (performance.now() - this.#lastWord < milliseconds) await sleep(LOOK_MILLISECONDS);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(octets: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, octets]);
    for (let cut = firstMessage(this.#rest); cut !== undefined && !this.side.closed; cut = firstMessage(this.#rest)) {
      this.#rest = cut.rest;
      this.entries.push({ kind: 'heard', hex: cut.message.toString('hex') });
      this.say(this.side.hear(cut.message));
    }
  }
}

async function converse(scenario: Scenario, name: RouterName, host: Host, router: Router): Promise<readonly Entry[]> {
  using conversation = await Conversation.begin(host, new OurSide(scenario.held));
  const { entries, side } = conversation;
  conversation.say(side.begin(planOf(scenario)));
  await conversation.quiet(FIRST_MILLISECONDS);
  for (const step of scenario.steps ?? []) {
    entries.push({ kind: 'step', what: step.what });
    if ('ours' in step) conversation.say(step.ours(side));
    else await router.order(step.orders[name] ?? '');
    await conversation.quiet(QUIET_MILLISECONDS);
  }
  return entries;
}

/** One scenario after the other, each with a fresh router. */
async function recordAll(name: RouterName, scenarios: readonly Scenario[]): Promise<void> {
  await using sandbox = await Sandbox.open();
  const network = await Network.create(sandbox);
  const at = await network.addHost('router', NUMBERS.router, { router: true });
  const host = await network.addHost('node', NUMBERS.recorder);
  for (const scenario of scenarios.filter((one) => takesPart(name, one))) {
    const { kind, text } = CONFIGURATIONS[name];
    await using router = await Router.start(sandbox, kind, at, text);
    const entries = await converse(scenario, name, host, router);
    const version = `${name} ${await router.version()}`;
    await mkdir(join(import.meta.dirname, scenario.name), { recursive: true });
    const { about } = scenario;
    const file = `${scenario.name}/${name}.txt`;
    await writeFile(join(import.meta.dirname, file), formatExchange({ router: version, scenario: scenario.name, about, entries }));
    report(`${file}: ${entries.length} entries`);
  }
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

const wanted = process.argv.slice(2);
const missing = await requirements(report, ROUTER_PROGRAMS);
if (missing.length > 0) throw new ProvisionError(`this machine cannot record, it lacks ${missing.join('; ')}`, false);
// The children do not keep this process alive, and a scenario may be waiting for nothing but them.
const alive = setInterval(() => undefined, 60_000);
const named = (names: readonly string[], name: string): boolean => !wanted.some((one) => names.includes(one)) || wanted.includes(name);
const scenarios = SCENARIOS.filter(({ name }) =>
  named(
    SCENARIOS.map((one) => one.name),
    name,
  ),
);
await Promise.all(ROUTERS.filter((name) => named(ROUTERS, name)).map((name) => recordAll(name, scenarios)));
clearInterval(alive);
