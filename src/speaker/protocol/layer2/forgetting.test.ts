import { expect, test } from '@jest/globals';
import { type Micros, milliseconds } from '../../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import type { SegmentMessage } from '../../wire/segment.ts';
import { Peers } from './peers.ts';
import type { PeersEffect, PeersEvent } from './peers-events.ts';

const NONCE = 77n;
const TIMING = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};
const SECOND = 1_000;
const MINUTE = 60_000;

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** Node a, which announces something, among many that come and go, on a clock that the test moves. */
class Crowd {
  readonly effects: PeersEffect[] = [];
  /** Who has addresses. */
  owners: readonly string[] = [];
  readonly peers: Peers;
  #now = 0;
  #wake = Number.POSITIVE_INFINITY;
  #sequence = 0;

  constructor(gone: readonly string[] = []) {
    const claims = (): { digest: number; damped: boolean } => ({ digest: 0, damped: false });
    this.peers = new Peers({ node: 'a', timing: TIMING, nonce: () => NONCE, gone, owners: () => new Set(this.owners), claims });
    this.take({ kind: 'started' });
    this.take({ kind: 'described', askable: 1 as Ipv4, busy: true, ready: true });
  }

  take(event: Unstamped<PeersEvent>): void {
    for (const effect of this.peers.step({ ...event, now: this.#now as Micros } as PeersEvent)) {
      if (effect.kind === 'wake-at') this.#wake = effect.at;
      else this.effects.push(effect);
    }
  }

  hears(node: string, message: SegmentMessage): void {
    const header = { destination: BROADCAST_MAC, source: 0x0200_0000_0002 as Mac, keyId: 0n, boot: 5n };
    this.take({ kind: 'received', frame: { ...header, node, sequence: ++this.#sequence, message } });
  }

  /** A node says that it is there, as often as it has to. */
  greets(node: string, gone: readonly string[] = []): void {
    const flags = { restarting: false, starting: false, alone: false, damped: false };
    this.hears(node, { kind: 'hello', intervalMilliseconds: 1_000, askable: UNSPECIFIED_IPV4, ...flags, digest: 0, gone });
    this.hears(node, { kind: 'response', nonce: NONCE });
  }

  /** Lets time pass; b, if it is there, says hello each second. */
  run(span: number, gone: readonly string[] | undefined): void {
    const end = this.#now + span * 1_000;
    let next = this.#now;
    while (Math.min(this.#wake, next) <= end) {
      this.#now = Math.min(this.#wake, next);
      if (this.#now === this.#wake) this.take({ kind: 'woke' });
      if (this.#now < next) continue;
      if (gone !== undefined) this.greets('b', gone);
      next += SECOND * 1_000;
    }
    this.#now = end;
  }

  /** So many nodes are heard once, and die. */
  bury(count: number, prefix: string): void {
    for (let index = 0; index < count; index++) this.greets(`${prefix}${index}`);
    this.run(5 * SECOND, []);
  }

  of<Kind extends PeersEffect['kind']>(kind: Kind): Extract<PeersEffect, { kind: Kind }>[] {
    return this.effects.filter((effect): effect is Extract<PeersEffect, { kind: Kind }> => effect.kind === kind);
  }

  /** Who is gone, as this node says. */
  get gone(): readonly string[] {
    return this.of('gone').at(-1)?.nodes ?? [];
  }

  hellos(): (SegmentMessage & { readonly kind: 'hello' })[] {
    return this.of('send').flatMap(({ message }) => (message.kind === 'hello' ? [message] : []));
  }
}

test.each<{ what: string; owners: readonly string[]; minutes: number; gone: readonly string[] }>([
  { what: 'is known for ten minutes', owners: [], minutes: 9, gone: ['c0'] },
  { what: 'is forgotten after them', owners: [], minutes: 11, gone: [] },
  { what: 'is remembered while nobody has taken its addresses', owners: ['c0'], minutes: 30, gone: ['c0'] },
])('a node that has died $what', ({ owners, minutes, gone }) => {
  const crowd = new Crowd();
  crowd.owners = owners;
  crowd.bury(1, 'c');
  crowd.run(minutes * MINUTE, []);
  expect([crowd.gone, crowd.hellos().at(-1)?.gone]).toEqual([gone, gone]);
  expect(crowd.of('forgotten')).toEqual(gone.length === 0 ? [{ kind: 'forgotten', node: 'c0' }] : []);
  crowd.owners = [];
  crowd.run(MINUTE, []);
  expect(crowd.gone).toEqual(minutes < 10 ? ['c0'] : []);
});

test.each<{ what: string; inherited: readonly string[]; told: readonly string[] }>([
  { what: 'an earlier thread has said', inherited: ['x'], told: [] },
  { what: 'another one says for ever', inherited: [], told: ['x'] },
])('of a death that $what nothing is known after ten minutes', ({ inherited, told }) => {
  const crowd = new Crowd(inherited);
  crowd.run(9 * MINUTE, told);
  expect(crowd.gone).toEqual(['x']);
  crowd.run(21 * MINUTE, told);
  expect([crowd.gone, crowd.hellos().at(-1)?.gone]).toEqual([[], []]);
});

test('whoever comes back after it was forgotten is there, and what is announced is announced again', () => {
  const crowd = new Crowd();
  crowd.bury(1, 'c');
  crowd.run(11 * MINUTE, []);
  crowd.effects.length = 0;
  crowd.greets('c0');
  expect([crowd.of('reannounce').length, crowd.of('greeted').map(({ node }) => node), crowd.peers.hears('c0')]).toEqual([1, ['c0'], true]);
  crowd.effects.length = 0;
  crowd.greets('d');
  expect(crowd.of('reannounce')).toEqual([]);
});

test('whoever hears nobody any more has not forgotten that there were others', () => {
  const crowd = new Crowd();
  crowd.greets('b');
  crowd.run(30 * MINUTE, undefined);
  expect([crowd.of('forgotten').length, crowd.peers.alone, crowd.hellos().at(-1)?.alone]).toEqual([1, true, true]);
});

test('four hundred dead slow down nobody who lives', () => {
  const crowd = new Crowd();
  crowd.bury(400, 'c');
  crowd.effects.length = 0;
  crowd.run(10 * SECOND, []);
  expect([crowd.hellos().length, crowd.hellos()[0]?.intervalMilliseconds]).toEqual([100, 100]);
});

test('with a thousand dead the next node is heard all the same: whoever is gone for the longest time goes', () => {
  const crowd = new Crowd();
  crowd.bury(1, 'first');
  crowd.bury(1_022, 'c');
  for (const name of ['new', 'newer']) {
    crowd.greets(name);
    expect(crowd.peers.hears(name)).toBe(true);
  }
  expect(crowd.of('forgotten')[0]).toEqual({ kind: 'forgotten', node: 'first0' });
  expect(crowd.of('forgotten')).toHaveLength(2);
});

test('all of many dead are told, though few have room in one hello', () => {
  const crowd = new Crowd();
  crowd.bury(100, 'c');
  crowd.effects.length = 0;
  crowd.run(3 * SECOND, []);
  const told = new Set(crowd.hellos().flatMap(({ gone }) => gone.slice(0, 5)));
  expect(told.size).toBe(100);
});
