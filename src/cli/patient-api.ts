import type { Api, ApiCall, ApiStream } from '../kubernetes/api.ts';
import { isStatus } from '../kubernetes/api-error.ts';
import type { Clock, Micros } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';

/** As often as kubectl asks again. */
const MOST_RETRIES = 10;

/**
 * An API for somebody who asks once: what the server puts off (429, with the time at which to come again) is asked again when it says. A server does that
 * where it is busy, and for a second or two behind a change of a definition. Nothing of such a request has been carried out.
 */
export class PatientApi implements Api {
  readonly #api: Api;
  readonly #clock: Clock;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  get reachable(): boolean {
    return this.#api.reachable;
  }

  whenReachable(signal: AbortSignal): Promise<void> {
    return this.#api.whenReachable(signal);
  }

  stream(call: ApiCall, silence: Micros, signal: AbortSignal): Promise<ApiStream> {
    return this.#api.stream(call, silence, signal);
  }

  async request(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#api.request(call, signal);
      } catch (thrown) {
        const later = isStatus(thrown, 429) ? thrown.retryAfter : undefined;
        if (later === undefined || retries === MOST_RETRIES) throw thrown;
        await pause(this.#clock, later, signal);
      }
    }
  }
}
