import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { type ArpText, arpRequest, readArp } from './arp-text.ts';

/** A frame that came in: when, in milliseconds since 1970, and its octets. */
export interface SeenFrame {
  readonly at: number;
  readonly hex: string;
}

/** What to send: all frames in order, so many times over, with a pause behind each round. */
export interface SendOrder {
  readonly frames: readonly string[];
  readonly rounds: number;
  readonly pauseMilliseconds: number;
}

/** An ARP frame that came in. */
export type SeenArp = ArpText & Pick<SeenFrame, 'at'>;

const TOOL = fileURLToPath(new URL('./wire-tool.ts', import.meta.url));
const COMMAND = [process.execPath, '--disable-warning=ExperimentalWarning', TOOL];

/** Node starts within a quarter of a second on an idle core. */
const START = { withinMilliseconds: 120_000 };
/** Whoever answers a second time, or beside another, does so at once: so long is waited for that. */
const MORE_ANSWERS_MILLISECONDS = 300;
/** Who stands still for a while answers what has come meanwhile when he goes on. */
const LAST_ANSWER = { withinMilliseconds: 5_000 };
/** Of two that answer both do before this many questions are over. */
const SEVERAL_TIMES = 3;
const SOME_ANSWER = { withinMilliseconds: 60_000 };
/** Questions come as fast as an impatient person would ask. */
const QUESTION_PAUSE_MILLISECONDS = 20;

/** The ARP frames that reach one link of a host, from the moment it was started. */
export class Listener implements AsyncDisposable {
  static #count = 0;
  readonly #program: RunningProgram;

  private constructor(program: RunningProgram) {
    this.#program = program;
  }

  /** Fulfilled when it hears. */
  static async start(host: Host, link: string): Promise<Listener> {
    const program = host.start(`wire-${++Listener.#count}`, [...COMMAND, 'listen', link]);
    const hears = async (): Promise<boolean> => (await readFile(program.log, 'utf8')).startsWith('{"listening"');
    await eventually(`somebody listens on ${host.name} ${link}`, hears, START);
    return new Listener(program);
  }

  /** Everything heard so far. */
  async heard(): Promise<SeenArp[]> {
    const lines = (await readFile(this.#program.log, 'utf8')).split('\n').slice(1, -1);
    return lines.map((line) => {
      const { at, hex } = JSON.parse(line) as SeenFrame;
      return { at, ...readArp(hex) };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.kill();
  }
}

/** What came of asking several times who has an address. */
export interface Answers {
  /** How many answers there were for each MAC that claimed the address. */
  readonly byMac: Readonly<Record<string, number>>;
}

/** One link of a host, as somebody with a packet generator uses it. */
export class Wire {
  static #senders = 0;
  readonly #host: Host;
  readonly #link: string;

  constructor(host: Host, link = 'eth0') {
    this.#host = host;
    this.#link = link;
  }

  listen(): Promise<Listener> {
    return Listener.start(this.#host, this.#link);
  }

  /** Sends frames and says how many went out. */
  async send(order: SendOrder): Promise<number> {
    const pauses = order.rounds * order.pauseMilliseconds;
    return Number(await this.#host.run([...COMMAND, 'send', this.#link], JSON.stringify(order), 2 * pauses + START.withinMilliseconds));
  }

  /** Begins to ask by broadcast who has an address; the log of the program that is given back has each answer, a line of JSON. It ends with the last round, or when it is killed. */
  inquire(address: string, { rounds, pauseMilliseconds }: Omit<SendOrder, 'frames'>): RunningProgram {
    const { mac, ipv4 } = this.#host.addresses;
    const order: SendOrder = { frames: [arpRequest({ senderMac: mac, senderIp: ipv4, targetIp: address })], rounds, pauseMilliseconds };
    return this.#host.start(`wire-${++Wire.#senders}-inquire`, [...COMMAND, 'inquire', this.#link, JSON.stringify(order)]);
  }

  /** Begins to answer by ARP for these addresses, until the program that is given back ends. */
  answer(name: string, addresses: readonly string[]): RunningProgram {
    return this.#host.start(name, [...COMMAND, 'answer', this.#link, ...addresses]);
  }

  /** Asks by broadcast `times` times who has an address: how many milliseconds each answer took, null for one that never came. */
  async latencies(address: string, times: number, pauseMilliseconds: number): Promise<readonly (number | null)[]> {
    const { mac, ipv4 } = this.#host.addresses;
    const frames = [arpRequest({ senderMac: mac, senderIp: ipv4, targetIp: address })];
    const order: SendOrder = { frames, rounds: times, pauseMilliseconds };
    const within = 2 * times * pauseMilliseconds + START.withinMilliseconds;
    return JSON.parse(await this.#host.run([...COMMAND, 'ask', this.#link], JSON.stringify(order), within)) as (number | null)[];
  }

  /**
   * The MACs that answer for an address that is asked for several times; asked anew as long as nobody answers at all, since who has stood still
   * drops what it was asked meanwhile.
   */
  async answerers(address: string): Promise<readonly string[]> {
    return (await this.allAnswerers([address])).get(address) ?? [];
  }

  /** The same of several addresses, which are asked for together. */
  async allAnswerers(addresses: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    const all = async (): Promise<boolean> => {
      const left = addresses.filter((address) => !found.has(address));
      for (const [address, { byMac }] of await this.#askAll(left, SEVERAL_TIMES)) {
        if (Object.keys(byMac).length > 0) found.set(address, Object.keys(byMac));
      }
      return found.size === addresses.length;
    };
    await eventually(`somebody answers for ${addresses.join(', ')}`, all, SOME_ANSWER);
    return found;
  }

  /** Asks by broadcast `times` times who has an address, and counts the answers that come. */
  async ask(address: string, times: number): Promise<Answers> {
    return (await this.#askAll([address], times)).get(address) ?? { byMac: {} };
  }

  async #askAll(addresses: readonly string[], times: number): Promise<ReadonlyMap<string, Answers>> {
    await using listener = await this.listen();
    const { mac, ipv4 } = this.#host.addresses;
    const frames = addresses.map((targetIp) => arpRequest({ senderMac: mac, senderIp: ipv4, targetIp }));
    const answers = async (): Promise<SeenArp[]> =>
      (await listener.heard()).filter(
        ({ operation, senderIp, destination }) => operation === 2 && addresses.includes(senderIp) && destination === mac,
      );
    await this.send({ frames, rounds: times, pauseMilliseconds: QUESTION_PAUSE_MILLISECONDS });
    // Too few answers are an answer too.
    await eventually('all answers', async () => (await answers()).length >= times * addresses.length, LAST_ANSWER).catch(() => undefined);
    await sleep(MORE_ANSWERS_MILLISECONDS);
    const counts = new Map(addresses.map((address): [string, Record<string, number>] => [address, {}]));
    for (const { senderIp, senderMac } of await answers()) {
      const byMac = counts.get(senderIp);
      if (byMac !== undefined) byMac[senderMac] = (byMac[senderMac] ?? 0) + 1;
    }
    return new Map(Array.from(counts, ([address, byMac]) => [address, { byMac }]));
  }
}
