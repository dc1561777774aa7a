import { objectOf, textOf } from '../lib/json.ts';

/** What the rules about configuration need of a Secret. Its content is not among it, so that nothing can tell it. */
export interface SecretFacts {
  readonly name: string;
  /** Such as `kubernetes.io/basic-auth`. */
  readonly type: string;
  /** Whether it has the key `password`. */
  readonly hasPassword: boolean;
}

/** Reads a Secret as the API gives it. Never throws; a field that is missing or of a wrong type counts as absent. */
export function secretFacts(secret: unknown): SecretFacts {
  const { metadata, type, data } = objectOf(secret);
  return {
    name: textOf(objectOf(metadata).name) ?? '',
    type: textOf(type) ?? '',
    hasPassword: Object.hasOwn(objectOf(data), 'password'),
  };
}
