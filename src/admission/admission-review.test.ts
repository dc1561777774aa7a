import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admissionReview, parseAdmissionReview } from './admission-review.ts';

const REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
const REQUEST = { uid: 'u-1', operation: 'UPDATE', namespace: 'metallb-system', name: 'a', object: { spec: 1 }, oldObject: { spec: 0 } };

test('a request is read', () => {
  const read = parseAdmissionReview(JSON.stringify({ ...REVIEW, request: { ...REQUEST, dryRun: true } }));
  expect(read).toEqual({ ok: true, value: { ...REQUEST, dryRun: true } });
});

test.each<{ what: string; request: object; reads: object }>([
  { what: 'a creation has no old object', request: { ...REQUEST, operation: 'CREATE', oldObject: null }, reads: { oldObject: undefined } },
  { what: 'a deletion has no new object', request: { ...REQUEST, operation: 'DELETE', object: null }, reads: { object: undefined } },
  { what: 'a kind without namespaces', request: { ...REQUEST, namespace: undefined }, reads: { namespace: '' } },
  { what: 'what is not tried is meant', request: REQUEST, reads: { dryRun: false } },
])('$what', ({ request, reads }) => {
  expect(parseAdmissionReview(JSON.stringify({ ...REVIEW, request }))).toMatchObject({ ok: true, value: reads });
});

test.each<{ body: string; error: string }>([
  { body: '', error: 'the body is not JSON' },
  { body: '{"apiVersion"', error: 'the body is not JSON' },
  { body: 'null', error: 'the body is no AdmissionReview of admission.k8s.io/v1' },
  { body: '[]', error: 'the body is no AdmissionReview of admission.k8s.io/v1' },
  {
    body: JSON.stringify({ ...REVIEW, apiVersion: 'admission.k8s.io/v1beta1' }),
    error: 'the body is no AdmissionReview of admission.k8s.io/v1',
  },
  { body: JSON.stringify(REVIEW), error: 'request.uid is missing' },
  { body: JSON.stringify({ ...REVIEW, request: { ...REQUEST, uid: 7 } }), error: 'request.uid is missing' },
  {
    body: JSON.stringify({ ...REVIEW, request: { ...REQUEST, operation: 'STEAL' } }),
    error: 'request.operation is none of CREATE, UPDATE, DELETE, CONNECT',
  },
])('$body: $error', ({ body, error }) => {
  expect(parseAdmissionReview(body)).toEqual({ ok: false, error });
});

test('whatever comes, it is read or refused without quoting it', () => {
  fc.assert(
    fc.property(fc.json(), (body) => {
      const read = parseAdmissionReview(body);
      if (!read.ok) expect(read.error.length).toBeLessThan(100);
    }),
  );
});

test('a change that is taken', () => {
  expect(admissionReview('u-1', { warnings: [] })).toEqual({ ...REVIEW, response: { uid: 'u-1', allowed: true } });
});

test('a change that is taken with a warning', () => {
  const { response } = admissionReview('u-1', { warnings: ['old', 'two\nlines'] });
  expect(response).toEqual({ uid: 'u-1', allowed: true, warnings: ['old', 'two; lines'] });
});

test('a change that is refused is forbidden, and kubectl shows the reason', () => {
  const { response } = admissionReview('u-1', { refusal: 'it overlaps', warnings: [] });
  const status = { status: 'Failure', reason: 'Forbidden', code: 403, message: 'it overlaps' };
  expect(response).toEqual({ uid: 'u-1', allowed: false, status });
});
