import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { MetalError } from '../../src/lib/errors.ts';
import type { Access } from './kubeconfig.ts';

/** An object as the API gives and takes it; the harness knows the few fields it asks for. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** The API server answered, and it was a refusal. */
export class ApiError extends MetalError {
  readonly code = 'API_REFUSED';
  readonly retryable: boolean;
  readonly status: number;
  /** How long the server wants to be left alone; `undefined` when it does not say. */
  readonly retryAfterMilliseconds: number | undefined;

  constructor(status: number, message: string, retryAfterMilliseconds?: number) {
    super(message);
    this.status = status;
    this.retryAfterMilliseconds = retryAfterMilliseconds;
    this.retryable = status === 429 || status >= 500;
  }
}

/** The server closed a connection that was kept in the moment in which it was used again: it has not looked at the request (Node, `request.reusedSocket`). */
class ClosedMeanwhileError extends MetalError {
  readonly code = 'CLOSED_MEANWHILE';
  readonly retryable = true;
}

/** A request that has no answer after this long never gets one: the server is on the same machine. */
const DEADLINE_MILLISECONDS = 30_000;

/** As often as kubectl asks again. A server that is well wants to be left alone for a second, behind a change of a definition for instance. */
const MOST_RETRIES = 10;

/** Requests in flight at once; more would only queue up in the server. */
const MAX_SOCKETS = 32;

/** A few lines over HTTPS for the harness's own objects. The product has its own client; this one must stay cheap to load. */
export class ApiClient implements Disposable {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, ca: access.authority });
  }

  /** Reads an object, a list or, at `/readyz` and the like, a text. */
  get(path: string, signal?: AbortSignal): Promise<ApiObject> {
    return this.#send('GET', path, undefined, signal);
  }

  /** Creates an object. */
  post(path: string, body: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    return this.#send('POST', path, { body, type: 'application/json' }, signal);
  }

  /** Replaces an object or its status. */
  put(path: string, body: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    return this.#send('PUT', path, { body, type: 'application/json' }, signal);
  }

  /** Merges `body` into an object (RFC 7396). */
  patch(path: string, body: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    return this.#send('PATCH', path, { body, type: 'application/merge-patch+json' }, signal);
  }

  /** Deletes an object. */
  delete(path: string, signal?: AbortSignal): Promise<ApiObject> {
    return this.#send('DELETE', path, undefined, signal);
  }

  /** Closes the connections that are kept. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** One request. What the server has not looked at is sent again: because it is not the time (429), when it says, or because the connection was over. */
  async #send(method: string, path: string, payload: Payload | undefined, signal?: AbortSignal): Promise<ApiObject> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#attempt(method, path, payload, signal);
      } catch (thrown) {
        const later = pauseBehind(thrown);
        if (later === undefined || retries === MOST_RETRIES) throw thrown;
        await sleep(later, undefined, { signal });
      }
    }
  }

  /** Sends it once, and reads the answer to its end; the deadline holds for all of it. */
  #attempt(method: string, path: string, payload: Payload | undefined, signal?: AbortSignal): Promise<ApiObject> {
    const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
    const headers = {
      authorization: `Bearer ${this.#access.token}`,
      accept: 'application/json',
      'content-type': payload?.type ?? 'application/json',
    };
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent: this.#agent,
        headers,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      };
      const outgoing = request(new URL(path, this.#access.url), options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const status = incoming.statusCode ?? 0;
          if (status < 300) resolve(parsed(text));
          else reject(refusal(`${method} ${path}`, status, text, incoming.headers['retry-after']));
        });
      });
      outgoing.on('error', (cause: NodeJS.ErrnoException) => {
        const isOld = outgoing.reusedSocket && cause.code === 'ECONNRESET';
        reject(isOld ? new ClosedMeanwhileError(`${method} ${path}: ${cause.message}`, { cause }) : cause);
      });
      outgoing.end(payload === undefined ? undefined : JSON.stringify(payload.body));
    });
  }
}

/** The body of a request, and what it is called. */
interface Payload {
  readonly body: ApiObject;
  readonly type: string;
}

/** After how many milliseconds a request that failed is sent again; `undefined` when it is not. */
function pauseBehind(thrown: unknown): number | undefined {
  if (thrown instanceof ClosedMeanwhileError) return 0;
  return thrown instanceof ApiError && thrown.status === 429 ? thrown.retryAfterMilliseconds : undefined;
}

function refusal(asked: string, status: number, text: string, retryAfterSeconds: string | undefined): ApiError {
  const later = retryAfterSeconds === undefined ? undefined : Number(retryAfterSeconds) * 1_000;
  return new ApiError(status, `${asked}: ${status} ${parsed(text).message ?? text}`, later);
}

/** Health end points answer a bare word, which comes back as `text`. */
function parsed(text: string): ApiObject {
  try {
    return JSON.parse(text) as ApiObject;
  } catch {
    return { text };
  }
}
