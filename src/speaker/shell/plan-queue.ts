import type { PlanChange } from '../../model/plan.ts';

/**
 * The plan changes that the wire thread has not been sent yet. Merged by Service, the last word wins, so it never holds
 * more than one entry for each Service, however long the wire thread is busy.
 */
export class PlanQueue {
  #whole: PlanChange | undefined;
  readonly #byService = new Map<string, PlanChange>();

  /** Whether there is nothing to send. */
  get empty(): boolean {
    return this.#whole === undefined && this.#byService.size === 0;
  }

  /** Puts a change at the end; it takes the place of what it makes obsolete. */
  add(change: PlanChange): void {
    if (change.kind === 'replace') {
      this.clear();
      this.#whole = change;
      return;
    }
    const service = change.kind === 'announce' ? change.announcement.service : change.service;
    this.#byService.delete(service); // so that the new entry goes to the end
    this.#byService.set(service, change);
  }

  /** Empties the queue: what it held, in the order in which it has to be applied. */
  take(): readonly PlanChange[] {
    const changes = [...(this.#whole === undefined ? [] : [this.#whole]), ...this.#byService.values()];
    this.clear();
    return changes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#whole = undefined;
    this.#byService.clear();
  }
}
