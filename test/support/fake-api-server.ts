import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { collectionPath, type Resource } from '../../src/kubernetes/resource.ts';
import { ObjectStore, type StoredObject } from './fake-api-server/object-store.ts';
import { type RequestTarget, targetOf } from './fake-api-server/request-target.ts';
import { type Selection, selects } from './fake-api-server/selection.ts';
import { Refusal, statusObject } from './fake-api-server/status.ts';
import { WatchSession } from './fake-api-server/watch-session.ts';
import { carryOut, type PruneStatus } from './fake-api-server/writes.ts';

/** What kind of server it plays. */
export interface FakeApiServerOptions {
  /** Whether it knows `sendInitialEvents`: refused with a 422 if not, or taken for an ordinary watch. */
  readonly streamingLists?: boolean | 'ignored';
  /** Whether it knows the field selectors that are not about metadata: refused with a 400 if not. */
  readonly fieldSelectors?: boolean;
  /** How a watch from a forgotten version is refused: by the answer's status, or by an event. */
  readonly expiry?: 'status' | 'event';
}

/** An answer instead of the real one. */
export interface Misbehaviour {
  readonly verb: RequestTarget['verb'];
  readonly status: number;
  readonly retryAfterSeconds?: number;
  /** How many requests get it. */
  readonly times: number;
  readonly body?: string;
}

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly verb: RequestTarget['verb'] | 'other';
  readonly body: unknown;
}

/**
 * An API server on loopback over plain HTTP that stores any object of any resource: list with pages, watch with
 * bookmarks, get, create, replace, merge patch, status, delete, conflicts. On demand it does what a real one does
 * rarely. It checks nothing about the objects, knows no users, and keeps all in memory.
 */
export class FakeApiServer implements AsyncDisposable {
  readonly store: ObjectStore = new ObjectStore();
  readonly requests: SeenRequest[] = [];
  /** What becomes of a status that is written; all of it is kept unless told. */
  pruneStatus: PruneStatus = (status) => status;
  /** Lists and writes wait for these before they are answered; writes are carried out before. */
  listGate: Promise<void> = Promise.resolve();
  writeGate: Promise<void> = Promise.resolve();
  readonly #options: Required<FakeApiServerOptions>;
  readonly #server: http.Server;
  readonly #watches = new Set<WatchSession>();
  readonly #pages = new Map<string, readonly StoredObject[]>();
  readonly #missing = new Set<string>();
  #misbehaviours: Misbehaviour[] = [];
  #port = 0;

  private constructor(options: FakeApiServerOptions) {
    this.#options = { streamingLists: true, fieldSelectors: true, expiry: 'event', ...options };
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
    this.store.listen((change) => {
      for (const watch of this.#watches) watch.tell(change);
    });
  }

  /** A server that listens already. */
  static async start(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const server = new FakeApiServer(options);
    await server.comeBack();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The way to this server, as a kubeconfig would name it. */
  get kubeConfig(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'fake', server: this.url, skipTLSVerify: true }, { name: 'nobody' });
    return config;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Stores an object, new or in place of the present one. */
  put(resource: Resource, object: StoredObject): StoredObject {
    return this.store.put(collectionOf(resource), object);
  }

  remove(resource: Resource, key: string): void {
    this.store.remove(collectionOf(resource), key);
  }

  list(resource: Resource): StoredObject[] {
    return this.store.list(collectionOf(resource), resource.namespace);
  }

  /** The next requests of a verb get this answer; of several misbehaviours the first that fits. */
  misbehave(misbehaviour: Misbehaviour): void {
    this.#misbehaviours.push(misbehaviour);
  }

  /** From now on it answers as it should. */
  behave(): void {
    this.#misbehaviours = [];
  }

  /** A resource that is not installed is answered with 404, in the words of a real server. */
  uninstall(resource: Resource): void {
    this.#missing.add(collectionOf(resource));
  }

  install(resource: Resource): void {
    this.#missing.delete(collectionOf(resource));
  }

  /** Ends all open watches as a server does whose time for them is over. */
  endWatches(): void {
    this.#forEachWatch((watch) => watch.end());
  }

  /** Breaks the connections of all open watches. */
  cutWatches(): void {
    this.#forEachWatch((watch) => watch.cut());
  }

  /** All open watches, or those of one resource, stay open and hear nothing more. */
  freezeWatches(resource?: Resource): void {
    for (const watch of this.#watches) {
      if (resource !== undefined && watch.selection.collection !== collectionOf(resource)) continue;
      watch.freeze();
      this.#watches.delete(watch);
    }
  }

  /** Ends all open watches with the event that says that their place in the history is gone. */
  expireWatches(): void {
    this.#forEachWatch((watch) => watch.fail(statusObject(410, 'Expired', 'too old resource version')));
  }

  /** Forgets the history and the lists that are only half read. */
  compact(): void {
    this.store.compact();
    this.#pages.clear();
  }

  /** A line of any kind to all open watches. */
  sendLine(line: string): void {
    for (const watch of this.#watches) watch.sendLine(line);
  }

  sendBookmarks(): void {
    for (const watch of this.#watches) watch.bookmark(this.store.version);
  }

  /** The last events of each watch once more, in reverse. */
  repeatEvents(count: number): void {
    for (const watch of this.#watches) watch.repeat(count);
  }

  /** Stops listening and breaks all connections. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#watches.clear();
    await closed;
  }

  /** Listens again, where it did before. */
  async comeBack(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.goAway();
  }

  #forEachWatch(act: (watch: WatchSession) => void): void {
    const open = [...this.#watches];
    this.#watches.clear();
    for (const watch of open) act(watch);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const text = Buffer.concat(pieces).toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const target = targetOf(request);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    this.requests.push({ method: request.method ?? '', path, query, verb: target?.verb ?? 'other', body });
    if (target === undefined || this.#missing.has(target.collection)) return answerText(response, 404, '404 page not found\n');
    const misbehaviour = this.#misbehaviourFor(target);
    if (misbehaviour !== undefined) return misbehave(response, misbehaviour);
    try {
      await this.#answer(target, body, response);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      answer(response, thrown.code, statusObject(thrown.code, thrown.reason, thrown.message));
    }
  }

  #misbehaviourFor({ verb }: RequestTarget): Misbehaviour | undefined {
    const found = this.#misbehaviours.find((one) => one.verb === verb);
    if (found === undefined) return undefined;
    const rest = found.times > 1 ? [{ ...found, times: found.times - 1 }] : [];
    this.#misbehaviours = this.#misbehaviours.flatMap((one) => (one === found ? rest : [one]));
    return found;
  }

  async #answer(target: RequestTarget, body: unknown, response: ServerResponse): Promise<void> {
    if (target.verb === 'watch') this.#watch(target, response);
    else if (target.verb === 'list') answer(response, 200, await this.#page(target));
    else if (target.verb === 'get') answer(response, 200, this.#get(target));
    else {
      const written = carryOut(this.store, target, body, this.pruneStatus);
      await this.writeGate;
      answer(response, target.method === 'POST' ? 201 : 200, written);
    }
  }

  #get({ collection, namespace, name }: RequestTarget): object {
    const object = this.store.get(collection, namespace === undefined ? `${name}` : `${namespace}/${name}`);
    if (object === undefined) throw new Refusal(404, 'NotFound', `"${name}" not found`);
    return object;
  }

  #selection({ collection, namespace, query }: RequestTarget): Selection {
    const [path, value] = (query.get('fieldSelector') ?? '').split('=');
    if (path === undefined || value === undefined) return { collection, namespace, field: undefined };
    if (!this.#options.fieldSelectors) throw new Refusal(400, 'BadRequest', `"${path}" is not a known field selector`);
    return { collection, namespace, field: [path, value] };
  }

  async #page(target: RequestTarget): Promise<object> {
    await this.listGate;
    const limit = Number(target.query.get('limit') ?? Number.POSITIVE_INFINITY);
    const token = target.query.get('continue');
    const selection = this.#selection(target);
    const fresh = (): StoredObject[] => this.store.list(target.collection, target.namespace).filter((object) => selects(selection, object));
    const items = token === null ? fresh() : this.#pages.get(token);
    if (items === undefined) throw new Refusal(410, 'Expired', 'The provided continue parameter is too old');
    const version = token?.split(':')[0] ?? String(this.store.version);
    const rest = items.slice(limit);
    const next = rest.length === 0 ? undefined : `${version}:${rest.length}:${this.#pages.size}`;
    if (next !== undefined) this.#pages.set(next, rest);
    // Members of a typed list do not name their kind.
    const members = items.slice(0, limit).map(({ apiVersion: _version, kind: _kind, ...item }) => item);
    return {
      kind: `${items[0]?.kind ?? 'Unknown'}List`,
      apiVersion: 'v1',
      metadata: { resourceVersion: version, continue: next },
      items: members,
    };
  }

  #watch(target: RequestTarget, response: ServerResponse): void {
    const selection = this.#selection(target);
    const initial = target.query.get('sendInitialEvents') === 'true' && this.#options.streamingLists !== 'ignored';
    if (initial && !this.#options.streamingLists) throw new Refusal(422, 'Invalid', 'sendInitialEvents is forbidden for watch');
    const version = Number(target.query.get('resourceVersion') ?? this.store.version);
    const expired = !initial && version < this.store.compacted;
    if (expired && this.#options.expiry === 'status') throw new Refusal(410, 'Expired', 'too old resource version');
    const session = new WatchSession(selection, response);
    if (expired) {
      session.fail(statusObject(410, 'Expired', 'too old resource version'));
      return;
    }
    if (initial) {
      const objects = this.store.list(target.collection, target.namespace).filter((object) => selects(selection, object));
      session.tellInitial(objects, this.store.version);
    } else for (const change of this.store.changesAfter(version, target.collection)) session.tell(change);
    this.#watches.add(session);
    response.on('close', () => this.#watches.delete(session));
  }
}

function collectionOf(resource: Resource): string {
  return collectionPath({ ...resource, namespace: undefined });
}

function misbehave(response: ServerResponse, { status, retryAfterSeconds, body }: Misbehaviour): void {
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  if (body === undefined) answer(response, status, statusObject(status, 'Injected', `injected ${status}`));
  else answerText(response, status, body);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function answerText(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(body);
}
