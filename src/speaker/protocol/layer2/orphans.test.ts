import { expect, test } from '@jest/globals';
import { addressOf } from '../../../../test/support/announcements.ts';
import { OwnersScene, TEXT } from '../../../../test/support/owners-scene.ts';
import type { Micros } from '../../../lib/clock.ts';
import { Acquaintances } from './acquaintances.ts';
import { ClaimTable, holdersOf } from './claim-table.ts';
import { Orphans } from './orphans.ts';

const ADDRESS = addressOf(TEXT);
/** Two looks, and some more. */
const LONG = 130_000;

/** Node b, which has heard a, the owner of the address, and c. */
class Scene extends OwnersScene {
  constructor(plan: 'whole' | 'none' = 'whole') {
    super(...(plan === 'whole' ? ['a', 'c'] : []));
    if (plan === 'none') for (const node of 'ac') this.greets(node);
    this.hears('a', 5);
  }

  /** c says whose the address is. */
  hears(owner: string, epoch: number, leaving: boolean = false): void {
    this.claims('c', epoch, owner, leaving);
  }

  get holders(): readonly string[] {
    return [...holdersOf(this.owners.claims())];
  }
}

const dies = (scene: Scene): void => scene.take({ kind: 'gone', nodes: ['a'] });

test('what a dead node had and no Service has any more is nobody’s after a while, and the others are told', () => {
  const scene = new Scene();
  dies(scene);
  scene.run(50_000);
  expect([scene.claim, scene.holders]).toEqual(['5 a', ['a']]);
  scene.effects.length = 0;
  scene.run(LONG);
  expect([scene.claim, scene.holders]).toEqual(['6 ', []]);
  const said = scene.effects.flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'claims' ? effect.message.claims : []));
  expect(said).toEqual(Array.from({ length: 3 }, () => ({ address: ADDRESS, epoch: 6, owner: '', leaving: false })));
});

test.each<{ what: string; plan?: 'none'; act: (scene: Scene) => void; claim: string }>([
  { what: 'its owner is there', act: () => undefined, claim: '5 a' },
  {
    what: 'a Service has it, which nobody else may answer for',
    act: (scene) => {
      scene.plan('a');
      dies(scene);
    },
    claim: '5 a',
  },
  { what: 'nobody has said yet which Services there are', plan: 'none', act: dies, claim: '5 a' },
  {
    what: 'its owner comes back before the second look',
    act: (scene) => {
      dies(scene);
      scene.run(100_000);
      scene.greets('a', 0);
    },
    claim: '5 a',
  },
  {
    what: 'another node, which knows of a Service, takes it',
    act: (scene) => {
      dies(scene);
      scene.run(100_000);
      scene.hears('c', 6);
    },
    claim: '6 c',
  },
])('it is left as it is when $what', ({ plan, act, claim }) => {
  const scene = new Scene(plan);
  act(scene);
  scene.run(LONG);
  expect(scene.claim).toBe(claim);
});

test('a node that comes back and dies again is waited for anew', () => {
  const scene = new Scene();
  dies(scene);
  scene.run(100_000);
  scene.greets('a', 0);
  dies(scene);
  scene.run(100_000);
  expect(scene.claim).toBe('5 a');
  scene.run(LONG);
  expect(scene.claim).toBe('6 ');
});

test('its Service may end when its owner is dead for long, and the owner may have been about to leave', () => {
  const scene = new Scene();
  scene.plan('a');
  scene.hears('a', 6, true);
  dies(scene);
  scene.run(LONG);
  expect(scene.claim).toBe('6 a leaving');
  scene.take({ kind: 'planned', candidacies: [], ended: [TEXT] });
  scene.run(LONG);
  expect(scene.claim).toBe('7 ');
});

test('an owner that is back, of whose Service the others did not know, goes on and has lost nothing', () => {
  const scene = new Scene();
  const contenders = new Map([['b', 0]]);
  scene.take({ kind: 'planned', candidacies: [{ address: ADDRESS, self: true, contenders }], ended: [] });
  scene.hears('b', 9);
  expect(scene.owners.answering).toEqual(new Set([TEXT]));
  for (const epoch of [10, 20, 30]) {
    scene.hears('', epoch);
    expect([scene.claim, scene.owners.answering]).toEqual([`${epoch + 1} b`, new Set([TEXT])]);
    scene.run(2_000);
  }
  expect([scene.damped, scene.effects.filter(({ kind }) => kind === 'disown')]).toEqual([false, []]);
});

test.each([
  { others: ['c', 'd'], milliseconds: 60_000 },
  { others: ['a', 'b', 'c', 'd'], milliseconds: 60_400 },
  { others: ['many', ...Array.from({ length: 500 }, (_, index) => `a${index}`)], milliseconds: 120_000 },
])('one after the other looks, by name, so that one says it for all: after $milliseconds ms', ({ others, milliseconds }) => {
  const view = new Acquaintances('bb', true);
  for (const node of others) view.greet(node, 0, false, 0);
  const orphans = new Orphans();
  const table = new ClaimTable();
  const at = (now: number): number => {
    orphans.take(view, table, new Map(), now as Micros);
    return orphans.nextAt;
  };
  expect(at(0)).toBe(Number.POSITIVE_INFINITY);
  view.lose(['x']);
  expect(at(1_000)).toBe(1_000 + milliseconds * 1_000);
  view.lose([]);
  expect(at(2_000)).toBe(Number.POSITIVE_INFINITY);
});
