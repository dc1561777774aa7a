import type { Announcement } from '../../model/plan.ts';

/** A Service that this node announces, with what an event about it needs. */
export interface AnnouncedService {
  readonly announcement: Announcement;
  readonly uid: string;
}

/**
 * The Services that this node announces now, by `namespace/name`. One operator writes it; the status objects, the
 * metrics and the plan of a wire thread that starts anew are derived from it.
 */
export class AnnouncedServices {
  readonly #services = new Map<string, AnnouncedService>();
  readonly #listeners = new Set<(key: string) => void>();

  readonly #settled = Promise.withResolvers<void>();

  /** Says that every Service was decided on once: from now on what is not here is not announced. */
  settle(): void {
    this.#settled.resolve();
  }

  /** Resolves when `settle` was called; early, without an error, when `signal` is aborted. */
  async whenSettled(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    await Promise.race([this.#settled.promise, aborted.promise]);
  }

  get(key: string): AnnouncedService | undefined {
    return this.#services.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#services.keys();
  }

  /** Everything that is announced: the whole plan. */
  announcements(): Announcement[] {
    return [...this.#services.values()].map(({ announcement }) => announcement);
  }

  /** Sets or, with `undefined`, removes one Service and tells the listeners. */
  set(key: string, service: AnnouncedService | undefined): void {
    if (service === undefined) this.#services.delete(key);
    else this.#services.set(key, service);
    for (const listener of this.#listeners) listener(key);
  }

  /** Calls `listener` with each key that is set or removed, after the change; it only enqueues. Disposing ends it. */
  subscribe(listener: (key: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
