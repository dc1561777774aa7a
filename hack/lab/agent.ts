// Runs inside one network namespace and does small network jobs there for the harness, which talks to it over Node's
// channel between parent and child. Ends when that channel does.
import { createSocket } from 'node:dgram';
import { createServer, get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect, createServer as createTcpServer, isIPv6, Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describeError } from '../../src/lib/errors.ts';
import type { Answer, Ask, HttpAsk, ListenAsk, Order, ProvokeAsk, RelayAsk, Reply, ServeAsk, UdpAsk } from './agent-messages.ts';

/** The port of the discard service (RFC 863): nothing listens there, and nothing needs to. */
const DISCARD_PORT = 9;

/** What is asked for here is a download without an end: so many octets at a time, so often. */
const STREAM_PATH = '/stream';
const STREAM_PIECE = 'x'.repeat(1_000);
const STREAM_PAUSE_MILLISECONDS = 10;

/** A pod that stands still for a while answers all that came meanwhile, if the kernel lets it have a queue so long. */
const UDP_QUEUE_OCTETS = 4_194_304;

const DONE: Omit<Answer, 'milliseconds'> = { status: 0, text: '' };

/** A connection of its own for each exchange: what is kept alive would hide where the next packet goes. */
async function exchangeHttp(ask: HttpAsk): Promise<Omit<Answer, 'milliseconds'>> {
  const options = { agent: false as const, headers: ask.headers, signal: AbortSignal.timeout(ask.withinMilliseconds) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const secure = ask.url.startsWith('https:');
    const request = secure ? httpsGet(ask.url, { ...options, rejectUnauthorized: false }, resolve) : httpGet(ask.url, options, resolve);
    request.on('error', reject);
  });
  return { status: response.statusCode ?? 0, text: await text(response) };
}

/** The deadline closes the socket, which is how a datagram that nobody answers ends. */
async function exchangeUdp(ask: UdpAsk): Promise<Omit<Answer, 'milliseconds'>> {
  const socket = createSocket({ type: isIPv6(ask.address) ? 'udp6' : 'udp4', signal: AbortSignal.timeout(ask.withinMilliseconds) });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('message', (message) => resolve({ status: 0, text: message.toString() }));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`no answer within ${ask.withinMilliseconds} ms`)));
      socket.send(ask.text, ask.port, ask.address, (cause) => cause && reject(cause));
    });
  } finally {
    socket.removeAllListeners('close');
    socket.on('close', () => undefined);
    try {
      socket.close();
    } catch {
      // the deadline has closed it
    }
  }
}

function provoke(ask: ProvokeAsk): Promise<Omit<Answer, 'milliseconds'>> {
  const socket = createSocket(isIPv6(ask.address) ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.send('', DISCARD_PORT, ask.address, () => socket.close(() => resolve(DONE)));
  });
}

/** A download that ends when whoever asked for it goes. */
function stream(response: ServerResponse): void {
  const timer = setInterval(() => response.write(STREAM_PIECE), STREAM_PAUSE_MILLISECONDS);
  response.on('close', () => clearInterval(timer));
}

/** One socket for both families each; mapped IPv4 addresses are written as IPv4 (RFC 4291, Section 2.5.5.2). */
async function serve(ask: ServeAsk): Promise<Omit<Answer, 'milliseconds'>> {
  const sentence = (client: string | undefined): string => `pod=${ask.pod} node=${ask.node} client=${client?.replace('::ffff:', '')}\n`;
  const http = createServer((request, response) => {
    if (request.url === STREAM_PATH) stream(response);
    else response.end(sentence(request.socket.remoteAddress));
  });
  const udp = createSocket({ type: 'udp6', recvBufferSize: UDP_QUEUE_OCTETS }, (_, from) =>
    udp.send(sentence(from.address), from.port, from.address),
  );
  await new Promise<void>((resolve) => http.listen(ask.port, '::', resolve));
  await new Promise<void>((resolve) => udp.bind(ask.port, '::', resolve));
  return DONE;
}

/** The listening socket belongs to the network it was made in, the connections made here to this host's: the way between the two. */
function relay(ask: RelayAsk, server: Server): Omit<Answer, 'milliseconds'> {
  server.on('connection', (near: Socket) => {
    const far = connect(ask.port, ask.address);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // told by 'close', which follows
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  return DONE;
}

/** Who comes before the socket has changed hands is sent away, for nobody would speak to it. */
async function listen(ask: ListenAsk): Promise<Server> {
  const server = createTcpServer((early) => early.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(ask.port, ask.address, resolve);
  });
  return server;
}

async function carryOut(ask: Exclude<Ask, ListenAsk>, socket: unknown): Promise<Omit<Answer, 'milliseconds'>> {
  switch (ask.kind) {
    case 'http':
      return await exchangeHttp(ask);
    case 'udp':
      return await exchangeUdp(ask);
    case 'provoke':
      return await provoke(ask);
    case 'serve':
      return await serve(ask);
    case 'relay':
      if (!(socket instanceof Server)) throw new Error('no listening socket came with the order');
      return relay(ask, socket);
  }
}

/** Never rejects: a reason is an answer too. A listening socket goes with the reply. */
async function obey({ number, ask }: Order, socket: unknown): Promise<void> {
  const began = performance.now();
  try {
    const server = ask.kind === 'listen' ? await listen(ask) : undefined;
    const answer = ask.kind === 'listen' ? DONE : await carryOut(ask, socket);
    reply({ number, ok: true, answer: { ...answer, milliseconds: performance.now() - began } }, server);
  } catch (cause) {
    reply({ number, ok: false, reason: describeError(cause) });
  }
}

function reply(message: Reply, server?: Server): void {
  process.send?.(message, server, {}, () => server?.close());
}

process.on('message', (order: Order, socket: unknown) => void obey(order, socket));
process.on('disconnect', () => process.exit(0));
