import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatAddress, parseAddress } from '../../lib/ip.ts';
import { loadNativeTcp } from './native.ts';
import { NetworkError } from './network-error.ts';
import { SocketConnector } from './socket-connector.ts';
import type { TcpConnection, TcpEnds, TcpTarget } from './tcp-connector.ts';

const FLOOD_OCTETS = 4 * 1024 * 1024;

/** The other end, on the loopback interface of this machine. */
let server: Server;
let peers: Socket[];
let clock: FakeClock;

beforeEach(async () => {
  peers = [];
  clock = new FakeClock();
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    peers.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  for (const peer of peers) peer.destroy();
  server.close();
});

/** A connection, and promises of what its listener hears. */
function connect(rest: Partial<TcpTarget> = {}, connector: SocketConnector = new SocketConnector(() => loadNativeTcp(), clock)) {
  const [connected, received, closed, drained] = [
    Promise.withResolvers<TcpEnds>(),
    Promise.withResolvers<Uint8Array>(),
    Promise.withResolvers<string>(),
    Promise.withResolvers<void>(),
  ];
  const address = parseAddress('127.0.0.1');
  if (address === undefined) throw new Error('no address');
  const { port } = server.address() as AddressInfo;
  const target: TcpTarget = { address, port, source: undefined, device: undefined, password: undefined, ...rest };
  const connection: TcpConnection = connector.connect(target, {
    connected: connected.resolve,
    received: received.resolve,
    drained: drained.resolve,
    closed: closed.resolve,
  });
  return { connection, connected: connected.promise, received: received.promise, closed: closed.promise, drained: drained.promise };
}

async function peer(): Promise<Socket> {
  if (peers.length === 0) await once(server, 'connection');
  const [socket] = peers;
  if (socket === undefined) throw new Error('nobody came');
  return socket;
}

test('octets go both ways, and both ends are known', async () => {
  const source = parseAddress('127.0.0.5');
  const near = connect({ source });
  expect(formatAddress((await near.connected).local)).toBe('127.0.0.5');
  const far = await peer();
  near.connection.send(Uint8Array.of(1, 2, 3));
  const [came] = (await once(far, 'data')) as [Buffer];
  expect([...came]).toEqual([1, 2, 3]);
  await near.drained;
  far.write(Uint8Array.of(4, 5));
  expect([...(await near.received)]).toEqual([4, 5]);
  near.connection[Symbol.dispose]();
});

test('a peer that floods us is read once in a turn of the event loop, 64 KiB at the most', async () => {
  const address = parseAddress('127.0.0.1');
  if (address === undefined) throw new Error('no address');
  const reads: { readonly turn: number; readonly octets: number }[] = [];
  const all = Promise.withResolvers<void>();
  let turn = 0;
  let ticking = setImmediate(function tick(): void {
    turn++;
    ticking = setImmediate(tick);
  });
  const target = { address, port: (server.address() as AddressInfo).port, source: undefined, device: undefined, password: undefined };
  const connection = new SocketConnector(() => loadNativeTcp(), clock).connect(target, {
    connected: () => undefined,
    received: ({ length }) => {
      reads.push({ turn, octets: length });
      if (reads.reduce((sum, { octets }) => sum + octets, 0) === FLOOD_OCTETS) all.resolve();
    },
    drained: () => undefined,
    closed: all.reject,
  });
  (await peer()).write(new Uint8Array(FLOOD_OCTETS));
  await all.promise;
  clearImmediate(ticking);
  connection[Symbol.dispose]();
  expect(new Set(reads.map((read) => read.turn)).size).toBe(reads.length);
  expect(Math.max(...reads.map(({ octets }) => octets))).toBeLessThanOrEqual(65_536);
});

test.each([
  { what: 'the peer closes it', end: (far: Socket) => void far.end(), cause: 'the peer closed the connection' },
  { what: 'the peer resets it', end: (far: Socket) => void far.resetAndDestroy(), cause: 'the peer reset the connection' },
])('it is over when $what', async ({ end, cause }) => {
  const near = connect();
  await near.connected;
  end(await peer());
  expect(await near.closed).toBe(cause);
});

test('an end hands over what was sent, and does not wait for the peer to end too', async () => {
  const near = connect();
  await near.connected;
  const far = await peer();
  near.connection.send(Uint8Array.of(7));
  near.connection.end();
  const [came] = (await once(far, 'data')) as [Buffer];
  await once(far, 'end');
  expect([...came]).toEqual([7]);
  await clock.run(milliseconds(1_000));
  expect(clock.timers).toBe(0);
});

test('a refusal says what to look at', async () => {
  expect(await connect({ port: 1 }).closed).toMatch(/^the connection was refused \(TCP reset\): does the router listen there/);
});

test('a source address that is none of this machine is said', async () => {
  expect(await connect({ source: parseAddress('203.0.113.77') }).closed).toBe('the source address is not one of this node');
});

test('a device that is not there is said', async () => {
  expect(await connect({ device: 'none' }).closed).toBe('the device (VRF or interface) does not exist on this node');
});

test('without its compiled part it says how to get it', async () => {
  const connector = new SocketConnector(() => {
    throw new NetworkError('NO_ADDON', 'run "make addon"');
  }, clock);
  expect(await connect({}, connector).closed).toBe('run "make addon"');
});

test('the addon refuses what is no address, no password and no name of a device', () => {
  const { openTcpSocket } = loadNativeTcp();
  const [address, none] = [Uint8Array.of(127, 0, 0, 1), new Uint8Array()];
  for (const call of [
    () => openTcpSocket(none, none, 255, ''),
    () => openTcpSocket(address, new Uint8Array(81), 255, ''),
    () => openTcpSocket(address, none, 255, 'a-name-that-is-too-long'),
    () => openTcpSocket(address, none, 'x' as never, ''),
  ]) {
    expect(call).toThrow('openTcpSocket(peer, password, ttl, device)');
  }
});
