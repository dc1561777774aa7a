import type { TextMap } from '../../lib/json.ts';
import { selectsNode } from '../../model/advertisement-scope.ts';
import { preferring, sameContenders } from '../../model/contenders.ts';
import { type L2Advertisement, preferredNodeScore } from '../../model/l2-advertisement.ts';
import { mayAnnounce, type NodeFacts } from '../../model/node-facts.ts';
import type { Contenders } from '../../model/plan.ts';

/** What decides over the nodes that may announce, whatever the Service. */
export interface ContenderSurroundings {
  /** All Nodes of the cluster: the same list as long as none of them changes. */
  readonly nodes: readonly NodeFacts[];
  /** `--ignore-exclude-lb`. */
  readonly ignoreExcludeLabel: boolean;
}

/**
 * The nodes that may announce for some advertisements, which thousands of Services have in common: made once, and one object for all of them.
 * It stays the same object when a Node changes in a way that makes no difference, so that nobody has to be told.
 */
export class ContenderSets {
  #nodes: readonly NodeFacts[] = [];
  #ignoreExcludeLabel: boolean = false;
  /** By the names of the advertisements. */
  #sets = new Map<string, { readonly of: readonly L2Advertisement[]; readonly contenders: Contenders }>();
  /** The same before the last change. */
  #before: ReadonlyMap<string, { readonly contenders: Contenders }> = new Map();
  /** What was made of a set for the Services that ask for a node. */
  readonly #preferring = new WeakMap<Contenders, Map<string, Contenders>>();

  /** The nodes that one of these advertisements selects, and that may announce at all, with their scores. */
  of({ nodes, ignoreExcludeLabel }: ContenderSurroundings, advertisements: readonly L2Advertisement[]): Contenders {
    if (nodes !== this.#nodes || ignoreExcludeLabel !== this.#ignoreExcludeLabel) this.#outdate();
    this.#nodes = nodes;
    this.#ignoreExcludeLabel = ignoreExcludeLabel;
    const names = advertisements.map(({ name }) => name).join();
    let set = this.#sets.get(names);
    // An advertisement that was read anew may say something else; what went with the old ones goes then.
    if (set !== undefined && advertisements.some((advertisement, index) => advertisement !== set?.of[index])) {
      this.#outdate();
      set = undefined;
    }
    set ??= { of: advertisements, contenders: this.#made(names, advertisements) };
    this.#sets.set(names, set);
    return set.contenders;
  }

  /** A set of these, in which the node that Services ask for comes first. */
  preferring(node: string, contenders: Contenders): Contenders {
    const made = this.#preferring.get(contenders) ?? new Map<string, Contenders>();
    this.#preferring.set(contenders, made);
    const found = made.get(node) ?? preferring(node, contenders);
    // Anybody may write any name.
    if (found !== contenders) made.set(node, found);
    return found;
  }

  #outdate(): void {
    this.#before = this.#sets;
    this.#sets = new Map();
  }

  #made(names: string, advertisements: readonly L2Advertisement[]): Contenders {
    const contenders = new Map<string, number>();
    for (const node of this.#nodes) {
      if (mayAnnounce(node, this.#ignoreExcludeLabel) && selects(advertisements, node.labels)) {
        contenders.set(node.name, scoreOf(advertisements, node.labels));
      }
    }
    const before = this.#before.get(names)?.contenders;
    return before !== undefined && sameContenders(before, contenders) ? before : contenders;
  }
}

function selects(advertisements: readonly L2Advertisement[], labels: TextMap): boolean {
  return advertisements.some((advertisement) => selectsNode(advertisement, labels));
}

function scoreOf(advertisements: readonly L2Advertisement[], labels: TextMap): number {
  return advertisements.reduce((sum, advertisement) => sum + preferredNodeScore(advertisement, labels), 0);
}
