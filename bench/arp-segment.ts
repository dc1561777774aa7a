import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOAD = `${ROOT}build/arp-load`;
const MOST_OUTPUT = 2 ** 26;
/** The kernel counts the time of a process in hundredths of a second (USER_HZ). */
const TICKS_A_SECOND = 100;

/** What came back from a flood. */
export interface Flood {
  readonly sent: number;
  readonly answered: number;
  readonly milliseconds: number;
}

/** The machines, each a network namespace of its own; on `others` there is nobody until {@link ArpSegment.startOthers}. */
const STATIONS = ['client', 'node', 'others'] as const;
const MACHINES = [...STATIONS, 'switch'] as const;

/** As often as a speaker that announces something says hello, unless told otherwise. */
const HELLO_MILLISECONDS = 100;

/** What the speakers of the segment sign with. */
const KEY = 'a key of no cluster';

/** A client, a switch, a node and others; removed when it is disposed of. */
export class ArpSegment implements AsyncDisposable {
  readonly #prefix = `typemetal-arp-${process.pid}`;
  readonly #kernelAddress: string;
  #nodeMac = '';

  private constructor(kernelAddress: string) {
    this.#kernelAddress = kernelAddress;
  }

  /** Builds it. `kernelAddress` is the node's own: the kernel answers for it. */
  static async start(kernelAddress: string, prefixLength: number): Promise<ArpSegment> {
    const segment = new ArpSegment(kernelAddress);
    try {
      await execute('make', ['--no-print-directory', '-f', 'src/speaker/net/native/addon.mk', 'build/arp-load'], { cwd: ROOT });
      await segment.#build(prefixLength);
    } catch (thrown) {
      await segment[Symbol.asyncDispose]();
      throw thrown;
    }
    return segment;
  }

  /** MAC of the node's link: the destination of a unicast question. */
  get nodeMac(): string {
    return this.#nodeMac;
  }

  /** Asks for each target in turn, `rounds` times; the nanoseconds of each answer by target, -1 for none. */
  async ask(mac: string, targets: readonly string[], rounds: number, gapMicroseconds: number): Promise<readonly (readonly number[])[]> {
    const output = await this.#load(['ask', 'eth0', `${rounds}`, `${gapMicroseconds}`, mac, ...targets]);
    const samples = targets.map((): number[] => []);
    for (const line of output.trim().split('\n')) {
      const [index = -1, nanoseconds = -1] = line.split(' ').map(Number);
      samples[index]?.push(nanoseconds);
    }
    return samples;
  }

  /** Asks `rate` times a second for `count` addresses from `first` on, in turn. */
  async flood(mac: string, rate: number, milliseconds: number, first: string, count: number): Promise<Flood> {
    const output = await this.#load(['flood', 'eth0', `${rate}`, `${milliseconds}`, mac, first, `${count}`]);
    const [sent = 0, answered = 0, took = 0] = output.split(' ').map(Number);
    return { sent, answered, milliseconds: took };
  }

  /** Starts the wire thread on the node with `count` addresses from `first` on; resolves when it answers. It says hello. */
  startSpeaker(count: number, first: string): Promise<BenchProcess> {
    return this.#start('node', ['./arp-speaker.ts', `${count}`, first, KEY], 'answering');
  }

  /** Starts so many other speakers, each of which says hello every 100 ms; resolves when they have begun. */
  startOthers(count: number): Promise<BenchProcess> {
    return this.#start('others', ['./hello-generator.ts', 'eth0', `${count}`, `${HELLO_MILLISECONDS}`, KEY], 'begun');
  }

  async #start(machine: string, [script = '', ...words]: readonly string[], ready: string): Promise<BenchProcess> {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', file, ...words];
    const started = new BenchProcess(spawn('ip', ['netns', 'exec', `${this.#prefix}-${machine}`, ...node]));
    await started.said(ready);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of MACHINES) {
      // What was never made need not be removed: the first step may be the one that failed.
      await execute('ip', ['netns', 'delete', `${this.#prefix}-${name}`]).catch(() => undefined);
    }
  }

  async #load(words: readonly string[]): Promise<string> {
    const command = ['netns', 'exec', `${this.#prefix}-client`, LOAD, ...words];
    return (await execute('ip', command, { maxBuffer: MOST_OUTPUT })).stdout;
  }

  async #build(prefixLength: number): Promise<void> {
    for (const name of MACHINES) await execute('ip', ['netns', 'add', `${this.#prefix}-${name}`]);
    await this.#inside('switch', 'link', 'add', 'br0', 'type', 'bridge');
    await this.#inside('switch', 'link', 'set', 'br0', 'up');
    for (const name of STATIONS) {
      const peer = ['peer', 'name', name, 'netns', `${this.#prefix}-switch`];
      await this.#inside(name, 'link', 'add', 'eth0', 'type', 'veth', ...peer);
      await this.#inside(name, 'link', 'set', 'eth0', 'up');
      await this.#inside('switch', 'link', 'set', name, 'master', 'br0', 'up');
    }
    await this.#inside('node', 'address', 'add', `${this.#kernelAddress}/${prefixLength}`, 'dev', 'eth0');
    const link = await this.#inside('node', '-o', 'link', 'show', 'eth0');
    this.#nodeMac = /link\/ether (\S+)/.exec(link)?.[1] ?? '';
  }

  async #inside(name: string, ...words: readonly string[]): Promise<string> {
    return (await execute('ip', ['-n', `${this.#prefix}-${name}`, ...words])).stdout;
  }
}

/** A process on one machine of the segment. */
export class BenchProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #heard = new EventEmitter();

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.pipe(process.stderr, { end: false });
    createInterface(child.stdout)
      .on('line', (line) => {
        this.#lines.push(line);
        this.#heard.emit('more');
      })
      .on('close', () => this.#heard.emit('more'));
  }

  /** All lines that it has printed. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when it has printed that line; rejects when it ends before. */
  async said(line: string): Promise<void> {
    while (!this.#lines.includes(line)) {
      if (this.#child.exitCode !== null) throw new Error(`a process ended before it said "${line}"`);
      await once(this.#heard, 'more');
    }
  }

  /** Seconds of processor time that it has used so far, all threads. */
  async processorSeconds(): Promise<number> {
    const words = (await readFile(`/proc/${this.#child.pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    return (Number(words[11]) + Number(words[12])) / TICKS_A_SECOND;
  }

  /** Memory that it holds now, in MiB. */
  async residentMebibytes(): Promise<number> {
    const kibibytes = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
