import { MetalError } from '../../src/lib/errors.ts';

/** A type in src/crds that cannot become a schema; the message names the type or field and what to write in its place. */
export class CrdError extends MetalError {
  readonly code: string = 'CRD_REFUSED';
  readonly retryable: boolean = false;
}
