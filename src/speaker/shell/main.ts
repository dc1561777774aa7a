// The composition root of the wire thread: real sockets, the real clock and the port to the main thread.
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import { SYSTEM_CLOCK } from '../../program/system-clock.ts';
import { loadNativeSockets, loadNativeTcp } from '../net/native.ts';
import { RawPacketNetwork } from '../net/raw-packet-network.ts';
import { watchLinksWith } from '../net/route-link-monitor.ts';
import { SocketAcceptor } from '../net/socket-acceptor.ts';
import { SocketConnector } from '../net/socket-connector.ts';
import { openUdpMembership } from '../net/udp-group-membership.ts';
import { rankOf } from '../watch/owner.ts';
import type { Notice, Order, WireSettings } from './messages.ts';
import { WireDriver } from './wire-driver.ts';

const port = parentPort;
assert(port !== null, 'this file is the wire thread: start it through wire-thread.ts');
const driver = new WireDriver(workerData as WireSettings, {
  clock: SYSTEM_CLOCK,
  connect: () => {
    const native = loadNativeSockets();
    return { packets: new RawPacketNetwork(native), watchLinks: watchLinksWith(native), openMembership: openUdpMembership };
  },
  connector: new SocketConnector(() => loadNativeTcp(), SYSTEM_CLOCK),
  acceptor: new SocketAcceptor(() => loadNativeTcp(), SYSTEM_CLOCK),
  random: Math.random,
  post: (notice: Notice) => port.postMessage(notice),
  randomBits: () => randomBytes(8).readBigUInt64BE(0),
  rank: rankOf,
});
port.on('message', (order: Order) => driver.take(order));
driver.start();
