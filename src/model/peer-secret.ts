import { objectOf, textOf } from '../lib/json.ts';

/** The password that a Secret of the type `kubernetes.io/basic-auth` holds for a peer. Never logged. */
export interface PeerSecret {
  readonly name: string;
  readonly password: string;
}

/** Reads a Secret as the API gives it; `undefined` for one without a password that is base64 of UTF-8. Never throws. */
export function peerSecret(secret: unknown): PeerSecret | undefined {
  const { metadata, data } = objectOf(secret);
  const password = decoded(textOf(objectOf(data).password));
  return password === undefined || password === '' ? undefined : { name: textOf(objectOf(metadata).name) ?? '', password };
}

function decoded(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  try {
    const octets = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return undefined; // no base64, or no UTF-8
  }
}
