import type { Resource } from '../../kubernetes/resource.ts';
import { type JsonObject, objectOf, textOf } from '../../lib/json.ts';

/** What a Secret of the webhooks holds, in PEM; empty is what is missing. The names of the fields are MetalLB's. */
export interface CertificateSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  /** `ca.crt`: the authority, and behind it earlier ones that are still trusted. */
  readonly authority: string;
  /** `ca.key`. */
  readonly authorityKey: string;
  /** `tls.crt`. */
  readonly certificate: string;
  /** `tls.key`. */
  readonly certificateKey: string;
  /** `ca.crt` as it stands in the object, in base64, which is also how a caBundle is written. */
  readonly bundle: string;
}

/** Secrets as the API names them. */
export const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' };

/** How one object of a kind is watched with a right to that one alone: the server reads its name from the selector. */
export function onlyNamed(name: string): string {
  return `metadata.name=${name}`;
}

/** The projection of the Secret, shared by all who look at it. */
export function certificateSecret({ metadata, data }: JsonObject): CertificateSecret {
  const { uid, resourceVersion } = objectOf(metadata);
  const fields = objectOf(data);
  const pem = (field: string): string => decoded(textOf(fields[field]) ?? '');
  return {
    uid: textOf(uid) ?? '',
    resourceVersion: textOf(resourceVersion) ?? '',
    authority: pem('ca.crt'),
    authorityKey: pem('ca.key'),
    certificate: pem('tls.crt'),
    certificateKey: pem('tls.key'),
    bundle: textOf(fields['ca.crt']) ?? '',
  };
}

/** What is written into `data`: texts in base64. */
export function certificateData(
  secret: Pick<CertificateSecret, 'authority' | 'authorityKey' | 'certificate' | 'certificateKey'>,
): JsonObject {
  const { authority, authorityKey, certificate, certificateKey } = secret;
  return { 'ca.crt': btoa(authority), 'ca.key': btoa(authorityKey), 'tls.crt': btoa(certificate), 'tls.key': btoa(certificateKey) };
}

/** The server vouches for base64; what is no text in it is no PEM either, and shows as such. */
function decoded(base64: string): string {
  return atob(base64);
}
