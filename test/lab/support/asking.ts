import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { arpRequest } from './arp-text.ts';
import { PATIENCE } from './cluster.ts';
import { type Listener, Wire } from './wire.ts';

const QUESTION_PAUSE_MILLISECONDS = 5;

/** An answer that the client got: when, in milliseconds since 1970, and from which MAC. */
export interface Heard {
  readonly at: number;
  readonly mac: string;
}

/** Who asks for what, and for how long unless it is ended before. */
export interface AskingOptions {
  readonly client: Host;
  readonly address: string;
  readonly withinMilliseconds: number;
}

/** A client that asks every 5 ms by broadcast who has an address, until it is disposed of. */
export class Asking implements AsyncDisposable {
  readonly #options: AskingOptions;
  readonly #listener: Listener;
  readonly #questions: RunningProgram;

  private constructor(options: AskingOptions, listener: Listener, questions: RunningProgram) {
    this.#options = options;
    this.#listener = listener;
    this.#questions = questions;
  }

  /** Fulfilled when it has been answered. */
  static async start(options: AskingOptions): Promise<Asking> {
    const { client, address, withinMilliseconds } = options;
    const { mac, ipv4 } = client.addresses;
    const wire = new Wire(client);
    const listener = await wire.listen();
    const question = arpRequest({ senderMac: mac, senderIp: ipv4, targetIp: address });
    const rounds = withinMilliseconds / QUESTION_PAUSE_MILLISECONDS;
    const questions = wire.keepSending({ frames: [question], rounds, pauseMilliseconds: QUESTION_PAUSE_MILLISECONDS });
    const asking = new Asking(options, listener, questions);
    await eventually('the first answer', async () => (await asking.heard()).length > 0, PATIENCE);
    return asking;
  }

  /** All answers so far, oldest first. */
  async heard(): Promise<Heard[]> {
    const { client, address } = this.#options;
    const { mac } = client.addresses;
    const frames = await this.#listener.heard();
    const ours = frames.filter(({ operation, senderIp, destination }) => operation === 2 && senderIp === address && destination === mac);
    return ours.map(({ at, senderMac }) => ({ at, mac: senderMac }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#questions.kill();
    await this.#listener[Symbol.asyncDispose]();
  }
}
