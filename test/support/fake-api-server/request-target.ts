import type { IncomingMessage } from 'node:http';

/** What a request is about. */
export interface RequestTarget {
  readonly method: string;
  /** `/api/v1/services`: the same whether a namespace is named or not. */
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: boolean;
  readonly query: URLSearchParams;
  readonly verb: 'list' | 'watch' | 'get' | 'write';
}

const PATH = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(\/status)?$/;

/** Reads a request's line; `undefined` for a path that is none of the API's. */
export function targetOf(request: IncomingMessage): RequestTarget | undefined {
  const url = new URL(request.url ?? '', 'http://fake');
  const [, root, namespace, plural, name, status] = PATH.exec(url.pathname) ?? [];
  if (root === undefined || plural === undefined) return undefined;
  const method = request.method ?? 'GET';
  const reading = name !== undefined ? 'get' : url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
  return {
    method,
    collection: `${root}/${plural}`,
    namespace: namespace === undefined ? undefined : decodeURIComponent(namespace),
    name: name === undefined ? undefined : decodeURIComponent(name),
    status: status !== undefined,
    query: url.searchParams,
    verb: method === 'GET' ? reading : 'write',
  };
}
