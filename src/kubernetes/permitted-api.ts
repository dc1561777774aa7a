import type { Micros } from '../lib/clock.ts';
import type { Api, ApiCall, ApiStream, WritePermit } from './api.ts';

/** An API to which only reads go out while there is no permit to write; as a gate it is closed then. */
export class PermittedApi implements Api {
  readonly #api: Api;
  readonly #permit: WritePermit;

  constructor(api: Api, permit: WritePermit) {
    this.#api = api;
    this.#permit = permit;
  }

  get reachable(): boolean {
    return this.#api.reachable && this.#permit.remaining() > 0;
  }

  async whenReachable(signal: AbortSignal): Promise<void> {
    while (!(this.reachable || signal.aborted)) {
      await this.#api.whenReachable(signal);
      await this.#permit.whenGranted(signal);
    }
  }

  request(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    return this.#api.request(call.method === 'GET' ? call : { ...call, permit: this.#permit }, signal);
  }

  stream(call: ApiCall, silence: Micros, signal: AbortSignal): Promise<ApiStream> {
    return this.#api.stream(call, silence, signal);
  }
}
