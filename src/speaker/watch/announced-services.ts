import type { Announcement } from '../../model/plan.ts';

/** A Service that this node announces, with what an event about it needs. */
export interface AnnouncedService {
  readonly announcement: Announcement;
  readonly uid: string;
}

/**
 * The Services that this node announces now, by `namespace/name`, beside what it would announce if it had the addresses. One operator
 * writes it; the status objects, the metrics and the plan of a wire thread that starts anew are derived from it.
 */
export class AnnouncedServices {
  readonly #services = new Map<string, AnnouncedService>();
  readonly #listeners = new Set<(key: string) => void>();

  readonly #planned = new Map<string, Announcement>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #known = Promise.withResolvers<void>();
  #owned: ReadonlySet<string> = new Set();

  /** Says that every Service was decided on once: from now on what is not planned is not announced. */
  settle(): void {
    this.#settled.resolve();
  }

  /** Resolves when `settle` was called; early, without an error, when `signal` is aborted. */
  whenSettled(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#settled.promise, signal);
  }

  /** Resolves when it is known which addresses are this node's; early, without an error, when `signal` is aborted. */
  whenKnown(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#known.promise, signal);
  }

  /** The addresses that this node answers for. */
  get owned(): ReadonlySet<string> {
    return this.#owned;
  }

  /** Takes the addresses that this node answers for; `certain` when that is what comes of the whole plan. */
  own(addresses: readonly string[], certain: boolean): void {
    this.#owned = new Set(addresses);
    if (certain) this.#known.resolve();
  }

  /** Sets or, with `undefined`, removes what is to be announced of one Service, by whichever node. */
  plan(key: string, announcement: Announcement | undefined): void {
    if (announcement === undefined) this.#planned.delete(key);
    else this.#planned.set(key, announcement);
  }

  /** What is to be announced of one Service, by whichever node. */
  planOf(key: string): Announcement | undefined {
    return this.#planned.get(key);
  }

  /** The whole plan. */
  planned(): Announcement[] {
    return [...this.#planned.values()];
  }

  get(key: string): AnnouncedService | undefined {
    return this.#services.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#services.keys();
  }

  /** Everything that is announced by this node. */
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

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => aborted.resolve(), { once: true });
  await Promise.race([promise, aborted.promise]);
}
