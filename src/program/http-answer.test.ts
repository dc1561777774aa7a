import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { answersWell } from './http-answer.ts';

/** What is said of a server that does this. */
async function askOne(listener: RequestListener, signal: AbortSignal = new AbortController().signal): Promise<boolean> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const well = await answersWell(`http://127.0.0.1:${port}/healthz`, signal);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return well;
}

test.each<{ what: string; listener: RequestListener; well: boolean }>([
  {
    what: 'that says 200',
    listener: (request, response) => response.writeHead(request.url === '/healthz' ? 200 : 404).end('{}'),
    well: true,
  },
  { what: 'that says 503', listener: (_request, response) => response.writeHead(503).end(), well: false },
  { what: 'that hangs up', listener: (request) => request.socket.destroy(), well: false },
  { what: 'that never answers', listener: () => undefined, well: false },
])('a server $what: $well', async ({ listener, well }) => expect(await askOne(listener)).toBe(well));

test('nobody is there: false', async () => {
  expect(await answersWell('http://127.0.0.1:1/healthz', new AbortController().signal)).toBe(false);
});

test('a question that is given up is answered by no', async () => {
  const end = new AbortController();
  const asked = askOne(() => end.abort(), end.signal);
  expect(await asked).toBe(false);
});
