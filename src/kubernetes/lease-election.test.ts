import { describe, expect, test } from '@jest/globals';
import { micros, milliseconds } from '../lib/clock.ts';
import { type ElectionEffect, type ElectionEvent, type ElectionSettings, type ElectionState, NEWCOMER, step } from './lease-election.ts';
import { type LeaseRecord, NO_LEASE } from './lease-record.ts';

const seconds = (count: number) => milliseconds(count * 1_000);
const ME: ElectionSettings = {
  identity: 'me_1',
  predecessors: 'me_',
  leaseDuration: seconds(15),
  renewDeadline: seconds(10),
  retryPeriod: seconds(2),
};
const NOW = seconds(100);

const held = (holder: string, version = '5'): LeaseRecord => ({
  version,
  holder,
  duration: seconds(15),
  transitions: 4,
  acquireTime: 'then',
});
const following = (record: LeaseRecord | undefined, more: object = {}): ElectionState => ({
  role: 'following',
  record,
  seenAt: seconds(95),
  asking: false,
  ...more,
});
const leading = (more: object = {}): ElectionState => ({
  role: 'leading',
  record: held('me_1'),
  until: seconds(108),
  asking: false,
  ...more,
});
const take = (from: LeaseRecord): ElectionEffect => ({
  kind: 'write',
  record: { ...from, holder: 'me_1', duration: seconds(15), transitions: from.holder === 'me_1' ? from.transitions : from.transitions + 1 },
  acquired: from.holder !== 'me_1',
});
const wait = (count: number): ElectionEffect => ({ kind: 'wait', delay: seconds(count) });
const READ: ElectionEffect = { kind: 'read' };

interface Row {
  readonly name: string;
  readonly state: ElectionState;
  readonly event: ElectionEvent;
  readonly becomes: object;
  readonly effects: readonly ElectionEffect[];
}

function check({ state, event, becomes, effects }: Row): void {
  const [next, done] = step(ME, state, event, NOW);
  expect(next).toMatchObject(becomes);
  expect(done).toEqual(effects);
}

const FOLLOWER: readonly Row[] = [
  { name: 'begins with a look', state: NEWCOMER, event: { kind: 'started' }, becomes: { asking: true }, effects: [READ] },
  {
    name: 'takes what is not there',
    state: following(undefined, { asking: true }),
    event: { kind: 'read', record: NO_LEASE },
    becomes: { role: 'following', asking: true },
    effects: [take(NO_LEASE)],
  },
  {
    name: 'takes what was given back, at once',
    state: following(held('other')),
    event: { kind: 'shown', record: held('', '6') },
    becomes: { asking: true, tried: '6' },
    effects: [take(held('', '6'))],
  },
  {
    name: 'takes what a dead process of its pod held',
    state: following(undefined, { asking: true }),
    event: { kind: 'read', record: held('me_0') },
    becomes: { asking: true },
    effects: [take(held('me_0'))],
  },
  {
    name: 'takes up what it was given without hearing of it',
    state: following(held('other')),
    event: { kind: 'shown', record: held('me_1', '6') },
    becomes: { asking: true },
    effects: [take(held('me_1', '6'))],
  },
  {
    name: 'waits for the lease of another, from when it saw it',
    state: following(undefined, { asking: true }),
    event: { kind: 'read', record: held('other') },
    becomes: { asking: false, seenAt: NOW },
    effects: [wait(15)],
  },
  {
    name: 'waits anew when it was renewed',
    state: following(held('other')),
    event: { kind: 'shown', record: held('other', '6') },
    becomes: { seenAt: NOW, record: { version: '6' } },
    effects: [wait(15)],
  },
  {
    name: 'does not wait anew for what it knows',
    state: following(held('other')),
    event: { kind: 'shown', record: held('other') },
    becomes: { seenAt: seconds(95) },
    effects: [wait(10)],
  },
  {
    name: 'does not go back to what was before',
    state: following(held('other', '10')),
    event: { kind: 'shown', record: held('', '9') },
    becomes: { record: { version: '10' } },
    effects: [wait(10)],
  },
  {
    name: 'wakes too early',
    state: following(held('other')),
    event: { kind: 'due' },
    becomes: { asking: false },
    effects: [wait(10)],
  },
  {
    name: 'takes what was not renewed for as long as was promised',
    state: following(held('other'), { seenAt: seconds(85) }),
    event: { kind: 'due' },
    becomes: { asking: true },
    effects: [take(held('other'))],
  },
  {
    name: 'goes by the promise of the holder, not by its own flags',
    state: following({ ...held('other'), duration: seconds(60) }, { seenAt: seconds(85) }),
    event: { kind: 'due' },
    becomes: { asking: false },
    effects: [wait(45)],
  },
  {
    name: 'goes by its own flags when there is no promise',
    state: following({ ...held('other'), duration: seconds(0) }),
    event: { kind: 'due' },
    becomes: { asking: false },
    effects: [wait(10)],
  },
  {
    name: 'asks once at a time',
    state: following(held('other'), { asking: true }),
    event: { kind: 'shown', record: held('', '6') },
    becomes: { asking: true, record: { version: '6' } },
    effects: [],
  },
  {
    name: 'looks when the Lease has vanished',
    state: following(held('other')),
    event: { kind: 'vanished' },
    becomes: { asking: true },
    effects: [READ],
  },
  {
    name: 'gives the leader of a deleted Lease his time',
    state: following(held('other'), { asking: true }),
    event: { kind: 'read', record: NO_LEASE },
    becomes: { record: { version: '', holder: 'other' }, seenAt: NOW },
    effects: [wait(15)],
  },
  {
    name: 'looks when somebody was faster',
    state: following(held('other'), { asking: true }),
    event: { kind: 'conflicted' },
    becomes: { asking: true },
    effects: [READ],
  },
  {
    name: 'does not try at once what was refused',
    state: following(held(''), { asking: true, tried: '5' }),
    event: { kind: 'read', record: held('') },
    becomes: { asking: false },
    effects: [wait(2)],
  },
  {
    name: 'tries at once what is news',
    state: following(held('other', '6'), { asking: true, tried: '5' }),
    event: { kind: 'read', record: held('', '7') },
    becomes: { asking: true, tried: '7' },
    effects: [take(held('', '7'))],
  },
  {
    name: 'tries again after a while',
    state: following(held(''), { asking: true }),
    event: { kind: 'failed' },
    becomes: { asking: false },
    effects: [wait(2)],
  },
  {
    name: 'leads, from when it asked',
    state: following(held(''), { asking: true }),
    event: { kind: 'written', record: held('me_1', '6'), sentAt: seconds(99) },
    becomes: { role: 'leading', until: seconds(109), record: { version: '6' } },
    effects: [{ kind: 'lead' }, wait(1)],
  },
  {
    name: 'ends',
    state: following(held('other')),
    event: { kind: 'resigned' },
    becomes: { role: 'resigned' },
    effects: [{ kind: 'end' }],
  },
];

describe('a follower', () => {
  test.each(FOLLOWER)('$name', check);
});

const LEADER: readonly Row[] = [
  { name: 'renews', state: leading(), event: { kind: 'due' }, becomes: { asking: true }, effects: [take(held('me_1'))] },
  { name: 'renews once at a time', state: leading({ asking: true }), event: { kind: 'due' }, becomes: { asking: true }, effects: [] },
  {
    name: 'counts from when it sent the renewal',
    state: leading({ asking: true }),
    event: { kind: 'written', record: held('me_1', '6'), sentAt: seconds(97) },
    becomes: { role: 'leading', until: seconds(107), asking: false, record: { version: '6' } },
    effects: [wait(0)],
  },
  {
    name: 'tries again when there is no answer, and has no more time for it',
    state: leading({ asking: true }),
    event: { kind: 'failed' },
    becomes: { role: 'leading', until: seconds(108), asking: false },
    effects: [wait(2)],
  },
  {
    name: 'whose time is over tries on: nobody may have taken its place',
    state: leading({ until: seconds(50) }),
    event: { kind: 'due' },
    becomes: { role: 'leading', until: seconds(50), asking: true },
    effects: [take(held('me_1'))],
  },
  {
    name: 'knows its own renewal',
    state: leading({ asking: true }),
    event: { kind: 'shown', record: held('me_1', '6') },
    becomes: { role: 'leading', until: seconds(108), record: { version: '6' } },
    effects: [],
  },
  {
    name: 'is not deposed by what was before it',
    state: leading({ record: held('me_1', '10') }),
    event: { kind: 'shown', record: held('other', '9') },
    becomes: { role: 'leading' },
    effects: [],
  },
  {
    name: 'is deposed by another',
    state: leading(),
    event: { kind: 'shown', record: held('other', '6') },
    becomes: { role: 'following', seenAt: NOW, record: { holder: 'other' } },
    effects: [{ kind: 'yield' }, wait(15)],
  },
  {
    name: 'begins anew when somebody empties its Lease',
    state: leading(),
    event: { kind: 'shown', record: held('', '6') },
    becomes: { role: 'following', asking: true },
    effects: [{ kind: 'yield' }, take(held('', '6'))],
  },
  {
    name: 'looks when it is refused',
    state: leading({ asking: true }),
    event: { kind: 'conflicted' },
    becomes: { asking: true },
    effects: [READ],
  },
  { name: 'looks when its Lease vanished', state: leading(), event: { kind: 'vanished' }, becomes: { asking: true }, effects: [READ] },
  {
    name: 'that asks already does not look besides',
    state: leading({ asking: true }),
    event: { kind: 'vanished' },
    becomes: { asking: true },
    effects: [],
  },
  {
    name: 'finds that its lost renewal had arrived, and renews on top of it',
    state: leading({ asking: true }),
    event: { kind: 'read', record: held('me_1', '6') },
    becomes: { role: 'leading', asking: true, until: seconds(108) },
    effects: [take(held('me_1', '6'))],
  },
  {
    name: 'finds nothing new',
    state: leading({ asking: true }),
    event: { kind: 'read', record: held('me_1') },
    becomes: { role: 'leading', asking: false },
    effects: [wait(2)],
  },
  {
    name: 'finds another in its place',
    state: leading({ asking: true }),
    event: { kind: 'read', record: held('other', '6') },
    becomes: { role: 'following', asking: false },
    effects: [{ kind: 'yield' }, wait(15)],
  },
  {
    name: 'finds its Lease deleted, and makes it anew as a new leader',
    state: leading({ asking: true }),
    event: { kind: 'read', record: NO_LEASE },
    becomes: { role: 'following', asking: true },
    effects: [{ kind: 'yield' }, take(NO_LEASE)],
  },
];

describe('a leader', () => {
  test.each(LEADER)('$name', check);
});

describe('the end', () => {
  const empty = (version: string): ElectionEffect => ({ kind: 'write', record: { ...held('', version) }, acquired: false });
  const resigning: ElectionState = { role: 'resigning' };
  test.each<Row>([
    { name: 'a leader gives back', state: leading(), event: { kind: 'resigned' }, becomes: resigning, effects: [empty('5')] },
    { name: 'after the renewal under way', state: leading({ asking: true }), event: { kind: 'resigned' }, becomes: resigning, effects: [] },
    {
      name: 'when that has arrived',
      state: resigning,
      event: { kind: 'written', record: held('me_1', '6'), sentAt: NOW },
      becomes: resigning,
      effects: [empty('6')],
    },
    {
      name: 'or is found to be its own',
      state: resigning,
      event: { kind: 'read', record: held('me_1', '6') },
      becomes: resigning,
      effects: [empty('6')],
    },
    {
      name: 'it is given back',
      state: resigning,
      event: { kind: 'written', record: held('', '7'), sentAt: NOW },
      becomes: { role: 'resigned' },
      effects: [{ kind: 'end' }],
    },
    { name: 'one attempt is made', state: resigning, event: { kind: 'failed' }, becomes: { role: 'resigned' }, effects: [{ kind: 'end' }] },
    { name: 'another has it', state: resigning, event: { kind: 'conflicted' }, becomes: { role: 'resigned' }, effects: [{ kind: 'end' }] },
    {
      name: 'what is shown is nothing to it',
      state: resigning,
      event: { kind: 'shown', record: held('other', '9') },
      becomes: resigning,
      effects: [],
    },
    { name: 'nothing follows', state: { role: 'resigned' }, event: { kind: 'due' }, becomes: { role: 'resigned' }, effects: [] },
  ])('$name', check);
});

test('whatever comes while a request is under way, no other is made before its end', () => {
  const events: ElectionEvent[] = [
    { kind: 'due' },
    { kind: 'vanished' },
    { kind: 'started' },
    { kind: 'shown', record: held('', '6') },
    { kind: 'shown', record: held('other', '6') },
    { kind: 'shown', record: held('me_1', '6') },
  ];
  for (const state of [following(held('other'), { asking: true, seenAt: micros(0) }), leading({ asking: true })]) {
    for (const event of events) {
      const [, effects] = step(ME, state, event, NOW);
      expect(effects.filter(({ kind }) => kind === 'read' || kind === 'write')).toEqual([]);
    }
  }
});
