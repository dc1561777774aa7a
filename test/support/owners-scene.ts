import type { Micros } from '../../src/lib/clock.ts';
import { Owners } from '../../src/speaker/protocol/layer2/owners.ts';
import type { OwnersEffect, OwnersEvent } from '../../src/speaker/protocol/layer2/owners-events.ts';
import type { Claim } from '../../src/speaker/wire/segment.ts';
import { addressOf } from './announcements.ts';

/** The address of an {@link OwnersScene}. */
export const TEXT = '198.51.100.1';
type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** Node b, to which nobody else answers for an address unless the test says so, on a clock that the test moves. The peers that it is given are heard and know what it knows, and its plan is complete; without any it has just started. */
export class OwnersScene {
  readonly owners: Owners = new Owners({ node: 'b', rank: (node) => `${this.#order.indexOf(node)}`, listens: true, looks: true });
  /** Whether what is looked at is found free at once. */
  free: boolean = true;
  readonly effects: OwnersEffect[] = [];
  #order = '';
  #now = 0;
  #wake = Number.POSITIVE_INFINITY;

  constructor(...peers: readonly string[]) {
    this.take({ kind: 'started' });
    for (const node of peers) this.greets(node);
    if (peers.length > 0) this.take({ kind: 'plan-complete' });
  }

  take(event: Unstamped<OwnersEvent>): void {
    for (const effect of this.owners.step({ ...event, now: this.#now as Micros } as OwnersEvent)) {
      if (effect.kind === 'wake-at') this.#wake = effect.at;
      else this.effects.push(effect);
      if (effect.kind === 'look' && this.free) this.take({ kind: 'free', address: effect.address });
    }
  }

  greets(node: string, digest: number = this.owners.digest, damped: boolean = false): void {
    this.take({ kind: 'greeted', node, digest, damped });
  }

  claims(from: string, epoch: number, owner: string = from, leaving: boolean = false): void {
    this.take({ kind: 'claimed', node: from, claims: [{ address: addressOf(TEXT), epoch, owner, leaving }] });
  }

  plan(order: string, self: boolean = order.includes('b'), scores: Readonly<Record<string, number>> = {}): void {
    const contenders = new Map(Array.from(order, (node) => [node, scores[node] ?? 0]));
    this.#order = order;
    this.take({ kind: 'planned', candidacies: [{ address: addressOf(TEXT), self, contenders }], ended: [] });
  }

  run(span: number): void {
    const end = this.#now + span * 1_000;
    while (this.#wake <= end) {
      this.#now = Math.max(this.#now, this.#wake);
      this.#wake = Number.POSITIVE_INFINITY;
      this.take({ kind: 'woke' });
    }
    this.#now = end;
  }

  /** Time goes by, and nothing happens: not even what is due. */
  pass(span: number): void {
    this.#now += span * 1_000;
  }

  get damped(): boolean {
    return this.owners.damped(this.#now as Micros);
  }

  get answers(): boolean {
    return this.owners.answering.has(TEXT);
  }

  get claim(): string {
    const claim = this.owners.claimOf(TEXT);
    return claim === undefined ? 'none' : `${claim.epoch} ${claim.owner}${claim.leaving ? ' leaving' : ''}`;
  }

  /** The claims that were sent, and to whom, in short. */
  said(): string[] {
    const said = this.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'claims' ? [{ to: effect.to, claims: effect.message.claims }] : [],
    );
    this.effects.length = 0;
    return said.map(({ to = 'all', claims }) => `${to}: ${claims.map(({ epoch, owner }: Claim) => `${epoch} ${owner}`).join()}`);
  }
}

/** Node b has had the address for a while. */
export function owning(): OwnersScene {
  const scene = new OwnersScene('a', 'c');
  scene.plan('bac');
  scene.run(1_000);
  scene.effects.length = 0;
  return scene;
}
