import type { Environment } from '../kubernetes/programs.ts';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import type { Sandbox } from '../kubernetes/sandbox.ts';
import type { HostAddresses } from './addresses.ts';
import { Agent } from './agent-link.ts';
import { run } from './command.ts';

/** A machine of the lab: a network namespace, and what runs in it. */
export class Host {
  readonly name: string;
  /** The full name of its network namespace, as the ip program knows it. */
  readonly namespace: string;
  readonly addresses: HostAddresses;
  readonly #sandbox: Sandbox;
  #agent: Agent | undefined;

  constructor(sandbox: Sandbox, name: string, addresses: HostAddresses) {
    this.#sandbox = sandbox;
    this.name = name;
    this.namespace = sandbox.namespace(name);
    this.addresses = addresses;
  }

  /** A command with what enters this host's network in front of it. */
  readonly enter = (command: readonly string[]): readonly string[] => ['ip', 'netns', 'exec', this.namespace, ...command];

  /** Runs a short command on this host and gives its output; one that needs longer than a minute by itself says so. */
  run(command: readonly string[], stdin?: string, withinMilliseconds?: number): Promise<string> {
    const more = { ...(stdin === undefined ? {} : { stdin }), ...(withinMilliseconds === undefined ? {} : { withinMilliseconds }) };
    return run(this.enter(command), { environment: this.#sandbox.environment(), ...more });
  }

  /** Runs lines of the ip program's batch language on this host (ip(8), -batch). */
  async ip(...lines: readonly string[]): Promise<void> {
    await run(['ip', '-n', this.namespace, '-batch', '-'], { environment: this.#sandbox.environment(), stdin: `${lines.join('\n')}\n` });
  }

  /** Starts a program on this host that ends with the lab; its log is `logs/NAME.log` in the lab's folder. */
  start(name: string, command: readonly string[], environment: Environment = {}): RunningProgram {
    return this.#sandbox.start(name, this.enter(command), environment);
  }

  /** The program that does small network jobs on this host; started when it is first asked for. */
  get agent(): Agent {
    this.#agent ??= Agent.start(this.#sandbox, `agent-${this.name}`, this.enter);
    return this.#agent;
  }

  /** Ends the agent, and with it what it serves. */
  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }
}
