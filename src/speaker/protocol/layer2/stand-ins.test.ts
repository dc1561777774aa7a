import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Micros } from '../../../lib/clock.ts';
import { formatAddress, type IpAddress } from '../../../lib/ip.ts';
import type { Mac } from '../../../lib/mac.ts';
import { StandIns } from './stand-ins.ts';
import type { StandInsEffect, StandInsEvent } from './stand-ins-events.ts';

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

const MACS: Readonly<Record<string, Mac>> = { a: 1 as Mac, b: 2 as Mac, c: 3 as Mac, d: 4 as Mac };

function address(value: number): IpAddress {
  return { family: 'IPv4', value: BigInt(value) };
}

/** The machine of node b on a link with others. Nodes stand in for each other in the order of their names. */
class Scene {
  readonly held: Record<string, number[]> = { c: [1, 2] };
  readonly effects: StandInsEffect[] = [];
  readonly standIns: StandIns;
  #now = 0;

  constructor(node: string = 'b') {
    this.standIns = new StandIns({ node, rank: (name) => name, addressesOf: (owner) => (this.held[owner] ?? []).map(address) });
    this.take({ kind: 'described', ready: true });
  }

  take(event: Unstamped<StandInsEvent>): void {
    this.#now += 1_000;
    this.effects.push(...this.standIns.step({ ...event, now: this.#now as Micros } as StandInsEvent));
  }

  hear(node: string, ready = true, busy = true): void {
    this.take({ kind: 'greeted', node, mac: MACS[node] ?? (9 as Mac), ready, busy });
  }

  judge(node: string, verdict: 'away' | 'alive' | 'dead' | 'cut' | 'departed'): void {
    this.take({ kind: 'judged', node, verdict });
  }

  /** What is answered now, as `address@mac`. */
  get answers(): readonly string[] {
    const last = this.effects.findLast((effect) => effect.kind === 'answer');
    return last?.answers.map((one) => `${formatAddress(one.address)}@${one.mac}`) ?? [];
  }

  get story(): readonly string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'answer' ? [] : [`${effect.kind} ${effect.node} ${effect.addresses} ${effect.why}`],
    );
  }
}

const BOTH = ['0.0.0.1@3', '0.0.0.2@3'];

describe('a node whose speaker is silent', () => {
  test('has the first of the others answer for it, with its MAC', () => {
    const scene = new Scene();
    for (const node of ['c', 'd']) scene.hear(node);
    scene.judge('c', 'away');
    expect([scene.answers, scene.story, scene.standIns.active]).toEqual([BOTH, ['begun c 2 silent'], true]);
  });

  test.each<{ what: string; before?: (scene: Scene) => void; after: (scene: Scene) => void; why: string }>([
    { what: 'comes back', after: (scene) => scene.hear('c'), why: 'back' },
    { what: 'is dead', after: (scene) => scene.judge('c', 'dead'), why: 'gone' },
    { what: 'does not come back in time', after: (scene) => scene.judge('c', 'departed'), why: 'gone' },
    {
      what: 'has lost its addresses',
      after: (scene) => {
        scene.held.c = [];
        scene.take({ kind: 'owners-changed' });
      },
      why: 'released',
    },
    { what: 'has a better stand-in again', before: (scene) => scene.hear('a'), after: (scene) => scene.hear('a'), why: 'released' },
  ])('until it $what', ({ before, after, why }) => {
    const scene = new Scene();
    before?.(scene);
    scene.hear('c');
    if (before !== undefined) scene.judge('a', 'cut');
    scene.judge('c', 'away');
    expect(scene.answers).toEqual(BOTH);
    after(scene);
    expect([scene.answers, scene.story.at(-1), scene.standIns.active]).toEqual([[], `ended c 2 ${why}`, false]);
  });

  test('is answered for by one that comes later in the order when the first is not there any more', () => {
    const scene = new Scene();
    scene.hear('a');
    scene.hear('c');
    scene.judge('c', 'away');
    expect(scene.answers).toEqual([]);
    scene.judge('a', 'away');
    expect(scene.answers).toEqual(BOTH);
  });

  test('is left alone where it announces nothing', () => {
    const scene = new Scene();
    scene.hear('c', true, false);
    scene.judge('c', 'away');
    expect(scene.answers).toEqual([]);
  });

  test('has what it has then, not what it had', () => {
    const scene = new Scene();
    scene.hear('c');
    scene.judge('c', 'away');
    scene.held.c = [2];
    scene.take({ kind: 'owners-changed' });
    expect([scene.answers, scene.story]).toEqual([['0.0.0.2@3'], ['begun c 2 silent']]);
  });
});

describe('a node that says that it restarts', () => {
  test('is stood in for at once, until it is ready again', () => {
    const scene = new Scene();
    scene.hear('c');
    scene.hear('c', false);
    expect([scene.answers, scene.story]).toEqual([BOTH, ['begun c 2 restarting']]);
    scene.judge('c', 'away');
    scene.hear('c', false);
    expect(scene.answers).toEqual(BOTH);
    scene.hear('c');
    expect([scene.answers, scene.story.at(-1)]).toEqual([[], 'ended c 2 back']);
  });

  test('is not stood in for when it has not been ready yet: it may have come from the dead', () => {
    const scene = new Scene();
    scene.hear('c');
    scene.judge('c', 'dead');
    scene.hear('c', false);
    expect(scene.answers).toEqual([]);
  });

  test('has the MAC that it had while it was ready', () => {
    const scene = new Scene();
    scene.hear('c');
    scene.take({ kind: 'greeted', node: 'c', mac: 7 as Mac, ready: false, busy: true });
    expect(scene.answers).toEqual(BOTH);
  });
});

test.each<{ what: string; act: (scene: Scene) => void }>([
  { what: 'is not ready itself', act: (scene) => scene.take({ kind: 'described', ready: false }) },
  {
    what: 'became ready after the other one was heard last',
    act: (scene) => {
      scene.take({ kind: 'described', ready: false });
      scene.take({ kind: 'described', ready: true });
    },
  },
])('a node that $what stands in for nobody', ({ act }) => {
  const scene = new Scene();
  scene.hear('c');
  act(scene);
  scene.judge('c', 'away');
  expect(scene.answers).toEqual([]);
});

test('a better node that became ready too late is not waited for', () => {
  const scene = new Scene();
  scene.hear('c');
  scene.hear('a');
  scene.judge('c', 'away');
  expect(scene.answers).toEqual(BOTH);
});

test('of nodes that have heard the same, exactly one stands in for each absent one', () => {
  const names = ['a', 'b', 'c', 'd'];
  const fate = fc.constantFrom('alive' as const, 'away' as const, 'restarting' as const, 'dead' as const);
  fc.assert(
    fc.property(fc.tuple(fate, fate, fate, fate), (fates) => {
      const alive = names.filter((_, index) => fates[index] === 'alive');
      const answered = alive.flatMap((own) => {
        const scene = new Scene(own);
        for (const name of names) scene.held[name] = [name.charCodeAt(0)];
        for (const name of [...names, ...names]) if (name !== own) scene.hear(name);
        names.forEach((name, index) => {
          const what = fates[index] ?? 'alive';
          if (name === own || what === 'alive') return;
          if (what === 'restarting') scene.hear(name, false);
          else scene.judge(name, what);
        });
        return scene.answers;
      });
      const absent = names.filter((_, index) => fates[index] === 'away' || fates[index] === 'restarting');
      const wanted = absent.map((name) => `0.0.0.${name.charCodeAt(0)}@${MACS[name]}`);
      expect([answered.length, new Set(answered)]).toEqual(alive.length === 0 ? [0, new Set()] : [wanted.length, new Set(wanted)]);
    }),
  );
});

describe('a hello that says what the one before said', () => {
  test.each<{ what: string; change: { mac?: Mac; ready?: boolean; busy?: boolean }; same: boolean }>([
    { what: 'nothing else', change: {}, same: true },
    { what: 'that it is not ready', change: { ready: false }, same: false },
    { what: 'another MAC', change: { mac: 8 as Mac }, same: false },
    { what: 'that it announces nothing', change: { busy: false }, same: false },
  ])('is taken at once: $what is $same', ({ change, same }) => {
    const scene = new Scene();
    scene.hear('c');
    const greeting = { mac: 3 as Mac, ready: true, busy: true, ...change };
    expect(scene.standIns.hearsAgain('c', greeting, 5_000 as Micros)).toBe(same);
  });

  test('is none of a node that was not heard, or is away', () => {
    const scene = new Scene();
    const greeting = { mac: 3 as Mac, ready: true, busy: true };
    expect(scene.standIns.hearsAgain('c', greeting, 2_000 as Micros)).toBe(false);
    scene.hear('c');
    scene.judge('c', 'away');
    expect(scene.standIns.hearsAgain('c', greeting, 9_000 as Micros)).toBe(false);
  });

  test('counts as heard: whoever became ready before it may answer', () => {
    const scene = new Scene('a');
    scene.hear('c');
    scene.take({ kind: 'described', ready: false });
    scene.take({ kind: 'described', ready: true });
    expect(scene.standIns.hearsAgain('c', { mac: 3 as Mac, ready: true, busy: true }, 4_500 as Micros)).toBe(true);
    scene.judge('c', 'away');
    expect(scene.answers).toEqual(BOTH);
  });
});
