import { chmod, rename, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError, MetalError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What serving a status needs. */
export interface StatusServerSettings {
  /** Of the socket; its folder must be there. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The document, made when somebody asks; at most {@link MOST_OCTETS} are told. */
  readonly status: () => string;
}

/** Nobody has told, or not in time. */
export class StatusUnavailableError extends MetalError {
  readonly code = 'STATUS_UNAVAILABLE';
  readonly retryable = true;
}

/** More than any status has. */
const MOST_OCTETS = 4 * 1024 * 1024;
/** Those who ask are people and scripts on this node. */
const MOST_CLIENTS = 8;
/** A client that does not read in this time is gone. */
const DEADLINE: Micros = milliseconds(2_000);
const AGAIN_AFTER: Micros = milliseconds(30_000);
const OWNER_ALONE = 0o600;

/**
 * Tells one document to each who connects to a Unix socket, and hangs up. Only the owner of the process may connect. Runs
 * until `signal` is aborted; where the socket cannot be made that is said once, and tried again. Rejects never.
 */
export async function serveStatus(settings: StatusServerSettings, signal: AbortSignal): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    try {
      await listen(settings, signal);
    } catch (thrown) {
      const error = describeError(thrown);
      if (error !== said) settings.log.warn(`${settings.path}: the status of this node cannot be asked for`, { op: 'status', error });
      said = error;
    }
    await pause(settings.clock, AGAIN_AFTER, signal);
  }
}

/** Reads the document from a socket; throws a {@link StatusUnavailableError}. */
export async function readStatus(path: string, clock: Clock, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createConnection(path);
  const fail = (why: string): void => {
    socket.destroy();
    reject(new StatusUnavailableError(`${path}: ${why}`));
  };
  using _deadline = clock.startTimer(DEADLINE, () => fail('the speaker does not answer'));
  const abort = (): void => fail('given up');
  signal.addEventListener('abort', abort, { once: true });
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => {
    text += part;
    if (text.length > MOST_OCTETS) fail('the answer is too long');
  });
  socket.on('error', (thrown) => fail(`no speaker tells its status here, or it is not yours to ask (${describeError(thrown)})`));
  socket.on('end', () => resolve(text));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Listens until `signal` is aborted. The socket has its name only when it has its mode. */
async function listen({ path, clock, status }: StatusServerSettings, signal: AbortSignal): Promise<void> {
  const draft = `${path}.new`;
  await unlink(draft).catch(() => undefined);
  const clients = new Set<Socket>();
  const server = createServer((socket) => tell(socket, clients, status, clock));
  server.maxConnections = MOST_CLIENTS;
  await bound(server, draft);
  try {
    await chmod(draft, OWNER_ALONE);
    await rename(draft, path);
    await ended(signal);
  } finally {
    for (const client of clients) client.destroy();
    server.close();
    await unlink(path).catch(() => undefined);
  }
}

function tell(socket: Socket, clients: Set<Socket>, status: () => string, clock: Clock): void {
  clients.add(socket);
  const patience = clock.startTimer(DEADLINE, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    patience[Symbol.dispose]();
    clients.delete(socket);
  });
  socket.end(`${status().slice(0, MOST_OCTETS)}\n`);
}

async function bound(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(path, resolve);
  await promise;
}

async function ended(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (signal.aborted) resolve();
  await promise;
}
