import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatAddress } from '../../src/lib/ip.ts';
import { formatIpv4, type Ipv4 } from '../../src/lib/ipv4.ts';
import { formatMac, type Mac } from '../../src/lib/mac.ts';
import type { OpenMembership } from '../../src/speaker/net/group-membership.ts';
import type { Link, WatchLinks } from '../../src/speaker/net/link-monitor.ts';
import type { NetworkError } from '../../src/speaker/net/network-error.ts';
import { arpFilter, KEPT_OCTETS } from '../../src/speaker/net/packet-filter.ts';
import type { PacketNetwork, PacketSocket, PacketSocketOptions } from '../../src/speaker/net/packet-socket.ts';
import { ARP_REPLY } from '../../src/speaker/wire/arp.ts';
import { numberOf } from './announcements.ts';
import { arpRequest } from './arp-frames.ts';
import { ipv6 } from './ndp-frames.ts';

/** A node with two links that are wired to each other, both up, and what a test does to them. */
export interface NodeNetworkFixture extends Disposable {
  readonly packets: PacketNetwork;
  readonly watchLinks: WatchLinks;
  readonly openMembership: OpenMembership;
  /** The solicited-node groups that are joined on a link besides the link's own, as the kernel lists them. */
  groupsOn(link: string): readonly string[];
  readonly left: string;
  readonly right: string;
  setUp(link: string, up: boolean): void;
  setMac(link: string, mac: Mac): void;
  addAddress(link: string, address: string, prefixLength: number): void;
  /** A link of its own, without a wire, down. */
  add(link: string): void;
  remove(link: string): void;
}

const OURS = '10.0.0.1';
const THEIRS = '10.0.0.2';
const ARP = 0x0806;
const NEW_MAC = 0x0200_0000_00aa as Mac;

/** What a test of the contract holds: the two links, what the monitor last said of them, and what has to be closed. */
class Scene implements Disposable {
  readonly fixture: NodeNetworkFixture;
  readonly opened: Disposable[] = [];
  links: readonly Link[] = [];
  /** How often the monitor spoke. */
  words = 0;

  constructor(fixture: NodeNetworkFixture) {
    this.fixture = fixture;
    this.opened.push(fixture);
    const changed = (links: readonly Link[]): void => {
      this.links = links;
      this.words++;
    };
    this.opened.push(fixture.watchLinks({ changed, failed: (error) => expect(error).toBeUndefined() }));
  }

  linkOf(name: string): Link {
    const found = this.links.find((link) => link.name === name);
    if (found === undefined) throw new Error(`no link ${name}`);
    return found;
  }

  listen(
    name: string,
    addresses: readonly string[],
    change: Partial<PacketSocketOptions> = {},
  ): { socket: PacketSocket; heard: string[]; failures: NetworkError[] } {
    const heard: string[] = [];
    const failures: NetworkError[] = [];
    const filter = arpFilter(addresses.map(numberOf));
    const options = { link: this.linkOf(name).index, purpose: `listening on ${name}`, etherType: ARP, filter, ...change };
    const socket = this.fixture.packets.open(options, {
      received: (batch) => {
        for (let index = 0; index < batch.count; index++) heard.push(summary(batch.frame(index), batch.length(index)));
      },
      failed: (error) => void failures.push(error),
    });
    this.opened.push(socket);
    return { socket, heard, failures };
  }

  [Symbol.dispose](): void {
    for (const one of this.opened.reverse()) one[Symbol.dispose]();
  }
}

type Promised = readonly [promise: string, prove: (scene: Scene) => Promise<void>];

const OF_SOCKETS: readonly Promised[] = [
  [
    'a frame goes to the other end and comes with its octets',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, [OURS]), scene.listen(scene.fixture.right, [OURS])];
      expect(left.socket.send(arpRequest(OURS))).toBe(true);
      await until('the frame arrives', () => right.heard.length > 0);
      expect(right.heard).toEqual([`60 octets for ${OURS} to ff:ff:ff:ff:ff:ff`]);
      expect(left.heard).toEqual([]);
    },
  ],

  [
    'many frames come in order and none is lost',
    async (scene) => {
      const addresses = Array.from({ length: 500 }, (_, index) => formatIpv4((0x0a00_0001 + index) as Ipv4));
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, addresses)];
      for (const address of addresses) left.socket.send(arpRequest(address));
      await until('all frames arrive', () => right.heard.length === addresses.length);
      expect(right.heard).toEqual(addresses.map((address) => `60 octets for ${address} to ff:ff:ff:ff:ff:ff`));
      expect(right.socket.takeDrops()).toBe(0);
    },
  ],

  [
    'of a socket that is not attended what waits comes when it is read, the first frames as far as there is room',
    async (scene) => {
      const addresses = Array.from({ length: 2_000 }, (_, index) => formatIpv4((0x0a00_0001 + index) as Ipv4));
      const left = scene.listen(scene.fixture.left, []);
      const awake = scene.listen(scene.fixture.right, addresses);
      const { socket, heard } = scene.listen(scene.fixture.right, addresses, { unreadOctets: 218_000 });
      const tell = async (some: readonly string[]): Promise<void> => {
        awake.heard.length = 0;
        for (const address of some) left.socket.send(arpRequest(address));
        await until('all frames arrive', () => awake.heard.length === some.length);
      };
      await tell(addresses.slice(0, 3));
      expect(heard).toEqual([]);
      socket.read();
      expect(heard).toEqual(awake.heard);
      await tell(addresses);
      expect(heard).toHaveLength(3);
      socket.read();
      const read = heard.length - 3;
      expect(read).toBeGreaterThan(50);
      expect(read).toBeLessThanOrEqual(256);
      expect(heard.slice(3)).toEqual(awake.heard.slice(0, read));
      socket[Symbol.dispose]();
      socket.read();
    },
  ],

  [
    'the octets of a frame that was sent are the caller’s again',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      const frame = arpRequest(OURS);
      left.socket.send(frame);
      frame.fill(0xff);
      await until('the frame arrives', () => right.heard.length > 0);
      expect(right.heard).toEqual([`60 octets for ${OURS} to ff:ff:ff:ff:ff:ff`]);
    },
  ],

  [
    'the filter decides, and another one takes its place',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      left.socket.send(arpRequest(THEIRS));
      left.socket.send(arpRequest(OURS));
      await until('ours arrives', () => right.heard.length > 0);
      right.socket.setFilter(arpFilter([numberOf(THEIRS)]));
      left.socket.send(arpRequest(OURS));
      left.socket.send(arpRequest(THEIRS));
      await until('theirs arrives', () => right.heard.length > 1);
      expect(right.heard.map((line) => line.split(' ')[3])).toEqual([OURS, THEIRS]);
    },
  ],

  [
    'only what is meant for the link, or for all, is read',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      const { mac } = scene.linkOf(scene.fixture.right);
      left.socket.send(arpRequest(OURS, { destination: 0x0200_0000_0077 as Mac }));
      left.socket.send(arpRequest(OURS, { operation: ARP_REPLY }));
      left.socket.send(arpRequest(OURS, { destination: mac }));
      await until('the frame arrives', () => right.heard.length > 0);
      expect(right.heard).toEqual([`60 octets for ${OURS} to ${formatMac(mac)}`]);
    },
  ],

  [
    'no more is kept of a frame than the filter says',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      const frame = new Uint8Array(1_500);
      frame.set(arpRequest(OURS));
      left.socket.send(frame);
      await until('the frame arrives', () => right.heard.length > 0);
      expect(right.heard[0]).toMatch(new RegExp(`^${KEPT_OCTETS} octets `));
    },
  ],

  [
    'a frame too short for a header is not sent',
    async (scene) => {
      expect(scene.listen(scene.fixture.left, []).socket.send(new Uint8Array(13))).toBe(false);
    },
  ],

  [
    'a link that is down sends nothing, and works again when it is up',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      scene.fixture.setUp(scene.fixture.left, false);
      await until('the monitor says so', () => !scene.linkOf(scene.fixture.left).up);
      expect(left.socket.send(arpRequest(OURS))).toBe(false);
      scene.fixture.setUp(scene.fixture.left, true);
      await until('the link is back', () => scene.linkOf(scene.fixture.left).carrier && scene.linkOf(scene.fixture.right).carrier);
      await until('frames arrive', () => left.socket.send(arpRequest(OURS)) && right.heard.length > 0);
      expect([...left.failures, ...right.failures]).toEqual([]);
    },
  ],

  [
    'the receiver works again after its link was down',
    async (scene) => {
      const [left, right] = [scene.listen(scene.fixture.left, []), scene.listen(scene.fixture.right, [OURS])];
      scene.fixture.setUp(scene.fixture.right, false);
      await until('the monitor says so', () => !scene.linkOf(scene.fixture.right).up);
      scene.fixture.setUp(scene.fixture.right, true);
      await until('frames arrive', () => left.socket.send(arpRequest(OURS)) && right.heard.length > 0);
      expect(right.failures).toEqual([]);
    },
  ],

  [
    'a link that does not exist is refused in words',
    async (scene) => {
      const options = { link: 9_999, purpose: 'answering ARP on eth9', etherType: ARP, filter: arpFilter([]) };
      const listener = { received: () => undefined, failed: () => undefined };
      expect(() => scene.fixture.packets.open(options, listener)).toThrow('answering ARP on eth9: the interface does not exist any more');
    },
  ],

  [
    'a socket that was disposed of neither sends nor receives, and may be disposed of again',
    async (scene) => {
      const [left, right, other] = [
        scene.listen(scene.fixture.left, []),
        scene.listen(scene.fixture.right, [OURS]),
        scene.listen(scene.fixture.right, [OURS]),
      ];
      left.socket.send(arpRequest(OURS));
      right.socket[Symbol.dispose]();
      right.socket[Symbol.dispose]();
      await until('the other socket reads', () => other.heard.length > 0);
      expect(right.heard).toEqual([]);
      expect(right.socket.send(arpRequest(OURS))).toBe(false);
    },
  ],
];

const GROUPS = ['ff02::1:ffaa:1', 'ff02::1:ffaa:2', 'ff02::1:ffaa:3'];

const OF_MEMBERSHIPS: readonly Promised[] = [
  [
    'groups are joined and left, each once, and all are left at the end',
    async (scene) => {
      const { fixture } = scene;
      const membership = fixture.openMembership(scene.linkOf(fixture.left), (error) => expect(error).toBeUndefined());
      scene.opened.push(membership);
      for (const group of [...GROUPS, ...GROUPS]) membership.join(ipv6(group));
      await until('all are joined', () => fixture.groupsOn(fixture.left).join() === GROUPS.join());
      expect(fixture.groupsOn(fixture.right)).toEqual([]);
      membership.leave(ipv6(GROUPS[1] ?? ''));
      membership.leave(ipv6(GROUPS[1] ?? ''));
      await until('one is left', () => fixture.groupsOn(fixture.left).join() === [GROUPS[0], GROUPS[2]].join());
      membership.join(ipv6(GROUPS[1] ?? ''));
      await until('it is joined again', () => fixture.groupsOn(fixture.left).join() === GROUPS.join());
      membership[Symbol.dispose]();
      await until('nothing is left of it', () => fixture.groupsOn(fixture.left).length === 0);
    },
  ],
  [
    'a thousand groups can be joined',
    async (scene) => {
      const { fixture } = scene;
      const membership = fixture.openMembership(scene.linkOf(fixture.left), (error) => expect(error).toBeUndefined());
      scene.opened.push(membership);
      for (let number = 0; number < 1_000; number++) membership.join(ipv6(`ff02::1:ffaa:${number.toString(16)}`));
      await until('all are joined', () => fixture.groupsOn(fixture.left).length === 1_000);
    },
  ],
  [
    'a membership that is disposed of at once joins nothing',
    async (scene) => {
      const { fixture } = scene;
      const failed = (error: NetworkError): void => expect(error).toBeUndefined();
      const ended = fixture.openMembership(scene.linkOf(fixture.left), failed);
      ended.join(ipv6(GROUPS[0] ?? ''));
      ended[Symbol.dispose]();
      const lasting = fixture.openMembership(scene.linkOf(fixture.left), failed);
      scene.opened.push(lasting);
      lasting.join(ipv6(GROUPS[1] ?? ''));
      await until('the other one joins', () => fixture.groupsOn(fixture.left).join() === GROUPS[1]);
    },
  ],
];

const OF_MONITORS: readonly Promised[] = [
  [
    'links come, change and go',
    async (scene) => {
      scene.fixture.add('third');
      await until('it is there', () => scene.links.some(({ name: link }) => link === 'third'));
      expect(scene.linkOf('third')).toMatchObject({ up: false, broadcast: true, noArp: false, enslaved: false });
      scene.fixture.setMac('third', NEW_MAC);
      await until('it has another MAC', () => scene.linkOf('third').mac === NEW_MAC);
      scene.fixture.addAddress('third', '10.1.2.3', 24);
      await until('it has an address', () => scene.linkOf('third').addresses.length === 1);
      expect(scene.linkOf('third').addresses.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`)).toEqual([
        '10.1.2.3/24',
      ]);
      scene.fixture.remove('third');
      await until('it is gone', () => !scene.links.some(({ name: link }) => link === 'third'));
    },
  ],

  [
    'a scan that finds nothing new says nothing',
    async (scene) => {
      const said: string[] = [];
      const note = (links: readonly Link[]): void => void said.push(links.map(textOf).join('\n'));
      const monitor = scene.fixture.watchLinks({ changed: note, failed: () => undefined });
      scene.opened.push(monitor);
      await until('the first word', () => said.length > 0);
      monitor.rescan();
      let later = 0;
      scene.opened.push(scene.fixture.watchLinks({ changed: () => later++, failed: () => undefined }));
      await until('a later scan has ended', () => later > 0);
      // The kernel may have had news of its own meanwhile; but nothing is said twice.
      expect(said.filter((word, index) => word === said[index - 1])).toEqual([]);
    },
  ],
  [
    'a monitor that was disposed of says nothing',
    async (scene) => {
      const said: number[] = [];
      scene.fixture.watchLinks({ changed: () => void said.push(1), failed: () => undefined })[Symbol.dispose]();
      scene.fixture.add('fifth');
      await until('the other monitor speaks', () => scene.links.some(({ name: link }) => link === 'fifth'));
      expect(said).toEqual([]);
      scene.fixture.remove('fifth');
    },
  ],
];

/** What both sides of the ports to the network promise: run on the real one in a namespace, and on the fake one. */
export function describeNodeNetwork(name: string, makeFixture: () => NodeNetworkFixture): void {
  describe(name, () => {
    let scene: Scene;
    beforeEach(async () => {
      scene = new Scene(makeFixture());
      await until('both links have a signal', () => scene.links.filter(({ carrier }) => carrier).length >= 2);
    });
    afterEach(() => scene[Symbol.dispose]());

    test.each([...OF_SOCKETS, ...OF_MEMBERSHIPS, ...OF_MONITORS])('%s', (_, prove) => prove(scene));
  });
}

function textOf({ addresses, ...link }: Link): string {
  return JSON.stringify([link, addresses.map(({ address }) => formatAddress(address))]);
}

function summary(frame: DataView, length: number): string {
  const destination = (frame.getUint16(0) * 2 ** 32 + frame.getUint32(2)) as Mac;
  return `${length} octets for ${formatIpv4(frame.getUint32(38) as Ipv4)} to ${formatMac(destination)}`;
}

const POLL_MILLISECONDS = 2;
/** Far longer than anything here takes; only a failure waits for it. */
const PATIENCE_MILLISECONDS = 60_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MILLISECONDS; waited += POLL_MILLISECONDS) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  throw new Error(`never happened: ${what}`);
}
