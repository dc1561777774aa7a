import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';

/** What a server answered over TLS. */
export interface SecureAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly protocol: string | null;
  /** SHA-256 of the certificate that it showed. */
  readonly fingerprint: string;
}

/** How a {@link secureRequest} differs from a plain GET. */
export interface SecureRequestOptions {
  readonly authorization?: string;
  readonly method?: string;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** One request to a server on loopback, on a connection of its own; the certificate is not checked, as Prometheus is told not to. */
export function secureRequest(port: number, path: string, options: SecureRequestOptions = {}): Promise<SecureAnswer> {
  const { authorization, method, maxVersion } = options;
  const headers = authorization === undefined ? {} : { authorization };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers, rejectUnauthorized: false, agent: false, maxVersion },
      (answer) => {
        const socket = answer.socket as TLSSocket;
        const { fingerprint256: fingerprint } = socket.getPeerCertificate();
        const protocol = socket.getProtocol();
        const { statusCode: status = 0, headers: received } = answer;
        text(answer).then((body) => resolve({ status, contentType: received['content-type'], body, protocol, fingerprint }), reject);
      },
    );
    asked.on('error', reject).end();
  });
}
