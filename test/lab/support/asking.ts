import { readFile } from 'node:fs/promises';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { PATIENCE } from './cluster.ts';
import { Wire } from './wire.ts';

const QUESTION_PAUSE_MILLISECONDS = 5;

/** An answer that the client got. */
export interface Heard {
  /** When it was read, in milliseconds since 1970. */
  readonly at: number;
  readonly mac: string;
  /** For how many milliseconds it had asked by then, without those in which it stood still itself: what nobody asks nobody can answer. */
  readonly askedFor: number;
}

/** Who asks for what, and for how long unless it is ended before. */
export interface AskingOptions {
  readonly client: Host;
  readonly address: string;
  readonly withinMilliseconds: number;
}

/** A client that asks every 5 ms by broadcast who has an address, until it is disposed of. */
export class Asking implements AsyncDisposable {
  readonly #program: RunningProgram;

  private constructor(program: RunningProgram) {
    this.#program = program;
  }

  /** Fulfilled when it has been answered. */
  static async start({ client, address, withinMilliseconds }: AskingOptions): Promise<Asking> {
    const rounds = withinMilliseconds / QUESTION_PAUSE_MILLISECONDS;
    const asking = new Asking(new Wire(client).inquire(address, { rounds, pauseMilliseconds: QUESTION_PAUSE_MILLISECONDS }));
    await eventually('the first answer', async () => (await asking.heard()).length > 0, PATIENCE);
    return asking;
  }

  /** All answers so far, oldest first. */
  async heard(): Promise<Heard[]> {
    const lines = (await readFile(this.#program.log, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Heard);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.kill();
  }
}

/** The longest time between two answers in which there were questions, in milliseconds. */
export function longestSilence(heard: readonly Heard[]): number {
  return Math.max(...heard.map(({ askedFor }, index) => askedFor - (heard[index - 1]?.askedFor ?? askedFor)));
}
