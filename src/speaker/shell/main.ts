// The composition root of the wire thread: real sockets, the real clock and the port to the main thread.
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import { SYSTEM_CLOCK } from '../../program/system-clock.ts';
import { loadNativeSockets } from '../net/native.ts';
import { RawPacketNetwork } from '../net/raw-packet-network.ts';
import { watchLinksWith } from '../net/route-link-monitor.ts';
import type { Notice, Order, WireSettings } from './messages.ts';
import { WireDriver } from './wire-driver.ts';

const port = parentPort;
assert(port !== null, 'this file is the wire thread: start it through wire-thread.ts');
const driver = new WireDriver(workerData as WireSettings, {
  clock: SYSTEM_CLOCK,
  connect: () => {
    const native = loadNativeSockets();
    return { packets: new RawPacketNetwork(native), watchLinks: watchLinksWith(native) };
  },
  post: (notice: Notice) => port.postMessage(notice),
});
port.on('message', (order: Order) => driver.take(order));
driver.start();
