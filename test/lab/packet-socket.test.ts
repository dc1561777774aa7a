import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { formatMac } from '../../src/lib/mac.ts';
import { loadNativeSockets } from '../../src/speaker/net/native.ts';
import { NetworkError } from '../../src/speaker/net/network-error.ts';
import { arpRequestFilter, MAX_RANGES } from '../../src/speaker/net/packet-filter.ts';
import { RawPacketNetwork } from '../../src/speaker/net/raw-packet-network.ts';
import { watchLinksWith } from '../../src/speaker/net/route-link-monitor.ts';
import { describeInOwnNamespace } from '../support/lab/own-namespace.ts';
import { describeNodeNetwork, type NodeNetworkFixture } from '../support/node-network-contract.ts';

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

  test('the kernel takes a filter of every size, or refuses it for want of memory', () => {
    using fixture = makeFixture();
    const left = Number(/^\d+/.exec(execFileSync('ip', ['-o', 'link', 'show', fixture.left], { encoding: 'utf8' })));
    const listener = { received: () => undefined, failed: () => undefined };
    const options = { link: left, purpose: 'trying filters', etherType: 0x0806, filter: arpRequestFilter([]) };
    using socket = fixture.packets.open(options, listener);
    for (const count of [1, 100, 101, 500, 1_000, MAX_RANGES]) {
      const scattered = Array.from({ length: count }, (_, index) => 3 + index * 1_000_003);
      expect(codeOf(() => socket.setFilter(arpRequestFilter(scattered)))).toMatch(count <= 100 ? /^taken$/ : /^(?:taken|ENOMEM)$/);
    }
  });
});

function codeOf(act: () => void): string {
  try {
    act();
    return 'taken';
  } catch (thrown) {
    return thrown instanceof NetworkError ? thrown.code : String(thrown);
  }
}
