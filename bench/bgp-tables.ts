import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../hack/kubernetes/running-program.ts';
import { Sandbox } from '../hack/kubernetes/sandbox.ts';
import type { Host } from '../hack/lab/host.ts';
import { Network } from '../hack/lab/network.ts';
import { FRR } from '../hack/lab/routers/frr.ts';
import { Router } from '../hack/lab/routers/router.ts';
import type { Family } from '../src/lib/ip.ts';
import { moment, print } from './samples.ts';

const SPEAKER = fileURLToPath(new URL('./bgp-speaker.ts', import.meta.url));
const PATIENCE = { withinMilliseconds: 120_000, pauseMilliseconds: 20 };
const RECEIVER_AS = 64_600;
const SENDER_AS = 64_512;

/** Two machines on one segment, of which one is a router that takes routes. */
class Pair implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly sender: Host;
  readonly receiver: Router;
  readonly #undo: AsyncDisposableStack;

  private constructor(sandbox: Sandbox, sender: Host, receiver: Router, undo: AsyncDisposableStack) {
    this.sandbox = sandbox;
    this.sender = sender;
    this.receiver = receiver;
    this.#undo = undo;
  }

  static async start(): Promise<Pair> {
    await using undo = new AsyncDisposableStack();
    const sandbox = undo.use(await Sandbox.open());
    const network = await Network.create(sandbox);
    const sender = await network.addHost('sender', 1, { router: true });
    const host = await network.addHost('receiver', 2, { router: true });
    const neighbor = `neighbor ${sender.addresses.ipv4}`;
    const configuration = [
      ...['log timestamp precision 3', `router bgp ${RECEIVER_AS}`, ' no bgp ebgp-requires-policy', ' bgp log-neighbor-changes'],
      ...[` ${neighbor} remote-as ${SENDER_AS}`, ` ${neighbor} passive`],
      ...[' address-family ipv6 unicast', `  ${neighbor} activate`, ' exit-address-family', ''],
    ];
    const receiver = undo.use(await Router.start(sandbox, FRR, host, configuration.join('\n')));
    return new Pair(sandbox, sender, receiver, undo.move());
  }

  /** Our sessions, with so many routes. */
  speak(count: number, family: Family, holdTime: number = 90): RunningProgram {
    const words = [String(count), family, this.receiver.host.addresses.ipv4, String(holdTime)];
    return this.sender.start('speaker', [process.execPath, SPEAKER, ...words]);
  }

  /** FRR as the sender. */
  async refer(count: number, family: Family): Promise<AsyncDisposable> {
    const neighbor = `neighbor ${this.receiver.host.addresses.ipv4}`;
    const networks = Array.from({ length: count }, (_, index) => `  network ${prefixOf(family, index)}`);
    const ofFamily = (each: Family): string[] => [
      ` address-family ${each.toLowerCase()} unicast`,
      ...[`  ${neighbor} activate`, ...(each === family ? networks : []), ' exit-address-family'],
    ];
    const head = [`router bgp ${SENDER_AS}`, ' no bgp ebgp-requires-policy', ' no bgp network import-check'];
    const configuration = [...head, ` ${neighbor} remote-as ${RECEIVER_AS}`, ...ofFamily('IPv4'), ...ofFamily('IPv6'), ''];
    return await Router.start(this.sandbox, FRR, this.sender, configuration.join('\n'));
  }

  /** How many routes the receiver has, and how many messages they took. */
  async received(family: Family): Promise<{ readonly routes: number; readonly updates: number }> {
    const text = await this.receiver.order(`show bgp neighbors ${this.sender.addresses.ipv4} json`);
    const [neighbor] = Object.values(JSON.parse(text) as Record<string, Neighbor>);
    return {
      routes: neighbor?.addressFamilyInfo?.[`${family.toLowerCase()}Unicast`]?.acceptedPrefixCounter ?? 0,
      updates: neighbor?.messageStats?.updatesRecv ?? 0,
    };
  }

  /** When the receiver's log last said something, in milliseconds since 1970. */
  async saidAt(words: RegExp): Promise<number> {
    const line = (await this.receiver.tail()).split('\n').findLast((each) => words.test(each));
    const stamp = /^(\d{4})\/(\d\d)\/(\d\d) (\S+)/.exec(line ?? '');
    if (stamp === null) throw new Error(`the router has not said ${words}`);
    return new Date(`${stamp[1]}-${stamp[2]}-${stamp[3]}T${stamp[4]}`).getTime();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#undo[Symbol.asyncDispose]();
  }
}

/** What FRR says of a neighbour, as far as it is read here. */
interface Neighbor {
  readonly messageStats?: { readonly updatesRecv?: number };
  readonly addressFamilyInfo?: Readonly<Record<string, { readonly acceptedPrefixCounter?: number }>>;
}

/** One router is told so many prefixes: by us, and by FRR. */
export async function measureTables(prefixes: number, family: Family): Promise<void> {
  const figures: Record<string, unknown> = {};
  for (const sender of ['ours', 'frr'] as const) {
    await using pair = await Pair.start();
    await using stack = new AsyncDisposableStack();
    const program = sender === 'ours' ? pair.speak(prefixes, family) : undefined;
    stack.defer(async () => await program?.stop());
    if (sender === 'frr') stack.use(await pair.refer(prefixes, family));
    const all = async (): Promise<boolean> => (await pair.received(family)).routes === prefixes;
    await eventually(`the router has ${prefixes} routes of ${sender}`, all, PATIENCE);
    const said = async (): Promise<number> => await pair.saidAt(new RegExp(`End-of-RIB for ${family} Unicast`));
    const upToAllMs = (await eventually('the router has heard that these are all', said, PATIENCE)) - (await pair.saidAt(/ADJCHANGE.* Up/));
    // End-of-RIB of both families are two of them.
    const { updates } = await pair.received(family);
    figures[sender] = { upToAllMs, updates, ...(program === undefined ? {} : { cpuMs: await cpuOf(program) }) };
  }
  print('bgp-table', { prefixes, family, ...figures });
}

/** A hold time of 3 s: how long after it fell silent a side is given up. */
export async function measureHold(): Promise<void> {
  await using pair = await Pair.start();
  const program = pair.speak(1, 'IPv4', 3);
  await using _ended = { [Symbol.asyncDispose]: () => program.stop() };
  const one = async (): Promise<boolean> => (await pair.received('IPv4')).routes === 1;
  await eventually('the session is up', one, PATIENCE);
  const routerFrozen = moment();
  pair.receiver.freeze();
  const down = async (): Promise<number | undefined> => {
    const lines = (await readFile(program.log, 'utf8')).split('\n').filter((line) => line.includes('BGP session down'));
    return lines.map((line) => JSON.parse(line) as { readonly at: number }).find(({ at }) => at > routerFrozen)?.at;
  };
  const routerGoneMs = (await eventually('the speaker gives the router up', down, PATIENCE)) - routerFrozen;
  pair.receiver.thaw();
  await eventually('the session is up again', one, PATIENCE);
  const speakerFrozen = moment();
  program.pause();
  await eventually('the router has no route', async () => (await pair.received('IPv4')).routes === 0, PATIENCE);
  const speakerGoneMs = (await pair.saidAt(/ADJCHANGE.* Down/)) - speakerFrozen;
  program.resume();
  print('bgp-hold', { holdTimeMs: 3_000, frozenToGivenUpMs: { router: routerGoneMs, speaker: speakerGoneMs } });
}

/** What the turn of the loop in which a session came up took. */
async function cpuOf({ log }: RunningProgram): Promise<number> {
  const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('cpuMs'));
  return (JSON.parse(lines[0] ?? '{}') as { readonly cpuMs: number }).cpuMs;
}

function prefixOf(family: Family, index: number): string {
  if (family === 'IPv4') return `10.${64 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}/32`;
  return `2001:db8:64::${(index >> 8).toString(16)}:${(index & 0xff).toString(16)}/128`;
}
