import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { FakeClock } from './fake-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

/** How a server answers. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** One that answers as told, and a client of it. */
export class ApiPair implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock();
  readonly log: RecordingLogger = new RecordingLogger();
  readonly seen: string[] = [];
  readonly client: ApiClient;
  readonly url: string;
  readonly #server: http.Server;

  private constructor(server: http.Server, writesInFlight: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', ({ method, url }) => this.seen.push(`${method} ${url}`));
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server: this.url, skipTLSVerify: true }, { name: 'u' });
    this.client = new ApiClient({ config, clock: this.clock, random: () => 0.5, log: this.log, userAgent: 'test/1', writesInFlight });
  }

  static async open(answer: Answer, writesInFlight: number = 32): Promise<ApiPair> {
    const server = http.createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ApiPair(server, writesInFlight);
  }

  connected(look: (socket: Socket) => void): void {
    this.#server.on('connection', look);
  }

  get(path: string = '/x', signal: AbortSignal = new AbortController().signal): Promise<unknown> {
    return this.client.request({ method: 'GET', path }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
