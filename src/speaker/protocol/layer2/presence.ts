import type { Verdict } from './peer.ts';

/** What the owners of addresses that are announced on some links only need to know of these links; it changes seldom. */
export interface LinksView {
  /** The links on which this node can speak. */
  readonly open: ReadonlySet<string>;
  /** The links that have no signal, or are down. */
  readonly dark: ReadonlySet<string>;
  /** Those that have one again, on which this node listens first. */
  readonly listening: ReadonlySet<string>;
  /** Nobody is heard there, while somebody who was is heard on another link: which of the two is cut off cannot be told. */
  readonly isolated: ReadonlySet<string>;
  /** By link, who was heard there and surely is not any more: somebody else has been heard since, so that it is not this node's own cable. */
  readonly absent: ReadonlyMap<string, ReadonlySet<string>>;
  /** By link, who is heard there, of those who are absent from another one. */
  readonly present: ReadonlyMap<string, ReadonlySet<string>>;
  /** Somebody is heard on a link that is open. */
  readonly speaking: boolean;
}

/** How things stand for one address, on the links on which this node announces it. */
export interface Reach {
  /** This node can announce it on none of them ... */
  readonly mute: boolean;
  /** ... and none of them has a signal. */
  readonly dark: boolean;
  /** This node may be the one that is cut off. */
  readonly isolated: boolean;
  /** Who is on none of them. */
  readonly absent: ReadonlySet<string>;
}

/** Of an address that is announced on all links: a node is there as long as any link hears it. */
export const EVERYWHERE: Reach = { mute: false, dark: false, isolated: false, absent: new Set() };

/** One link, as it was heard last. */
interface LinkPresence {
  state: 'open' | 'dark' | 'listening';
  readonly heard: Set<string>;
  /** Who was heard and is gone here. */
  readonly missed: Set<string>;
  /** Those of them who were missed before somebody else was heard. */
  readonly sure: Set<string>;
}

/**
 * On which links which nodes are. A node whose cable is pulled on one link is heard on another one, so that it is not gone; what it announces on
 * the first link alone, others have to take. No I/O and no time: it is told what is heard.
 */
export class Presence {
  readonly #links = new Map<string, LinkPresence>();
  #view: LinksView | undefined;
  /** Something has changed since the view was made: most of the many hellos change nothing. */
  #changed: boolean = true;

  /** Whether a link is used, and whether this node can say something there. What was sure without a signal is not any more. */
  put(name: string, state: LinkPresence['state']): void {
    const link = this.#link(name);
    if (link.state === state) return;
    this.#changed = true;
    link.state = state;
    if (state !== 'open') link.sure.clear();
  }

  /** A node says hello. */
  greeted(name: string, node: string): void {
    const link = this.#link(name);
    if (link.heard.has(node) && (link.state !== 'open' || link.missed.size === link.sure.size)) return;
    this.#changed = true;
    link.heard.add(node);
    link.missed.delete(node);
    link.sure.delete(node);
    if (link.state === 'open') for (const missed of link.missed) link.sure.add(missed);
  }

  /** What is thought of a node has changed. */
  judged(name: string, node: string, verdict: Verdict): void {
    if (verdict !== 'dead' && verdict !== 'departed') return;
    const link = this.#link(name);
    this.#changed = true;
    link.heard.delete(node);
    link.missed.add(node);
  }

  /** A node is none of which anything is known any more. */
  forget(name: string, node: string): void {
    const { heard, missed, sure } = this.#link(name);
    this.#changed = true;
    for (const nodes of [heard, missed, sure]) nodes.delete(node);
  }

  /** Whether another link than this one hears the node. */
  hearsElsewhere(name: string, node: string): boolean {
    for (const [other, { state, heard }] of this.#links) if (other !== name && state === 'open' && heard.has(node)) return true;
    return false;
  }

  /** How things stand; the same object as long as nothing has changed. */
  get view(): LinksView {
    if (this.#view !== undefined && !this.#changed) return this.#view;
    this.#changed = false;
    const links = [...this.#links];
    const namesOf = (holds: (link: LinkPresence, name: string) => boolean): ReadonlySet<string> =>
      new Set(links.filter(([name, link]) => holds(link, name)).map(([name]) => name));
    const absent = new Map(links.map(([name, { sure }]) => [name, new Set(sure)] as const));
    const somewhere = new Set([...absent.values()].flatMap((nodes) => [...nodes]));
    this.#view = {
      open: namesOf(({ state }) => state === 'open'),
      dark: namesOf(({ state }) => state === 'dark'),
      listening: namesOf(({ state }) => state === 'listening'),
      isolated: namesOf((link, name) => this.#isIsolated(name, link)),
      absent,
      present: new Map(links.map(([name, { heard }]) => [name, somewhere.intersection(heard)] as const)),
      speaking: links.some(([, { state, heard }]) => state === 'open' && heard.size > 0),
    };
    return this.#view;
  }

  #isIsolated(name: string, { state, heard, missed }: LinkPresence): boolean {
    return state === 'open' && heard.size === 0 && [...missed].some((node) => this.hearsElsewhere(name, node));
  }

  #link(name: string): LinkPresence {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link: LinkPresence = { state: 'dark', heard: new Set(), missed: new Set(), sure: new Set() };
    this.#links.set(name, link);
    return link;
  }
}

/** How things stand for an address that is announced on the links of these names alone; on all without. */
export function reachOn(names: readonly string[] | undefined, view: LinksView): Reach {
  if (names === undefined) return EVERYWHERE;
  const [open, dark, listening] = [view.open, view.dark, view.listening].map((links) => names.some((name) => links.has(name)));
  const mute = !open && (dark === true || listening === true);
  const isolated = names.some((name) => view.isolated.has(name)) && names.every((name) => !view.open.has(name) || view.isolated.has(name));
  // Who is heard on one of the links answers there: an address has one owner, over all of them.
  const isPresent = (node: string): boolean => names.some((name) => view.present.get(name)?.has(node));
  const absent = new Set(names.flatMap((name) => [...(view.absent.get(name) ?? [])]).filter((node) => !isPresent(node)));
  return mute || isolated || absent.size > 0 ? { mute, dark: mute && !listening, isolated, absent } : EVERYWHERE;
}
