import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ResettableAgent, reset } from './resettable-agent.ts';

let server: https.Server;
let faults: string[];
let ca: string;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
  const subject = ['-subj', '/CN=test', '-addext', names, '-days', '1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'ignore',
    },
  );
  ca = readFileSync(cert, 'utf8');
  server = https.createServer({ key: readFileSync(key), cert: ca }, (request, response) => {
    if (request.url === '/answered') response.end('{}');
  });
  rmSync(folder, { recursive: true });
  server.on('connection', (socket: Socket) => socket.on('error', (fault: NodeJS.ErrnoException) => faults.push(`${fault.code}`)));
  server.on('secureConnection', (socket: Socket) => socket.on('error', (fault: NodeJS.ErrnoException) => faults.push(`${fault.code}`)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function send(agent: https.Agent, host: string, path: string): { request: ClientRequest; outcome: Promise<number | string | undefined> } {
  const request = https.request({ host, port: (server.address() as AddressInfo).port, path, agent, method: 'PUT' });
  const outcome = new Promise<number | string | undefined>((resolve) => {
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => setImmediate(() => resolve(response.statusCode)));
    });
    request.on('error', (fault: NodeJS.ErrnoException) => resolve(fault.code));
  });
  request.end('x');
  return { request, outcome };
}

test.each<{ host: string; connections: string; seen: readonly string[] }>([
  { host: '127.0.0.1', connections: 'is reset', seen: ['ECONNRESET'] },
  { host: 'localhost', connections: 'is closed', seen: [] },
])('a connection to $host is kept, and at the end $connections', async ({ host, seen }) => {
  faults = [];
  const agent = new ResettableAgent({ ca, keepAlive: true });
  const first = send(agent, host, '/answered');
  expect([await first.outcome, first.request.reusedSocket]).toEqual([200, false]);
  const second = send(agent, host, '/never');
  const heard = new Promise<void>((resolve) => server.once('request', () => resolve()));
  await heard;
  expect(second.request.reusedSocket).toBe(true);
  const closed = new Promise<void>((resolve) => server.once('connection', () => resolve()));
  if (second.request.socket !== null) reset(second.request.socket);
  expect(await second.outcome).toBe('ECONNRESET');
  // The next connection is made after the end of this one has arrived.
  expect(await send(agent, host, '/answered').outcome).toBe(200);
  await closed;
  expect([...new Set(faults)]).toEqual(seen);
  agent.destroy();
});

test('what is no connection at all fails as it does elsewhere', async () => {
  const agent = new ResettableAgent({ ca });
  const request = https.request({ host: '127.0.0.1', port: 1, agent });
  const code = new Promise((resolve) => request.on('error', (fault: NodeJS.ErrnoException) => resolve(fault.code)));
  request.end();
  expect(await code).toBe('ECONNREFUSED');
});

test('a certificate of somebody else is refused', async () => {
  const agent = new ResettableAgent({});
  expect(await send(agent, '127.0.0.1', '/answered').outcome).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
});
