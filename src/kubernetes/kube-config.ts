import { MetalError } from '../lib/errors.ts';

/** There is no usable way to the API server; the text says what to do. */
export class KubeConfigError extends MetalError {
  readonly code = 'KUBECONFIG';
  readonly retryable = false;
}
