import { compareTexts } from '../../lib/order.ts';
import type { NodeFacts } from '../../model/node-facts.ts';

/** The Nodes of the cluster, as far as they decide over candidates. */
export class NodeRoster {
  readonly #nodes = new Map<string, { readonly facts: NodeFacts; readonly text: string }>();
  #sorted: readonly NodeFacts[] | undefined;

  /** Takes a Node as it is now, `undefined` when it is gone. Says whether anything about it changed. */
  changed(name: string, facts: NodeFacts | undefined): boolean {
    const text = facts === undefined ? undefined : JSON.stringify(facts);
    if (text === this.#nodes.get(name)?.text) return false;
    if (facts === undefined || text === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, { facts, text });
    this.#sorted = undefined;
    return true;
  }

  has(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** All of them, by name. */
  get facts(): readonly NodeFacts[] {
    this.#sorted ??= Array.from(this.#nodes.values(), ({ facts }) => facts).sort((left, right) => compareTexts(left.name, right.name));
    return this.#sorted;
  }
}
