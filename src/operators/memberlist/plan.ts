import type { JsonObject } from '../../lib/json.ts';

/** Of the Secret that is to be made. */
export interface MemberlistSecretFacts {
  readonly namespace: string;
  readonly name: string;
  /** The key that the members share, {@link KEY_OCTETS} of them. */
  readonly key: Uint8Array;
  /** The Deployment with which the Secret goes; `undefined` for none. */
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
}

/** A key of AES-128, as MetalLB makes it. */
export const KEY_OCTETS = 16;

/** The Secret as MetalLB's speakers mount it: the key as base64 without its padding, under `secretkey`. */
export function planMemberlistSecret({ namespace, name, key, owner }: MemberlistSecretFacts): JsonObject {
  const ownerReferences = owner === undefined ? undefined : [{ apiVersion: 'apps/v1', kind: 'Deployment', ...owner }];
  const text = btoa(String.fromCharCode(...key)).replace(/=+$/, '');
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, ownerReferences }, stringData: { secretkey: text } };
}
