import { MetalError } from '../../src/lib/errors.ts';

/** A program of the cluster is not to be had; the message says what was tried and what to install. */
export class ProvisionError extends MetalError {
  readonly code = 'PROVISION_FAILED';
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
