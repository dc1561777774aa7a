/** Limits of Kubernetes on the two parts of a label's key, and on its value, in characters. */
const MAX_NAME = 63;
const MAX_PREFIX = 253;

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAME_RULE = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;

/** What is wrong with the key of a label, or `undefined`: an optional DNS name, a slash, and a name (Kubernetes, label syntax). */
export function labelKeyFault(key: string): string | undefined {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length > 1 ? parts.slice(0, -1).join('/') : undefined;
  if (parts.length > 2) return `key "${key}": a label key has at most one '/'`;
  if (prefix !== undefined && (prefix.length > MAX_PREFIX || !DNS_SUBDOMAIN.test(prefix))) {
    return `key "${key}": prefix part must be a DNS subdomain of at most ${MAX_PREFIX} characters`;
  }
  if (name === '') return `key "${key}": name part must be non-empty`;
  if (name.length > MAX_NAME) return `key "${key}": name part must be no more than ${MAX_NAME} characters`;
  return NAME.test(name) ? undefined : `key "${key}": name part ${NAME_RULE}`;
}

/** What is wrong with the value of a label, or `undefined`; the empty value is right. */
export function labelValueFault(value: string): string | undefined {
  if (value.length > MAX_NAME) return `value "${value}": must be no more than ${MAX_NAME} characters`;
  return value === '' || NAME.test(value) ? undefined : `value "${value}": a valid label must be an empty string or ${NAME_RULE}`;
}
