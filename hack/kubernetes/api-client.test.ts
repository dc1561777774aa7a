import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { newAuthority, newCertificate } from '../../src/admission/certificate-maker.ts';
import { ApiClient } from './api-client.ts';

/** A server that resets a connection at its second request, or at each, and counts connections. */
async function startServer(resetsFrom: 1 | 2): Promise<{ client: ApiClient; connections: () => number; server: Server }> {
  const authority = await newAuthority(Date.now());
  const { certificate, privateKey } = await newCertificate(authority, ['localhost'], Date.now());
  const requests = new Map<Socket, number>();
  const server = createServer({ cert: certificate, key: privateKey }, ({ socket }, response) => {
    const count = (requests.get(socket) ?? 0) + 1;
    requests.set(socket, count);
    if (count >= resetsFrom) socket.destroy();
    else response.end('{"kind":"Status"}');
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const client = new ApiClient({ url, authority: authority.certificate, user: 'test', token: 'test' });
  return { client, connections: () => requests.size, server };
}

test.each<{ what: string; resetsFrom: 1 | 2; connections: number; outcome: string }>([
  { what: 'a kept connection that is over is sent again', resetsFrom: 2, connections: 2, outcome: 'Status' },
  { what: 'a new connection is not', resetsFrom: 1, connections: 2, outcome: 'ECONNRESET' },
])('what goes over $what', async ({ resetsFrom, connections, outcome }) => {
  const { client, connections: seen, server } = await startServer(resetsFrom);
  const ask = (): Promise<unknown> =>
    client.post('/', {}).then(
      ({ kind }) => kind,
      ({ code }) => code,
    );
  await ask();
  const said = await ask();
  client[Symbol.dispose]();
  server.close();
  expect([said, seen()]).toEqual([outcome, connections]);
});
