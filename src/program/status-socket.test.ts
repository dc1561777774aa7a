import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { micros, milliseconds } from '../lib/clock.ts';
import { readStatus, serveStatus } from './status-socket.ts';

let folder: string;
let path: string;
let clock: FakeClock;
let log: RecordingLogger;
let end: AbortController;
let running: Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'status-'));
  path = join(folder, 'status.sock');
  clock = new FakeClock();
  log = new RecordingLogger();
  end = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  end.abort();
  await running;
  rmSync(folder, { recursive: true });
});

/** Waits for sockets and files alone. */
function until(holds: () => boolean): Promise<void> {
  return eventually(clock, 'it holds', holds, micros(0));
}

async function serve(status: () => string): Promise<void> {
  running = serveStatus({ path, clock, log, status }, end.signal);
  await until(() => readdirSync(folder).includes('status.sock'));
}

const read = (): Promise<string> => readStatus(path, clock, new AbortController().signal);

test("who connects is told how it is at that moment; the socket is its owner's, and goes with the process", async () => {
  let count = 0;
  await serve(() => `{"count":${++count}}`);
  expect([await read(), await read()]).toEqual(['{"count":1}\n', '{"count":2}\n']);
  expect([statSync(path).mode & 0o777, readdirSync(folder)]).toEqual([0o600, ['status.sock']]);
  end.abort();
  await running;
  expect(readdirSync(folder)).toEqual([]);
  await expect(read()).rejects.toThrow(/status\.sock: no speaker tells its status here/);
});

test('a socket that a process left behind is in nobody its way', async () => {
  for (const name of [path, `${path}.new`]) writeFileSync(name, '');
  running = serveStatus({ path, clock, log, status: () => 'new' }, end.signal);
  await until(() => statSync(path).isSocket());
  expect(await read()).toBe('new\n');
});

test('a client that does not read is hung up on, and more than eight are not let in', async () => {
  await serve(() => 'x'.repeat(3_000_000));
  const clients: Socket[] = [];
  for (let count = 0; count < 9; count++) {
    const socket = createConnection(path).on('error', () => undefined);
    clients.push(socket.pause());
    await new Promise((resolve) => void socket.once('connect', resolve));
  }
  await until(() => clock.timers === 8);
  clock.advance(milliseconds(2_000));
  await until(() => clock.timers === 0);
  for (const client of clients) client.destroy();
  expect((await read()).length).toBe(3_000_001);
});

test('a folder that is not there is said once, and tried again', async () => {
  running = serveStatus({ path: join(folder, 'none', 'status.sock'), clock, log, status: () => '' }, end.signal);
  for (let time = 0; time < 2; time++) {
    await until(() => clock.timers === 1);
    clock.advance(milliseconds(30_000));
  }
  await until(() => clock.timers === 1);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { op: 'status' } }]);
});

test('a speaker that is stalled is not waited for', async () => {
  const server = createServer(() => undefined).listen(path);
  await until(() => readdirSync(folder).includes('status.sock'));
  const reading = read();
  clock.advance(milliseconds(2_000));
  await expect(reading).rejects.toThrow('the speaker does not answer');
  await new Promise((resolve) => void server.close(resolve));
});
