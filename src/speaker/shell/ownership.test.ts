import { beforeEach, describe, expect, test } from '@jest/globals';
import { addressOf, announcement, only, withdraw } from '../../../test/support/announcements.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { Announcement, PlanChange } from '../../model/plan.ts';
import { Ownership } from './ownership.ts';

const TEXT = '198.51.100.1';

/** What happened, in the order in which it did. */
let done: string[];
/** The nodes that were planned last, best first. */
let order: string;
/** What is announced for an address, as is said to those who look for others that have it. */
let kept: Map<string, string>;
let owned: (readonly [readonly string[], boolean])[];
let clock: FakeClock;
let known: number;
let takings: string[];
/** What others have said and nobody has read yet. */
let unread: (() => void)[];
let ownership: Ownership;

beforeEach(() => {
  done = [];
  owned = [];
  kept = new Map();
  known = 0;
  takings = [];
  unread = [];
  clock = new FakeClock();
  ownership = new Ownership({
    ...{ clock, node: 'b', rank: (node) => `${order.indexOf(node)}`, segmented: true, memory: undefined, knownChanged: () => void known++ },
    answer: (changes) => void done.push(...changes.map(textOf)),
    defend: (services) => void done.push(`defend ${services.join()}`),
    look: (key) => ownership.take({ kind: 'free', address: key }),
    lookAway: () => undefined,
    keep: (key, announcements) => void kept.set(key, announcements.map(({ service }) => service).join()),
    send: (to, message) => void done.push(`${message.kind} to ${to ?? 'all'}`),
    catchUp: (late) => {
      if (late === 0) for (const hear of unread.splice(0)) hear();
    },
    listened: () => void done.push('listened'),
    owned: (addresses, certain) => void owned.push([addresses, certain]),
    silentSince: (node) => (node === 'c' ? clock.now() : undefined),
    taken: ({ ip, from, reason, silentMilliseconds }) => {
      takings.push(`${ip} ${from} ${reason} ${silentMilliseconds}`);
      done.push(`taken ${ip}`);
    },
  });
  ownership.start();
  ownership.take({ kind: 'greeted', node: 'a', digest: 0, damped: false });
});

function textOf(change: PlanChange): string {
  if (change.kind === 'announce') return `announce ${change.announcement.service}`;
  return change.kind === 'withdraw' ? `withdraw ${change.service}` : 'replace';
}

/** A Service of which these nodes may answer for the address, best first. */
function contested(service: string, nodes: string, addresses: readonly string[] = [TEXT]): Announcement {
  order = nodes;
  const contenders = new Map(Array.from(nodes, (node) => [node, 0]));
  const candidacy = { address: addressOf(addresses[0] ?? ''), self: nodes.includes('b'), contenders };
  return { ...announcement(service, addresses), candidacy };
}

function plan(...announcements: readonly Announcement[]): void {
  ownership.apply(announcements.map((one) => ({ kind: 'announce', announcement: one })));
}

function claim(epoch: number, owner: string): void {
  ownership.take({ kind: 'claimed', node: 'a', claims: [{ address: addressOf(TEXT), epoch, owner, leaving: false }] });
}

describe('a Service', () => {
  test('is announced before its address is claimed, and the main thread hears of it', () => {
    plan(contested('x/web', 'ba'));
    expect(done).toEqual(['listened', 'announce x/web', 'claims to all']);
    expect(owned).toEqual([[[TEXT], false]]);
  });

  test('and those that share its address are what others are looked for of', () => {
    plan(contested('x/web', 'ba'), contested('x/mail', 'ba'));
    expect(kept.get(TEXT)).toBe('x/web,x/mail');
    claim(9, 'a');
    expect(kept.get(TEXT)).toBe('');
  });

  test('of another node is not announced', () => {
    claim(3, 'a');
    plan(contested('x/web', 'ba'));
    clock.advance(milliseconds(10_000));
    expect([done, owned]).toEqual([['listened'], []]);
  });

  test('waits its turn while hellos come that say nothing new', () => {
    plan(contested('x/web', 'ab'));
    for (let hellos = 0; hellos < 3; hellos++) ownership.take({ kind: 'greeted', node: 'a', digest: 0, damped: false });
    clock.advance(milliseconds(4_000));
    expect(done).toEqual(['listened']);
    clock.advance(milliseconds(2_000));
    expect(done).toContain('announce x/web');
  });

  test('is not taken when somebody has claimed it whose word waits to be read', () => {
    plan(contested('x/web', 'ab'));
    unread.push(() => claim(1, 'a'));
    clock.advance(milliseconds(10_000));
    expect([done, unread]).toEqual([['listened'], []]);
  });

  test('that shares the address goes with it, and so do all its addresses', () => {
    plan(contested('x/web', 'ba'), contested('x/mail', 'ba', [TEXT, '2001:db8::1']));
    expect(done.filter((line) => line.startsWith('announce'))).toEqual(['announce x/web', 'announce x/mail']);
    done = [];
    claim(9, 'a');
    expect(done).toEqual(['withdraw x/web', 'withdraw x/mail']);
  });

  test('nobody else may announce is announced without a word of others', () => {
    ownership.apply([{ kind: 'announce', announcement: announcement('x/web', [TEXT]) }]);
    expect(done).toContain('announce x/web');
  });

  test('is announced on while the node leaves, until another one has claimed it', () => {
    plan(contested('x/web', 'ba'));
    ownership.apply([{ kind: 'replace', announcements: [contested('x/web', 'a')] }]);
    expect(done.filter((line) => line.startsWith('withdraw'))).toEqual([]);
    claim(9, 'a');
    expect(done.at(-1)).toBe('withdraw x/web');
  });

  test('that ends is withdrawn at once, the last one with its address', () => {
    plan(contested('x/web', 'ba'), contested('x/mail', 'ba'));
    ownership.apply([{ kind: 'replace', announcements: [contested('x/web', 'ba'), contested('x/mail', 'ba')] }]);
    done = [];
    ownership.apply([withdraw('x/mail')]);
    expect(done).toEqual(['withdraw x/mail']);
    ownership.apply([withdraw('x/web')]);
    expect(done).toEqual(['withdraw x/mail', 'withdraw x/web', 'claims to all']);
  });
});

test('what is missing in a provisional plan is not given up', () => {
  claim(7, 'b');
  ownership.apply([{ kind: 'replace', announcements: [], provisional: true }]);
  plan(contested('x/web', 'ab'));
  expect(done).toContain('announce x/web');
  expect(owned.at(-1)).toEqual([[TEXT], false]);
  ownership.apply([{ kind: 'replace', announcements: [contested('x/web', 'ab')] }]);
  expect(owned.at(-1)).toEqual([[TEXT], true]);
});

test('an address of a node that is gone is taken, and people hear why', () => {
  claim(7, 'c');
  plan(contested('x/web', 'cba'));
  ownership.take({ kind: 'gone', nodes: ['c'] });
  expect(takings).toEqual(['198.51.100.1 c gone 0']);
});

test('what is known is another thing when a claim is, and not when it is heard again', () => {
  const before = known;
  claim(7, 'c');
  claim(7, 'c');
  plan(contested('x/web', 'cba'));
  expect(known - before).toBe(1);
  expect(ownership.known).toEqual({ claims: [{ address: addressOf(TEXT), epoch: 7, owner: 'c', leaving: false }], met: true });
});

test('others hear of an address that is taken before people do', () => {
  claim(7, 'c');
  plan(contested('x/web', 'cb'));
  done = [];
  ownership.take({ kind: 'gone', nodes: ['c'] });
  expect(done.filter((line) => line !== 'listened')).toEqual(['announce x/web', 'claims to all', `taken ${TEXT}`]);
});

test('a lower claim of another node is answered, and the Services are announced again', () => {
  claim(7, 'b');
  plan(contested('x/web', 'ba'));
  done = [];
  claim(2, 'a');
  expect(done).toEqual(['defend x/web', 'claims to a']);
});

test('nothing is said of owners before others were heard or a second has passed', () => {
  const other: string[] = [];
  using late: Ownership = new Ownership({
    ...{ clock, node: 'b', rank: (node: string) => node, segmented: true },
    ...{
      memory: { claims: [], met: false, recent: true },
      knownChanged: () => undefined,
      silentSince: () => undefined,
      taken: () => undefined,
    },
    ...{ answer: () => undefined, defend: () => undefined, send: () => undefined },
    ...{ look: (key: string) => late.take({ kind: 'free', address: key }), lookAway: () => undefined, keep: () => undefined },
    catchUp: () => undefined,
    listened: () => void other.push('listened'),
    owned: (addresses) => void other.push(`owned ${addresses.join()}`),
  });
  late.start();
  late.apply([{ kind: 'replace', announcements: [contested('x/web', 'b')] }]);
  expect([other, late.listening, late.claims.damped]).toEqual([[], true, false]);
  clock.advance(milliseconds(1_000));
  expect([other, late.listening]).toEqual([['listened', `owned ${TEXT}`], false]);
});

describe('the addresses of another node', () => {
  const addressesOn = (link: string): string[] => ownership.addressesOf('a', link).map(formatAddress);

  test('are those of the Services whose address it has, each once, and no one that it gives up', () => {
    plan(contested('x/web', 'a'), contested('x/mail', 'a', [TEXT, '2001:db8::1']), contested('x/other', 'a', ['198.51.100.2']));
    claim(3, 'a');
    expect(addressesOn('eth0')).toEqual([TEXT, '2001:db8::1']);
    ownership.take({ kind: 'claimed', node: 'a', claims: [{ address: addressOf(TEXT), epoch: 4, owner: 'a', leaving: true }] });
    expect(addressesOn('eth0')).toEqual([]);
  });

  test('are known from its claims alone until the whole plan is here', () => {
    claim(3, 'a');
    expect(addressesOn('eth0')).toEqual([TEXT]);
    ownership.apply([{ kind: 'replace', announcements: [] }]);
    expect(addressesOn('eth0')).toEqual([]);
  });

  test.each([
    { nodes: 'ab', link: 'eth0', is: [TEXT] },
    { nodes: 'ab', link: 'eth1', is: [] },
    { nodes: 'a', link: 'eth1', is: [TEXT] },
  ])('are where this node would announce them if it may: of $nodes, on $link', ({ nodes, link, is }) => {
    plan({ ...contested('x/web', nodes), interfaces: only('eth0') });
    claim(3, 'a');
    expect(addressesOn(link)).toEqual(is);
  });

  test('are not asked for before this node knows what others know and has a plan, be it an old one', () => {
    expect(ownership.ready).toBe(false);
    ownership.apply([{ kind: 'replace', announcements: [], provisional: true }]);
    expect(ownership.ready).toBe(false);
    ownership.apply([{ kind: 'replace', announcements: [contested('x/web', 'a')], provisional: true }]);
    expect(ownership.ready).toBe(true);
  });
});
