import { describe, expect, test } from '@jest/globals';
import type { Micros } from '../../../lib/clock.ts';
import { formatMac, type Mac } from '../../../lib/mac.ts';
import { ConflictDetection } from './conflict-detection.ts';
import type { ConflictEvent } from './conflict-events.ts';

const TEXT = '198.51.100.1';
const STRANGER = 0x02ff_0000_0001 as Mac;
type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** A machine on a clock that the test moves, and what it asked for, with the millisecond. */
class Scene {
  readonly #conflicts = new ConflictDetection({ random: () => 0.5 });
  #now = 0;
  #wake = Number.POSITIVE_INFINITY;
  #done: string[] = [];

  take(event: Unstamped<ConflictEvent>): void {
    for (const effect of this.#conflicts.step({ ...event, now: this.#now as Micros } as ConflictEvent)) {
      if (effect.kind === 'wake-at') this.#wake = effect.at;
      else this.#done.push(`${this.#now / 1_000} ${textOf(effect)}`);
    }
  }

  look(key: string = TEXT, place: number = 0, addresses: readonly string[] = [key], except: string = ''): void {
    this.take({ kind: 'look', key, addresses, place, except });
  }

  own(key: string = TEXT): void {
    this.take({ kind: 'own', key, addresses: [key] });
  }

  hear(node?: string, mac: Mac = STRANGER): void {
    this.take({ kind: 'held', address: TEXT, mac, node });
  }

  claim(address: string): void {
    this.take({ kind: 'held', address, mac: STRANGER, node: undefined });
  }

  /** Lets so many milliseconds pass; with `late`, the loop wakes only at their end. */
  run(span: number, late: boolean = false): void {
    const end = this.#now + span * 1_000;
    while (this.#wake <= end) {
      this.#now = late ? end : Math.max(this.#now, this.#wake);
      this.#wake = Number.POSITIVE_INFINITY;
      this.take({ kind: 'woke' });
    }
    this.#now = end;
  }

  /** What was done since it was last asked. */
  done(): string[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }
}

function textOf(effect: Exclude<ReturnType<ConflictDetection['step']>[number], { kind: 'wake-at' }>): string {
  if (effect.kind === 'free') return `free ${effect.key}`;
  if (effect.kind === 'found') return `${effect.what} ${effect.node || formatMac(effect.mac)}`;
  return `${effect.kind} ${effect.address}`;
}

describe('an address that this node would take', () => {
  test('is asked for twice, and is free when nobody answers', () => {
    const scene = new Scene();
    scene.look();
    scene.look(); // said again
    scene.run(100);
    expect(scene.done()).toEqual([`0 probe ${TEXT}`, `20 probe ${TEXT}`, `60 free ${TEXT}`]);
  });

  test('goes together with those of its Service', () => {
    const scene = new Scene();
    scene.look(TEXT, 0, ['2001:db8::1', TEXT]);
    scene.hear();
    scene.run(500);
    expect(scene.done()).toEqual(['0 probe 2001:db8::1', `0 probe ${TEXT}`, '20 probe 2001:db8::1', `20 probe ${TEXT}`]);
  });

  test('is not looked at any more when it is dropped', () => {
    const scene = new Scene();
    scene.look();
    scene.take({ kind: 'drop', key: TEXT });
    scene.run(5_000);
    expect(scene.done()).toEqual([`0 probe ${TEXT}`]);
  });

  test('is asked for no faster than a segment bears, when it is one of many', () => {
    const scene = new Scene();
    for (let index = 0; index < 500; index++) scene.look(`192.0.2.${index}`);
    scene.run(100);
    expect(scene.done().filter((line) => line.includes('probe')).length).toBeLessThanOrEqual(200);
  });

  test('is not free before a loop that was late has read what came meanwhile', () => {
    const scene = new Scene();
    scene.look();
    scene.run(30);
    scene.run(500, true);
    scene.hear();
    scene.run(100);
    expect(scene.done().some((line) => line.includes('free'))).toBe(false);
  });
});

describe('a stranger that has an address', () => {
  test('is told of when it answers for the second time, and again each minute', () => {
    const scene = new Scene();
    scene.look();
    for (let second = 0; second < 70; second++) {
      scene.hear();
      scene.run(1_060);
    }
    expect(scene.done().filter((line) => line.includes('stranger')).length).toBe(2);
  });

  test('has it until it is silent for four looks', () => {
    const scene = new Scene();
    scene.look();
    scene.hear();
    scene.run(3_000);
    const done = scene.done();
    expect(done.filter((line) => line.includes('probe')).length).toBe(2 + 4 * 2);
    expect(done.slice(-2)).toEqual([`1600 over ${TEXT}`, `1600 free ${TEXT}`]);
  });

  test('is left to a node that comes first and asks', () => {
    const scene = new Scene();
    scene.look(TEXT, 1);
    scene.hear();
    scene.run(900);
    scene.done();
    for (let second = 0; second < 20; second++) {
      scene.take({ kind: 'probed', address: TEXT, node: 'a' });
      scene.run(1_000);
    }
    expect(scene.done()).toEqual([]);
    scene.run(5_000);
    expect(scene.done()).not.toEqual([]);
  });
});

describe('a node of the cluster that answers', () => {
  test('is asked again when its claim may be on the way, and then named', () => {
    const scene = new Scene();
    scene.look();
    scene.hear('c');
    scene.run(300);
    expect(scene.done().length).toBe(2);
    scene.run(70);
    scene.hear('c');
    scene.run(100);
    expect(scene.done().slice(-2)).toEqual(['420 kernel c', `420 free ${TEXT}`]);
  });

  test('is no wonder when it gives the address up', () => {
    const scene = new Scene();
    scene.look(TEXT, 0, [TEXT], 'c');
    scene.hear('c');
    scene.run(100);
    expect(scene.done().at(-1)).toBe(`60 free ${TEXT}`);
  });

  test('is named when it answers two probes of the owner in a row, not when it speaks unasked', () => {
    const scene = new Scene();
    scene.own();
    scene.hear('c');
    scene.run(60_000);
    expect(scene.done()).toEqual([`60000 probe ${TEXT}`]);
    scene.hear('c');
    scene.run(60_000);
    expect(scene.done()).toEqual([`120000 probe ${TEXT}`]);
    scene.hear('c');
    scene.hear('c');
    expect(scene.done()).toEqual(['120000 kernel c']);
    scene.run(120_000);
    scene.hear('c');
    expect(scene.done().filter((line) => line.includes('kernel'))).toEqual([]);
  });
});

describe('a rival that asks too', () => {
  const rival = { kind: 'probed', address: TEXT, node: undefined } as const;

  test('is given a second or two', () => {
    const scene = new Scene();
    scene.look();
    scene.take(rival);
    scene.run(1_559);
    expect(scene.done().length).toBe(2);
    scene.run(100);
    expect(scene.done().at(-1)).toBe(`1620 free ${TEXT}`);
  });

  test('is not given way for ever', () => {
    const scene = new Scene();
    scene.look();
    for (let second = 0; second < 100; second++) {
      scene.take(rival);
      scene.run(100);
    }
    expect(scene.done().at(-1)).toContain(`free ${TEXT}`);
  });
});

describe('an address of this node', () => {
  test('is defended once in ten seconds, whoever the thieves are', () => {
    const scene = new Scene();
    scene.own();
    for (let index = 0; index < 250; index++) {
      scene.hear(undefined, (STRANGER + index) as Mac);
      scene.run(100);
    }
    expect(scene.done().filter((line) => line.includes('defend'))).toEqual([0, 10_000, 20_000].map((at) => `${at} defend ${TEXT}`));
  });

  test('is asked for once a minute, as are all others', () => {
    const scene = new Scene();
    for (let index = 0; index < 100; index++) scene.own(`192.0.2.${index}`);
    scene.run(60_000);
    const probes = scene.done();
    expect([probes.length > 95, probes.length < 105, new Set(probes.map((line) => line.split(' ')[2])).size > 95]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('one host that claims all addresses of this node', () => {
  const texts = Array.from({ length: 400 }, (_, index) => `10.0.${index >> 8}.${index & 0xff}`);
  const counted = (done: readonly string[]): number[] =>
    ['defend', 'thief'].map((what) => done.filter((line) => line.includes(` ${what} `)).length);

  test('has a hundred defended in a second, each once in its turn, and ten told of', () => {
    const scene = new Scene();
    for (const text of texts) scene.own(text);
    scene.run(1_000);
    scene.done();
    for (const text of texts) scene.claim(text);
    expect(counted(scene.done())).toEqual([10, 10]);
    scene.run(1_000);
    expect(counted(scene.done())).toEqual([100, 10]);
    for (const text of texts) scene.claim(text);
    scene.run(8_000);
    const rest = scene.done().filter((line) => line.includes(' defend '));
    expect([rest.length, new Set(rest.map((line) => line.split(' ').at(-1))).size]).toEqual([290, 290]);
  });

  test('has nothing defended any more that this node has given up', () => {
    const scene = new Scene();
    for (const text of texts) scene.own(text);
    for (const text of texts) scene.claim(text);
    for (const key of texts) scene.take({ kind: 'drop', key });
    scene.done();
    scene.run(5_000);
    expect(scene.done()).toEqual([]);
  });
});
