import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';

/** One request of a client: when it went out, in milliseconds of `performance.now`, and which node's pod answered, if one did. */
export interface CountedRequest {
  readonly at: number;
  readonly node: string | undefined;
}

const PAUSE_MILLISECONDS = 10;
/** A datagram that was not answered for so long is lost. */
const PATIENCE_MILLISECONDS = 1_500;

/** A client that sends a datagram to an address a hundred times a second, and never one again, until it is disposed of. */
export class RequestCount implements AsyncDisposable {
  /** Those of which the outcome is known, in no order. */
  readonly #known: CountedRequest[] = [];
  readonly #open = new Set<Promise<void>>();
  readonly #sending: Promise<void>;
  #ended: boolean = false;

  constructor(client: Client, address: string) {
    this.#sending = this.#send(client, address);
  }

  /** The requests from a moment on of which the outcome is known, oldest first. */
  since(moment: number): readonly CountedRequest[] {
    return this.#known.filter(({ at }) => at >= moment).sort((left, right) => left.at - right.at);
  }

  /** Fulfilled when no outcome is open any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#sending;
    await Promise.all(this.#open);
  }

  async #send(client: Client, address: string): Promise<void> {
    for (let due = performance.now(); !this.#ended; due += PAUSE_MILLISECONDS) {
      const request = this.#request(client, address).finally(() => this.#open.delete(request));
      this.#open.add(request);
      await sleep(Math.max(0, due + PAUSE_MILLISECONDS - performance.now()));
    }
  }

  async #request(client: Client, address: string): Promise<void> {
    const at = performance.now();
    const answer = await client.udp(address, { withinMilliseconds: PATIENCE_MILLISECONDS }).catch(() => undefined);
    this.#known.push({ at, node: answer === undefined ? undefined : /node=(\S+)/.exec(answer.text)?.[1] });
  }
}
