import { expect, test } from '@jest/globals';
import { EVERYWHERE, Presence, type Reach, reachOn } from './presence.ts';

/** Two links, on which b and c are heard. */
function scene(): Presence {
  const presence = new Presence();
  for (const link of ['eth1', 'eth2']) {
    presence.put(link, 'open');
    for (const node of ['b', 'c']) presence.greeted(link, node);
  }
  return presence;
}

function reach(presence: Presence, ...names: readonly string[]): Omit<Reach, 'absent'> & { readonly absent: readonly string[] } {
  const { absent, ...rest } = reachOn(names, presence.view);
  return { ...rest, absent: [...absent] };
}

const NOTHING = { mute: false, dark: false, isolated: false, absent: [] };

test('where all are heard there is nothing to say, and most hellos change nothing', () => {
  const presence = scene();
  const { view } = presence;
  presence.greeted('eth1', 'b');
  expect([presence.view === view, reach(presence, 'eth1'), view.speaking]).toEqual([true, NOTHING, true]);
});

test('who is gone on one link is absent there as soon as somebody else is heard there, until he is heard', () => {
  const presence = scene();
  presence.judged('eth1', 'b', 'dead');
  presence.greeted('eth2', 'c');
  expect(reach(presence, 'eth1')).toEqual(NOTHING);
  presence.greeted('eth1', 'c');
  expect(reach(presence, 'eth1')).toEqual({ ...NOTHING, absent: ['b'] });
  expect(presence.hearsElsewhere('eth1', 'b')).toBe(true);
  presence.greeted('eth1', 'b');
  expect(reach(presence, 'eth1')).toEqual(NOTHING);
});

test('while this node only listens on a link, hellos there change nothing, and nobody is sure to be missed', () => {
  const presence = scene();
  presence.judged('eth1', 'b', 'dead');
  presence.put('eth1', 'listening');
  const { view } = presence;
  presence.greeted('eth1', 'c');
  expect(presence.view).toBe(view);
  presence.put('eth1', 'open');
  presence.greeted('eth1', 'c');
  expect(reach(presence, 'eth1')).toEqual({ ...NOTHING, absent: ['b'] });
});

test('who is forgotten is absent from nowhere', () => {
  const presence = scene();
  presence.judged('eth1', 'b', 'dead');
  presence.greeted('eth1', 'c');
  presence.forget('eth1', 'b');
  expect(reach(presence, 'eth1')).toEqual(NOTHING);
});

test('who is heard on one of the links of an address is there, and who is only away or cut off is too', () => {
  const presence = scene();
  for (const [link, verdict] of [
    ['eth1', 'departed'],
    ['eth2', 'away'],
    ['eth2', 'cut'],
  ] as const)
    presence.judged(link, 'b', verdict);
  presence.greeted('eth1', 'c');
  expect(reach(presence, 'eth1').absent).toEqual(['b']);
  expect(reach(presence, 'eth1', 'eth2')).toEqual(NOTHING);
  expect(reachOn(undefined, presence.view)).toBe(EVERYWHERE);
});

test('a node that hears nobody on a link, and those from there on another one, is sure of nobody and may be cut off itself', () => {
  const presence = scene();
  for (const node of ['b', 'c']) presence.judged('eth1', node, 'dead');
  expect(reach(presence, 'eth1')).toEqual({ ...NOTHING, isolated: true });
  expect(reach(presence, 'eth1', 'eth2')).toEqual(NOTHING);
  for (const node of ['b', 'c']) presence.judged('eth2', node, 'dead');
  expect(reach(presence, 'eth1')).toEqual(NOTHING);
  expect(presence.view.speaking).toBe(false);
});

test('a link without a signal is dark, one that listens is mute, and what was sure there is not any more', () => {
  const presence = scene();
  presence.judged('eth1', 'b', 'dead');
  presence.greeted('eth1', 'c');
  presence.put('eth1', 'dark');
  expect(reach(presence, 'eth1')).toEqual({ ...NOTHING, mute: true, dark: true });
  // A name that this node does not have is no link on which it could speak.
  expect(reach(presence, 'eth1', 'ens5')).toEqual({ ...NOTHING, mute: true, dark: true });
  expect(reach(presence, 'eth1', 'eth2')).toEqual(NOTHING);
  presence.put('eth1', 'listening');
  expect(reach(presence, 'eth1')).toEqual({ ...NOTHING, mute: true });
  presence.put('eth1', 'open');
  expect(reach(presence, 'eth1')).toEqual(NOTHING);
});
