import { X509Certificate } from 'node:crypto';
import { issueAuthority, issueServing } from '../certificates/certificate.ts';
import { isPair, type KeyPair } from './serving-certificate.ts';

/** What a Secret with certificates holds, in PEM; empty is what is missing. */
export interface CertificatePems {
  /** The authority, and behind it earlier ones. */
  readonly authority: string;
  readonly authorityKey: string;
  readonly certificate: string;
  readonly certificateKey: string;
}

/** What they say; absent is what is missing or cannot be used. Instants are milliseconds since 1970. */
export interface InspectedCertificates {
  readonly authority: { readonly expires: number } | undefined;
  readonly certificate: { readonly expires: number; readonly dnsNames: readonly string[]; readonly issuedByAuthority: boolean } | undefined;
}

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;
/** As MetalLB has them. */
const AUTHORITY_DAYS = 3_650;
const CERTIFICATE_DAYS = 365;
/** Clocks of nodes differ: a certificate counts from a little before it was made. */
const BACKDATED_MILLISECONDS = HOUR_MILLISECONDS;
const AUTHORITY_NAME = 'metallb webhook authority';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** What the texts of a Secret are. An authority that lacks its key, or is none, cannot be used. Never throws. */
export function inspectCertificates({ authority, authorityKey, certificate, certificateKey }: CertificatePems): InspectedCertificates {
  const signer = certificateWith(authority, authorityKey);
  const usable = signer?.ca === true ? signer : undefined;
  const served = certificateWith(certificate, certificateKey);
  return {
    authority: usable && { expires: expiryOf(usable) },
    certificate: served && { expires: expiryOf(served), dnsNames: dnsNamesOf(served), issuedByAuthority: isIssuedBy(served, usable) },
  };
}

/** An authority that lasts 10 years from `now`. */
export function newAuthority(now: number): Promise<KeyPair> {
  const validity = { notBefore: now - BACKDATED_MILLISECONDS, notAfter: now + AUTHORITY_DAYS * DAY_MILLISECONDS };
  return issueAuthority({ commonName: AUTHORITY_NAME, validity });
}

/** A certificate of `authority` for these names that lasts a year from `now`, or as long as the authority does. */
export function newCertificate(authority: KeyPair, dnsNames: readonly [string, ...string[]], now: number): Promise<KeyPair> {
  const end = Math.min(now + CERTIFICATE_DAYS * DAY_MILLISECONDS, expiryOf(new X509Certificate(authority.certificate)));
  const validity = { notBefore: now - BACKDATED_MILLISECONDS, notAfter: end };
  return issueServing({ commonName: dnsNames[0], dnsNames, addresses: [], validity }, authority);
}

/** The certificates of `bundle` that have not expired, in their order, each once. */
export function stillTrusted(bundle: string, now: number): string {
  const all = new Set(bundle.match(PEM_CERTIFICATE) ?? []);
  const kept = [...all].filter((pem) => {
    const certificate = parsed(pem);
    return certificate !== undefined && expiryOf(certificate) > now;
  });
  return kept.map((pem) => `${pem}\n`).join('');
}

function certificateWith(certificate: string, privateKey: string): X509Certificate | undefined {
  return isPair({ certificate, privateKey }) ? parsed(certificate) : undefined;
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate | undefined): boolean {
  return authority !== undefined && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function expiryOf({ validTo }: X509Certificate): number {
  return Date.parse(validTo);
}

function dnsNamesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return [...(subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name);
}
