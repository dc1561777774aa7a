import { assert } from '../../../lib/assert.ts';
import { type Micros, micros } from '../../../lib/clock.ts';
import { formatAddress, type IpAddress } from '../../../lib/ip.ts';
import type { Mac } from '../../../lib/mac.ts';
import type { Rank } from '../../../model/contenders.ts';
import type { Verdict } from './peer.ts';
import type { Absence, StandInAnswer, StandInEnd, StandInsEffect, StandInsEvent } from './stand-ins-events.ts';

/** What {@link StandIns} is made with. */
export interface StandInsOptions {
  readonly node: string;
  /** Orders the nodes that could stand in for one: the lowest text of `rank(node, absent node)` does. */
  readonly rank: Rank;
  /** The addresses that a node answers for on this link, as far as this one knows. */
  readonly addressesOf: (node: string) => readonly IpAddress[];
}

/** Another speaker of the link, as it was heard last. */
interface Neighbour {
  mac: Mac;
  verdict: Verdict;
  ready: boolean;
  /** Since when it is ready without a break. */
  readySince: Micros;
  /** When it was heard last while it was ready; absent until then. */
  readyAt: Micros | undefined;
  /** Whether it announced something on this link then. */
  busy: boolean;
}

/** One absent node for which this one answers. */
interface Substitution {
  readonly since: Micros;
  addresses: number;
}

/**
 * For whom this node answers on one link while his speaker does not: the node lives and forwards, and clients are to keep its MAC. Of all
 * nodes that are heard and ready, whether they may have the address or not, the first in the order of the absent one does it. Each node
 * works that out by itself; where two differ for a moment both give the same answer.
 *
 * Only nodes that were ready before the absent one fell silent come into question: one that starts later has not heard of it, and the
 * others know that. No I/O: it is given events and returns what to do. It needs no time of its own.
 */
export class StandIns {
  readonly #options: StandInsOptions;
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #substitutions = new Map<string, Substitution>();
  #effects: StandInsEffect[] = [];
  #now: Micros = micros(0);
  #ready: boolean = false;
  #readySince: Micros = micros(0);
  #said = '';
  #answers: readonly StandInAnswer[] = [];

  constructor(options: StandInsOptions) {
    this.#options = options;
  }

  /** Whether this node answers for another one. */
  get active(): boolean {
    return this.#substitutions.size > 0;
  }

  /** What this node answers for others. */
  get answers(): readonly StandInAnswer[] {
    return this.#answers;
  }

  /** Takes a hello at once that says what the one before said; says whether it was such a one. It has no effects. */
  hearsAgain(node: string, { mac, ready, busy }: Pick<Neighbour, 'mac' | 'ready' | 'busy'>, now: Micros): boolean {
    const neighbour = this.#neighbours.get(node);
    if (neighbour === undefined || neighbour.verdict !== 'alive' || neighbour.ready !== ready) return false;
    if (ready && (neighbour.mac !== mac || neighbour.busy !== busy)) return false;
    this.#now = now;
    if (ready) neighbour.readyAt = now;
    return true;
  }

  /** Takes one event. */
  step(event: StandInsEvent): readonly StandInsEffect[] {
    assert(event.now >= this.#now, 'time steps back');
    this.#now = event.now;
    this.#effects = [];
    if (this.#take(event)) this.#substitute();
    return this.#effects;
  }

  /** Says whether anything has changed by it. */
  #take(event: StandInsEvent): boolean {
    switch (event.kind) {
      case 'greeted':
        return this.#greet(event);
      case 'judged':
        return this.#judge(event.node, event.verdict);
      case 'described': {
        const changed = event.ready !== this.#ready;
        if (changed) this.#readySince = this.#now;
        this.#ready = event.ready;
        return changed;
      }
      case 'owners-changed':
        return [...this.#neighbours.values()].some(isAbsent);
    }
  }

  #greet({ node, mac, ready, busy }: StandInsEvent & { readonly kind: 'greeted' }): boolean {
    const before = this.#neighbours.get(node);
    const changed = before?.ready !== ready || before.verdict !== 'alive';
    const neighbour = before ?? { mac, verdict: 'alive', ready, readySince: this.#now, readyAt: undefined, busy };
    if (ready) {
      if (!neighbour.ready) neighbour.readySince = this.#now;
      Object.assign(neighbour, { mac, busy, readyAt: this.#now });
    }
    neighbour.ready = ready;
    neighbour.verdict = 'alive';
    this.#neighbours.set(node, neighbour);
    return changed;
  }

  #judge(node: string, verdict: Verdict): boolean {
    const neighbour = this.#neighbours.get(node);
    if (neighbour === undefined || neighbour.verdict === verdict) return false;
    // Who is gone comes back as a stranger: what it had may be another one's.
    if (verdict === 'dead' || verdict === 'departed') this.#neighbours.delete(node);
    else neighbour.verdict = verdict;
    return true;
  }

  /** Begins and ends what is due, as things are. Any number of times. */
  #substitute(): void {
    const answers: StandInAnswer[] = [];
    for (const [node, neighbour] of this.#neighbours) {
      const addresses = this.#isFirstFor(node, neighbour) ? this.#options.addressesOf(node) : [];
      if (addresses.length > 0) this.#begin(node, neighbour, addresses.length);
      else this.#end(node, isAbsent(neighbour) ? 'released' : 'back');
      for (const address of addresses) answers.push({ address, mac: neighbour.mac });
    }
    for (const node of [...this.#substitutions.keys()]) if (!this.#neighbours.has(node)) this.#end(node, 'gone');
    const text = answers.map(({ address, mac }) => `${formatAddress(address)} ${mac}`).join();
    if (text === this.#said) return;
    this.#said = text;
    this.#answers = answers;
    // Answers come before what is said of them.
    this.#effects.unshift({ kind: 'answer', answers });
  }

  #isFirstFor(absent: string, neighbour: Neighbour): boolean {
    if (!this.#ready || !isAbsent(neighbour) || !neighbour.busy || neighbour.readyAt === undefined) return false;
    const { readyAt } = neighbour;
    if (this.#readySince > readyAt) return false;
    const { node, rank } = this.#options;
    const own = rank(node, absent);
    for (const [name, { verdict, ready, readySince }] of this.#neighbours) {
      if (verdict === 'alive' && ready && readySince <= readyAt && rank(name, absent) < own) return false;
    }
    return true;
  }

  #begin(node: string, { mac, ready }: Neighbour, addresses: number): void {
    const under = this.#substitutions.get(node);
    if (under !== undefined) {
      under.addresses = addresses;
      return;
    }
    const why: Absence = ready ? 'silent' : 'restarting';
    this.#substitutions.set(node, { since: this.#now, addresses });
    this.#effects.push({ kind: 'begun', node, mac, addresses, why });
  }

  #end(node: string, why: StandInEnd): void {
    const under = this.#substitutions.get(node);
    if (under === undefined) return;
    this.#substitutions.delete(node);
    this.#effects.push({ kind: 'ended', node, addresses: under.addresses, why, lasted: micros(this.#now - under.since) });
  }
}

/** Its speaker does not answer, as far as is known, and its node lives. */
function isAbsent({ verdict, ready }: Neighbour): boolean {
  return verdict === 'away' || !ready;
}
