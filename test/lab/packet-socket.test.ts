import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { formatIpv4, type Ipv4 } from '../../src/lib/ipv4.ts';
import { formatIpv6, type Ipv6 } from '../../src/lib/ipv6.ts';
import { formatMac, type Mac } from '../../src/lib/mac.ts';
import { loadNativeSockets } from '../../src/speaker/net/native.ts';
import { NetworkError } from '../../src/speaker/net/network-error.ts';
import { arpFilter, BPF, MAX_RANGES, type PacketFilter } from '../../src/speaker/net/packet-filter.ts';
import type { FrameBatch, PacketSocket } from '../../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../../src/speaker/net/raw-packet-network.ts';
import { watchLinksWith } from '../../src/speaker/net/route-link-monitor.ts';
import { openUdpMembership } from '../../src/speaker/net/udp-group-membership.ts';
import { arpRequest } from '../support/arp-frames.ts';
import { describeInOwnNamespace } from '../support/lab/own-namespace.ts';
import { describeNodeNetwork, type NodeNetworkFixture } from '../support/node-network-contract.ts';

const ARP = 0x0806;
const KEEP_ALL: PacketFilter = [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: 128 }];
/** ENODEV, EINVAL, EFAULT and EBADF of Linux, negative. */
const NO_DEVICE = -19;
const INVALID = -22;
const FAULT = -14;
const CLOSED = -9;

/** All that nobody holds is gone afterwards. */
const collectGarbage: () => void = exposedCollector();

function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** What the requests of a batch ask for. */
function targetsOf(batch: FrameBatch): string[] {
  const indices = Array.from({ length: batch.count }, (_, index) => index).filter((index) => batch.length(index) > 0);
  return indices.map((index) => targetOf(batch.frame(index)));
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The kernel's own sockets, on the two ends of a virtual cable. */
function makeFixture(): NodeNetworkFixture {
  const native = loadNativeSockets();
  ip('link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
  for (const link of ['left', 'right']) ip('link', 'set', link, 'up');
  return {
    packets: new RawPacketNetwork(native),
    watchLinks: watchLinksWith(native),
    openMembership: openUdpMembership,
    groupsOn,
    left: 'left',
    right: 'right',
    setUp: (link, up) => ip('link', 'set', link, up ? 'up' : 'down'),
    setMac: (link, mac) => ip('link', 'set', link, 'address', formatMac(mac)),
    addAddress: (link, address, prefixLength) => ip('address', 'add', `${address}/${prefixLength}`, 'dev', link),
    add: (link) => ip('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}-end`),
    remove: (link) => ip('link', 'delete', link),
    [Symbol.dispose]: () => ip('link', 'delete', 'left'),
  };
}

describeInOwnNamespace('the network of the kernel', import.meta.url, () => {
  describeNodeNetwork('keeps its promises', makeFixture);
  describe.each([testAddon, testRests])('by the addon', (rows) => rows());

  test('a socket that nobody holds goes on hearing until it is disposed of', async () => {
    using fixture = makeFixture();
    const heard: string[] = [];
    const options = { purpose: 'listening', etherType: ARP, filter: KEEP_ALL, link: indexOf(fixture.right) };
    const weak = new WeakRef(
      fixture.packets.open(options, { received: (batch) => heard.push(...targetsOf(batch)), failed: () => undefined }),
    );
    for (let round = 0; round < 3; round++) {
      await sleep(10);
      collectGarbage();
    }
    using asker = fixture.packets.open({ ...options, link: indexOf(fixture.left) }, { received: () => undefined, failed: () => undefined });
    expect(asker.send(arpRequest('10.0.0.1'))).toBe(true);
    for (let round = 0; round < 10_000 && heard.length === 0; round++) await sleep(2);
    expect(heard).toEqual(['10.0.0.1']);
    weak.deref()?.[Symbol.dispose]();
  });

  test('a link does not hear what comes in by it for a link on top of it', async () => {
    using fixture = makeFixture();
    ip('link', 'add', 'link', fixture.right, 'name', 'top', 'type', 'macvlan');
    ip('link', 'set', 'top', 'up');
    const heard: string[] = [];
    const open = (name: string): PacketSocket => {
      const options = { link: indexOf(name), purpose: `listening on ${name}`, etherType: ARP, filter: KEEP_ALL };
      const received = (batch: FrameBatch): void => void heard.push(...targetsOf(batch).map((target) => `${name} ${target}`));
      return fixture.packets.open(options, { received, failed: (error) => expect(error).toBeUndefined() });
    };
    using asker = open(fixture.left);
    using _ = open('top');
    using __ = open(fixture.right);
    for (const [name, target] of [
      ['top', '10.0.0.1'],
      [fixture.right, '10.0.0.2'],
    ] as const)
      expect(asker.send(arpRequest(target, { destination: macOf(name) }))).toBe(true);
    for (let round = 0; round < 10_000 && heard.length < 2; round++) await sleep(2);
    expect(new Set(heard)).toEqual(new Set(['right 10.0.0.2', 'top 10.0.0.1']));
  });

  test('a socket knows the room that the kernel gave its queue', () => {
    using fixture = makeFixture();
    const listener = { received: () => undefined, failed: () => undefined };
    const options = { link: indexOf(fixture.left), purpose: 'asking for room', etherType: ARP, filter: KEEP_ALL };
    using socket = fixture.packets.open(options, listener);
    // As root, what was asked for is granted whatever the system's limit is, and the kernel counts it twice.
    expect(socket.queueOctets).toBe(2 * 4 * 1024 * 1024);
  });

  test('the kernel takes a filter of every size, or refuses it for want of memory', () => {
    using fixture = makeFixture();
    const listener = { received: () => undefined, failed: () => undefined };
    const options = { link: indexOf(fixture.left), purpose: 'trying filters', etherType: ARP, filter: arpFilter([]) };
    using socket = fixture.packets.open(options, listener);
    for (const count of [1, 100, 101, 500, 1_000, MAX_RANGES]) {
      const scattered = Array.from({ length: count }, (_, index) => 3 + index * 1_000_003);
      expect(codeOf(() => socket.setFilter(arpFilter(scattered)))).toMatch(count <= 100 ? /^taken$/ : /^(?:taken|ENOMEM)$/);
    }
  });
});

function indexOf(link: string): number {
  return Number(/^\d+/.exec(execFileSync('ip', ['-o', 'link', 'show', link], { encoding: 'utf8' })));
}

/** What the kernel lists in /proc/net/igmp6, of the groups that the contract joins: number, link, group, users. */
function groupsOn(link: string): readonly string[] {
  const lines = readFileSync('/proc/net/igmp6', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const groups = lines
    .filter(([, name, group]) => name === link && group?.startsWith('ff0200000000000000000001ffaa'))
    .map(([, , group]) => group ?? '');
  return groups.map((group) => formatIpv6(BigInt(`0x${group}`) as Ipv6)).sort();
}

function entriesOf(folder: string): number {
  return readdirSync(folder).length;
}

function macOf(link: string): Mac {
  const text = /link\/ether (\S+)/.exec(execFileSync('ip', ['-o', 'link', 'show', link], { encoding: 'utf8' }))?.[1] ?? '';
  return Number(`0x${text.replaceAll(':', '')}`) as Mac;
}

function targetOf(request: DataView): string {
  return formatIpv4(request.getUint32(38) as Ipv4);
}

function codeOf(act: () => void): string {
  try {
    act();
    return 'taken';
  } catch (thrown) {
    return thrown instanceof NetworkError ? thrown.code : String(thrown);
  }
}

/** How many messages each reading gives, of frames that come one after the other, and then of one after a pause. */
function testRests(): void {
  test.each([
    { restMilliseconds: 1_000, later: 1_000, readings: [1, 5, 1] },
    { restMilliseconds: 0, later: 0, readings: [1, 1, 1, 1, 1, 1, 1] },
    { restMilliseconds: 0, later: 1_000, readings: [1, 5, 1] },
    { restMilliseconds: 1_000, later: 0, readings: [1, 1, 1, 1, 1, 1, 1] },
  ])('of $restMilliseconds ms, then of $later', async ({ restMilliseconds, later, readings }) => {
    using fixture = makeFixture();
    const counts: number[] = [];
    const options = { purpose: 'listening', etherType: ARP, filter: KEEP_ALL };
    const received = (batch: FrameBatch): void => void counts.push(batch.count);
    const failed = (error: NetworkError): void => expect(error).toBeUndefined();
    using resting = fixture.packets.open({ ...options, restMilliseconds, link: indexOf(fixture.right) }, { received, failed });
    using asker = fixture.packets.open({ ...options, link: indexOf(fixture.left) }, { received: () => undefined, failed });
    const read = async (count: number): Promise<void> => {
      const total = (): number => counts.reduce((sum, one) => sum + one, 0);
      for (let round = 0; round < 10_000 && total() < count; round++) await sleep(2);
    };
    asker.send(arpRequest('10.0.0.1'));
    await read(1);
    resting.setRest(later);
    // A rest that has begun is not shorter for that.
    if (later < restMilliseconds) await sleep(2 * restMilliseconds);
    for (let frame = 0; frame < 5; frame++) {
      asker.send(arpRequest('10.0.0.1'));
      await sleep(3);
      // Without a rest each is read as it comes, and a busy kernel may let it come later than that.
      if (later === 0) await read(frame + 2);
    }
    await read(6);
    // Time for a reading that finds nothing: after it a frame is awaited, not a moment.
    await sleep(2 * later);
    asker.send(arpRequest('10.0.0.1'));
    await read(7);
    expect(counts).toEqual(readings);
  });

  test('is over for what waits when somebody asks for it', async () => {
    using fixture = makeFixture();
    let count = 0;
    const options = { purpose: 'listening', etherType: ARP, filter: KEEP_ALL, restMilliseconds: 1_000 };
    const received = (batch: FrameBatch): void => {
      count += batch.count;
    };
    const failed = (error: NetworkError): void => expect(error).toBeUndefined();
    using resting = fixture.packets.open({ ...options, link: indexOf(fixture.right) }, { received, failed });
    using asker = fixture.packets.open({ ...options, link: indexOf(fixture.left) }, { received: () => undefined, failed });
    asker.send(arpRequest('10.0.0.1'));
    for (let round = 0; round < 10_000 && count < 1; round++) await sleep(2);
    asker.send(arpRequest('10.0.0.1'));
    let before = count;
    for (let round = 0; round < 10_000 && count === before; round++) {
      await sleep(2);
      before = count;
      resting.read();
    }
    expect([before, count]).toEqual([1, 2]);
  });
}

/** The addon's own checks: what the classes above it never do must still not touch foreign memory. */
function testAddon(): void {
  const native = loadNativeSockets();
  const keepAll = new Uint8Array([BPF.accept, 0, 0, 0, 128, 0, 0, 0]);
  const slots = (): Uint8Array => new Uint8Array(256);
  const lengths = (): Uint32Array => new Uint32Array(2);
  const ignore = (): void => undefined;

  test.each<{ what: string; words: unknown[] }>([
    { what: 'no arguments', words: [] },
    { what: 'a view of another kind for a program', words: [1, ARP, 1_000, 0, new Uint16Array(4), slots(), lengths(), ignore] },
    { what: 'a rest of less than nothing', words: [1, ARP, 1_000, -2, keepAll, slots(), lengths(), ignore] },
    { what: 'a rest of more than a second', words: [1, ARP, 1_000, 1_001, keepAll, slots(), lengths(), ignore] },
    { what: 'all links at once', words: [0, ARP, 1_000, 0, keepAll, slots(), lengths(), ignore] },
    { what: 'no slot', words: [1, ARP, 1_000, 0, keepAll, slots(), new Uint32Array(0), ignore] },
    { what: 'more slots than octets', words: [1, ARP, 1_000, 0, keepAll, new Uint8Array(1), lengths(), ignore] },
    { what: 'more slots than there may be', words: [1, ARP, 1_000, 0, keepAll, slots(), new Uint32Array(65), ignore] },
    { what: 'nobody who receives', words: [1, ARP, 1_000, 0, keepAll, slots(), lengths(), undefined] },
  ])('refuses $what', ({ words }) => {
    expect(() => Reflect.apply(native.openPacketSocket, native, words)).toThrow('openPacketSocket(');
  });

  test.each(['send', 'receive', 'setRest', 'setFilter', 'queueOctets', 'takeDrops', 'close'] as const)(
    '%s takes no other object for a socket',
    (name) => {
      for (const words of [[], [{}], [{}, keepAll], [5, keepAll]])
        expect(() => Reflect.apply(native[name], native, words)).toThrow(`${name}(`);
    },
  );

  test.each([0, 7, 8 * 4_097])('refuses a program of %d octets', (octets) => {
    expect(native.openPacketSocket(1, ARP, 1_000, 0, new Uint8Array(octets), slots(), lengths(), ignore)).toBe(INVALID);
  });

  test('a socket is closed by a thread of its own, and nothing of either is left', async () => {
    const [threads, descriptors] = [entriesOf('/proc/self/task'), entriesOf('/proc/self/fd')];
    const noLink = 9_999;
    let most = 0;
    for (let round = 0; round < 50; round++) {
      expect(native.openPacketSocket(noLink, ARP, 1_000, 0, keepAll, slots(), lengths(), ignore)).toBe(NO_DEVICE);
      most = Math.max(most, entriesOf('/proc/self/task'));
    }
    expect(most).toBeGreaterThan(threads);
    const left = (): boolean => entriesOf('/proc/self/task') > threads || entriesOf('/proc/self/fd') > descriptors;
    for (let round = 0; round < 10_000 && left(); round++) await sleep(2);
    expect(entriesOf('/proc/self/task')).toBeLessThanOrEqual(threads);
    expect(entriesOf('/proc/self/fd')).toBeLessThanOrEqual(descriptors);
  });

  test('slots that were given to another thread end the reading with one failure', async () => {
    using fixture = makeFixture();
    const said: number[] = [];
    const lent = new Uint8Array(new ArrayBuffer(256));
    const [left, right] = [indexOf(fixture.left), indexOf(fixture.right)];
    const receiver = native.openPacketSocket(right, ARP, 1_000, 0, keepAll, lent, lengths(), (count) => void said.push(count));
    const sender = native.openPacketSocket(left, ARP, 1_000, 0, keepAll, slots(), lengths(), ignore);
    if (typeof receiver === 'number' || typeof sender === 'number') throw new Error('no socket');
    structuredClone(lent.buffer, { transfer: [lent.buffer] });
    for (let frame = 0; frame < 10; frame++) native.send(sender, arpRequest('10.0.0.1'));
    for (let round = 0; round < 10_000 && said.length === 0; round++) await sleep(2);
    await sleep(50);
    expect(said).toEqual([FAULT]);
    native.close(receiver);
    native.close(sender);
    expect(native.send(sender, arpRequest('10.0.0.1'))).toBe(CLOSED);
    expect(native.receive(receiver)).toBe(CLOSED);
  });
}
