import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { PATIENCE } from './cluster.ts';

/** What came of a flow of datagrams and of a download that ran beside it. */
export interface FlowsOutcome {
  readonly sent: number;
  readonly answered: number;
  /** Of the download, which never has an end of its own. */
  readonly octets: number;
  readonly longestPauseMilliseconds: number;
  /** What ended either before it was told to; empty for nothing. */
  readonly ended: string;
}

/** Where the two go. */
export interface FlowsOptions {
  readonly datagrams: string;
  readonly download: string;
  readonly port: number;
}

const TOOL = fileURLToPath(new URL('./flow-tool.ts', import.meta.url));

/** A hundred datagrams a second and one long download, from a host of the lab to addresses of Services. */
export class Flows implements AsyncDisposable {
  static #count = 0;
  readonly #program: RunningProgram;

  private constructor(program: RunningProgram) {
    this.#program = program;
  }

  /** Fulfilled when the download runs. */
  static async start(host: Host, { datagrams, download, port }: FlowsOptions): Promise<Flows> {
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', TOOL, datagrams, `${port}`, download];
    const flows = new Flows(host.start(`flows-${++Flows.#count}`, command));
    await eventually('the download runs', async () => (await flows.#lines()).includes('flowing'), PATIENCE);
    return flows;
  }

  /** Ends both and says what came of them. */
  async stop(): Promise<FlowsOutcome> {
    await this.#program.stop();
    return JSON.parse((await this.#lines()).at(-1) ?? '') as FlowsOutcome;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.kill();
  }

  async #lines(): Promise<string[]> {
    return (await readFile(this.#program.log, 'utf8')).split('\n').filter((line) => line !== '');
  }
}
