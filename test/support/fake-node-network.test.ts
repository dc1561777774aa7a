import { parseAddress } from '../../src/lib/ip.ts';
import { FakeNodeNetwork } from './fake-node-network.ts';
import { describeNodeNetwork, type NodeNetworkFixture } from './node-network-contract.ts';

/** The fake network keeps what the real one promises, so that tests which use it prove something. */
describeNodeNetwork('the fake network', (): NodeNetworkFixture => {
  const network = new FakeNodeNetwork();
  const indexOf = (name: string): number => network.links.find((link) => link.name === name)?.index ?? 0;
  network.put({ index: 2, name: 'left' });
  network.put({ index: 3, name: 'right' });
  network.wire(2, 3);
  return {
    packets: network.packets,
    watchLinks: network.watchLinks,
    openMembership: network.openMembership,
    groupsOn: (link) => network.groupsOn(indexOf(link)),
    left: 'left',
    right: 'right',
    setUp: (link, up) => network.put({ index: indexOf(link), up, carrier: up }),
    setMac: (link, mac) => network.put({ index: indexOf(link), mac }),
    addAddress: (link, text, prefixLength) => {
      const address = parseAddress(text);
      if (address !== undefined) network.put({ index: indexOf(link), addresses: [{ address, prefixLength }] });
    },
    add: (link) => network.put({ index: 9, name: link, up: false, carrier: false }),
    remove: (link) => network.remove(indexOf(link)),
    [Symbol.dispose]: () => undefined,
  };
});
