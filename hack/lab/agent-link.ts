import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MetalError } from '../../src/lib/errors.ts';
import type { Sandbox } from '../kubernetes/sandbox.ts';
import type { Answer, Ask, ListenAsk, Order, Reply } from './agent-messages.ts';

/** A job on a host failed: mostly that nothing answered there, which may be what a test wants to see. */
export class AgentError extends MetalError {
  readonly code = 'AGENT_FAILED';
  readonly retryable = true;
}

/** Each job has a deadline of its own on the host; this much later its agent itself must be dead. A dozen of them start at once. */
const GRACE_MILLISECONDS = 60_000;

/** Small heaps: an agent holds nothing, and a lab has a dozen of them. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=64', '--disable-warning=ExperimentalWarning'];

/** Who waits for the reply of one order. */
interface Waiting {
  readonly resolve: (answer: Answer, server: unknown) => void;
  readonly reject: (cause: AgentError) => void;
}

/** The harness's end of the program that does network jobs inside one host's namespace. It ends with the sandbox. */
export class Agent {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting: Map<number, Waiting> = new Map();
  #next = 0;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    child.on('message', (reply: Reply, server: unknown) => this.#settle(reply, server));
    child.on('error', (cause) => this.#fail(cause.message));
    child.on('exit', (code, signal) => this.#fail(`ended with ${code ?? signal}`));
  }

  /** Starts an agent where `enter` leads. */
  static start(sandbox: Sandbox, name: string, enter: (command: readonly string[]) => readonly string[]): Agent {
    const [program = '', ...rest] = enter([process.execPath, ...NODE_FLAGS, fileURLToPath(new URL('./agent.ts', import.meta.url))]);
    const log = openSync(sandbox.path('logs', `${name}.log`), 'a', 0o600);
    try {
      const child = spawn(program, rest, { env: sandbox.environment(), stdio: ['ignore', log, log, 'ipc'], detached: true });
      child.unref();
      child.channel?.unref();
      return new Agent(name, child);
    } finally {
      closeSync(log);
    }
  }

  /** Has one job done, and gives what came of it; throws an {@link AgentError} with the reason when it failed. */
  async ask(ask: Exclude<Ask, ListenAsk>, server?: Server): Promise<Answer> {
    return (await this.#order(ask, server)).answer;
  }

  /** A server whose connections are made in the host's network; whoever asks closes it. */
  async listen(address: string, port: number): Promise<Server> {
    const { server } = await this.#order({ kind: 'listen', address, port });
    if (!(server instanceof Server)) throw new AgentError(`${this.#name}: no listening socket came with the reply`);
    return server;
  }

  async #order(ask: Ask, server?: Server): Promise<{ readonly answer: Answer; readonly server: unknown }> {
    const number = this.#next++;
    const within = 'withinMilliseconds' in ask ? ask.withinMilliseconds : 0;
    const order: Order = { number, ask };
    const timer = setTimeout(() => this.#settle({ number, ok: false, reason: 'the agent does not answer' }), within + GRACE_MILLISECONDS);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(number, { resolve: (answer, given) => resolve({ answer, server: given }), reject });
        this.#child.send(order, server, {}, (cause) => cause && this.#fail(cause.message));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the agent; jobs that wait fail. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await ended;
  }

  #settle(reply: Reply, server?: unknown): void {
    const waiting = this.#waiting.get(reply.number);
    this.#waiting.delete(reply.number);
    if (reply.ok) waiting?.resolve(reply.answer, server);
    else waiting?.reject(new AgentError(`${this.#name}: ${reply.reason}`));
  }

  /** The agent is gone or deaf: nobody who waits for it will be answered. */
  #fail(reason: string): void {
    for (const number of [...this.#waiting.keys()]) this.#settle({ number, ok: false, reason });
  }
}
