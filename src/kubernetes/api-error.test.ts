import { expect, test } from '@jest/globals';
import { ApiError, isStatus, isUnreachable } from './api-error.ts';

test.each([
  { status: 0, reason: 'Unreachable', code: 'API_UNREACHABLE', retryable: true },
  { status: 400, reason: 'BadRequest', code: 'API_BAD_REQUEST', retryable: false },
  { status: 403, reason: 'Forbidden', code: 'API_FORBIDDEN', retryable: false },
  { status: 404, reason: 'NotFound', code: 'API_NOT_FOUND', retryable: false },
  { status: 409, reason: 'AlreadyExists', code: 'API_ALREADY_EXISTS', retryable: true },
  { status: 410, reason: 'Expired', code: 'API_EXPIRED', retryable: true },
  { status: 422, reason: 'Invalid', code: 'API_INVALID', retryable: false },
  { status: 429, reason: 'TooManyRequests', code: 'API_TOO_MANY_REQUESTS', retryable: true },
  { status: 500, reason: 'InternalError', code: 'API_INTERNAL_ERROR', retryable: true },
  { status: 502, reason: 'Http502', code: 'API_HTTP502', retryable: true },
])('$status $reason: $code', ({ status, reason, code, retryable }) => {
  const error = new ApiError('text', { status, reason });
  expect(error).toMatchObject({ name: 'ApiError', message: 'text', code, retryable });
  expect([isStatus(error, status), isStatus(error, 299), isStatus(new Error('x'), status)]).toEqual([true, false, false]);
  expect(isUnreachable(error)).toBe(reason === 'Unreachable');
});
