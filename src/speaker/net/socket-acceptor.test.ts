import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { formatAddress } from '../../lib/ip.ts';
import { loadNativeTcp } from './native.ts';
import { NetworkError } from './network-error.ts';
import { SocketAcceptor } from './socket-acceptor.ts';
import type { TcpIncoming, TcpServer } from './tcp-acceptor.ts';

/** The far end, on the loopback interface of this machine. */
let far: Socket[];
let servers: TcpServer[];
let clock: FakeClock;

beforeEach(() => {
  [far, servers, clock] = [[], [], new FakeClock()];
});

afterEach(() => {
  for (const socket of far) socket.destroy();
  for (const server of servers) server[Symbol.dispose]();
});

/** A port that nobody has at this moment. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function listen(port: number, take: (incoming: TcpIncoming) => void, load: typeof loadNativeTcp = loadNativeTcp): Promise<string> {
  const failed = Promise.withResolvers<string>();
  const listener = { incoming: take, failed: failed.resolve };
  servers.push(new SocketAcceptor(load, clock).listen({ family: 'IPv4', port, device: undefined }, listener));
  return failed.promise;
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.5' });
  socket.on('error', () => undefined);
  far.push(socket);
  return socket;
}

test('a connection that is taken carries octets both ways, and says who is there', async () => {
  const port = await freePort();
  const taken = Promise.withResolvers<string>();
  void listen(port, (incoming) => {
    const { local, localPort } = incoming.ends;
    const connection = incoming.take({
      connected: () => undefined,
      drained: () => undefined,
      closed: () => undefined,
      received: (octets) => {
        connection.send(octets.map((octet) => octet + 1));
        connection.end();
      },
    });
    taken.resolve(`${formatAddress(incoming.remote)} ${formatAddress(local)} ${localPort === port}`);
  });
  const socket = dial(port);
  socket.write(Uint8Array.of(1, 2));
  expect(await taken.promise).toBe('127.0.0.5 127.0.0.1 true');
  const [came] = (await once(socket, 'data')) as [Buffer];
  expect([...came]).toEqual([2, 3]);
});

test('one that is not taken is reset', async () => {
  const port = await freePort();
  void listen(port, (incoming) => incoming[Symbol.dispose]());
  const socket = dial(port);
  const [thrown] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(thrown.code).toBe('ECONNRESET');
});

test('who stops listening leaves what was taken alone', async () => {
  const port = await freePort();
  const taken = Promise.withResolvers<void>();
  void listen(port, (incoming) => {
    const connection = incoming.take({
      connected: () => undefined,
      drained: () => undefined,
      closed: () => undefined,
      received: (octets) => connection.send(octets),
    });
    taken.resolve();
  });
  const socket = dial(port);
  await taken.promise;
  servers[0]?.[Symbol.dispose]();
  socket.write('x');
  const [came] = (await once(socket, 'data')) as [Buffer];
  expect(came.toString()).toBe('x');
});

test('a port that another has, and a compiled part that is not there, are said', async () => {
  const other = createServer().listen(0, '0.0.0.0');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  expect(await listen(port, () => undefined)).toBe('another program has the port');
  other.close();
  const missing = (): never => {
    throw new NetworkError('NO_ADDON', 'run "make addon"');
  };
  expect(await listen(port, () => undefined, missing)).toBe('run "make addon"');
});

test('the addon refuses what is no address, no port, no password and no name of a device', () => {
  const { openTcpListener, setTcpPassword } = loadNativeTcp();
  const [any, none] = [new Uint8Array(4), new Uint8Array()];
  for (const call of [
    () => openTcpListener(none, 1, 255, ''),
    () => openTcpListener(any, 65_536, 255, ''),
    () => openTcpListener(any, 1, 255, 'a-name-that-is-too-long'),
  ]) {
    expect(call).toThrow('openTcpListener(address, port, ttl, device)');
  }
  for (const call of [() => setTcpPassword(1, none, none), () => setTcpPassword(1, any, new Uint8Array(81))]) {
    expect(call).toThrow('setTcpPassword(descriptor, peer, password)');
  }
  expect(setTcpPassword(-1, any, none)).toBe(-9); // EBADF
});
