import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** What somebody is about to do to an object. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** The question of the API server (admission.k8s.io/v1, AdmissionRequest), as far as it is answered here. */
export interface AdmissionRequest {
  /** Stands in the answer, so that it belongs to the question. */
  readonly uid: string;
  readonly operation: Operation;
  /** Empty for kinds without namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** As it shall be; absent for a deletion. */
  readonly object: JsonObject | undefined;
  /** As it is; absent for a creation. */
  readonly oldObject: JsonObject | undefined;
  /** Whether the change is only tried: nothing comes of it. */
  readonly dryRun: boolean;
}

/** The answer to it. */
export interface Verdict {
  /** Why the change is refused, for the person who asked for it; absent when it is not. */
  readonly refusal?: string | undefined;
  /** What the person is told although the change is taken. */
  readonly warnings: readonly string[];
}

const VERSION = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const;
const OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
/** What a refusal is to `kubectl` and its like: the change was understood and is not allowed. */
const FORBIDDEN = { status: 'Failure', reason: 'Forbidden', code: 403 } as const;

/** Reads an AdmissionReview. The error says what is wrong with it, without quoting it: it may hold a password. */
export function parseAdmissionReview(text: string): Result<AdmissionRequest, string> {
  const review = parsed(text);
  if (review === undefined) return err('the body is not JSON');
  if (review.apiVersion !== VERSION.apiVersion || review.kind !== VERSION.kind) {
    return err(`the body is no ${VERSION.kind} of ${VERSION.apiVersion}`);
  }
  const request = objectOf(review.request);
  const uid = textOf(request.uid) ?? '';
  if (uid === '') return err('request.uid is missing');
  const operation = OPERATIONS.find((each) => each === request.operation);
  if (operation === undefined) return err(`request.operation is none of ${OPERATIONS.join(', ')}`);
  return ok({
    uid,
    operation,
    namespace: textOf(request.namespace) ?? '',
    name: textOf(request.name) ?? '',
    object: presentObject(request.object),
    oldObject: presentObject(request.oldObject),
    dryRun: request.dryRun === true,
  });
}

/** The AdmissionReview that carries a verdict to the request with this uid. */
export function admissionReview(uid: string, { refusal, warnings }: Verdict): JsonObject {
  const response = {
    uid,
    allowed: refusal === undefined,
    ...(refusal === undefined ? {} : { status: { ...FORBIDDEN, message: refusal } }),
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(onOneLine) }),
  };
  return { ...VERSION, response };
}

/** A warning travels in a header: one with a line end is dropped by the server without a word. */
function onOneLine(warning: string): string {
  return warning.replaceAll('\n', '; ');
}

function parsed(text: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The wire has `null` where there is no object. */
function presentObject(value: unknown): JsonObject | undefined {
  return value === undefined || value === null ? undefined : objectOf(value);
}
