import type { WireChange } from '../../model/plan.ts';

/** What a change is about: changes about the same thing make each other obsolete. `whole` stands for all of its scope. */
interface Subject {
  readonly scope: 'layer2' | 'bgp' | 'drain';
  readonly thing: string;
  readonly whole: boolean;
}

/**
 * The plan changes that the wire thread has not been sent yet. Merged by what they are about, the last word wins, so it
 * never holds more than two entries for each Service and three more, however long the wire thread is busy.
 */
export class PlanQueue {
  readonly #changes = new Map<string, WireChange>();

  /** Whether there is nothing to send. */
  get empty(): boolean {
    return this.#changes.size === 0;
  }

  /** Puts a change at the end; it takes the place of what it makes obsolete. */
  add(change: WireChange): void {
    const { scope, thing, whole } = subjectOf(change);
    if (whole) for (const key of this.#changes.keys()) if (key.startsWith(`${scope} `)) this.#changes.delete(key);
    const key = `${scope} ${thing}`;
    this.#changes.delete(key); // so that the new entry goes to the end
    this.#changes.set(key, change);
  }

  /** Empties the queue: what it held, in the order in which it has to be applied. */
  take(): readonly WireChange[] {
    const changes = [...this.#changes.values()];
    this.clear();
    return changes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#changes.clear();
  }
}

function subjectOf(change: WireChange): Subject {
  switch (change.kind) {
    case 'replace':
      return { scope: 'layer2', thing: '', whole: true };
    case 'announce':
      return { scope: 'layer2', thing: change.announcement.service, whole: false };
    case 'withdraw':
      return { scope: 'layer2', thing: change.service, whole: false };
    case 'replace-bgp':
      return { scope: 'bgp', thing: '', whole: true };
    case 'drain':
      // In a scope of its own: the whole of BGP does not say it again.
      return { scope: 'drain', thing: '', whole: false };
    case 'route':
      return { scope: 'bgp', thing: change.service, whole: false };
    case 'peers':
      // No Service has this name: a `/` is in each.
      return { scope: 'bgp', thing: 'peers', whole: false };
  }
}
