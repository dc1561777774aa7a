import { textOf } from '../lib/json.ts';

/** What the codes of Node's network and TLS errors mean to a reader. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'its host name does not resolve',
  EAI_AGAIN: 'its host name does not resolve now',
  EHOSTUNREACH: 'no route to its address',
  ENETUNREACH: 'no route to its network',
  ETIMEDOUT: 'no answer to the connection attempt',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by the CA of the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by the CA of the kubeconfig',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not signed by the CA of the kubeconfig',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by the CA of the kubeconfig',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the CA of the kubeconfig',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names than the one in the kubeconfig',
};

/** Why there is no connection, in words; an unknown code stands for itself. */
export function describeConnectionFault(thrown: unknown): string {
  const code = codeOf(thrown);
  return MEANINGS[code] ?? (code === '' ? String(thrown) : code);
}

/** The code of Node's error. A name with several addresses that all refuse gives one error around theirs. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  return textOf((thrown as NodeJS.ErrnoException | undefined)?.code) ?? '';
}
