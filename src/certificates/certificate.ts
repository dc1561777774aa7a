import { createHash, createPrivateKey, generateKeyPair, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { ADDRESS_BITS, type IpAddress } from '../lib/ip.ts';
import {
  bitString,
  contentOf,
  type Der,
  explicit,
  implicit,
  nothing,
  objectIdentifier,
  octetString,
  parts,
  sequence,
  setOf,
  time,
  truth,
  unsigned,
  utf8,
} from './der.ts';

/** From when until when a certificate counts, in milliseconds since 1970; seconds are what is written. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate with the key that belongs to it, both as PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  /** PKCS #8. A secret: it goes into a Secret or into a server, never into a log. */
  readonly privateKey: string;
}

/** What an authority is called and how long it lasts. */
export interface AuthorityRequest {
  readonly commonName: string;
  readonly validity: Validity;
}

/** What a server is called: clients compare the names and addresses, not the common name. */
export interface ServingRequest extends AuthorityRequest {
  readonly dnsNames: readonly string[];
  readonly addresses: readonly IpAddress[];
}

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
} as const;

/** Numbers of the choices of a GeneralName (RFC 5280, Section 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** An authority signs servers, not other authorities. */
const NO_AUTHORITY_BELOW = unsigned(Uint8Array.of(0));
/** Signs certificates and lists of revoked ones: bits 5 and 6, the last bit unused (RFC 5280, Section 4.2.1.3). */
const SIGNS_CERTIFICATES = bitString(Uint8Array.of(0b0000_0110), 1);
/** Signs the handshake: bit 0. */
const SIGNS_HANDSHAKES = bitString(Uint8Array.of(0b1000_0000), 7);
/** Of RFC 5280: at most 20 octets, and positive. */
const SERIAL_OCTETS = 16;
const KEY_IDENTIFIER_OCTETS = 20;
/** The third version counts as 2, and is the one with extensions. */
const VERSION_3 = explicit(0, unsigned(Uint8Array.of(2)));
/** The tag of the extensions in the body of a certificate: the third of its optional fields. */
const EXTENSIONS = 0xa3;
const PEM_LINE = /.{1,64}/g;

const newKeyPair = promisify(generateKeyPair);

/** Who signs: the key, and what the certificate says of it. */
interface Issuer {
  readonly name: Der;
  readonly key: KeyObject;
  /** Absent where the authority does not say how its key is called. */
  readonly keyIdentifier: Uint8Array | undefined;
}

/** A new authority with a key of its own (ECDSA, P-256), signed by itself. */
export async function issueAuthority(request: AuthorityRequest): Promise<IssuedCertificate> {
  const keys = await newKeyPair('ec', { namedCurve: 'P-256' });
  const extensions = [
    extension(OID.basicConstraints, sequence(truth(), NO_AUTHORITY_BELOW), 'critical'),
    extension(OID.keyUsage, SIGNS_CERTIFICATES, 'critical'),
  ];
  return issue(request, keys, undefined, extensions);
}

/**
 * A new certificate for a TLS server with a key of its own (ECDSA, P-256), signed by `authority`, or by itself where
 * there is none: then clients must be told to trust exactly this one. The authority's key may be of another kind, RSA
 * or a curve, for it may be one that was found in a Secret. Throws for an authority that is no certificate and key.
 */
export async function issueServing(request: ServingRequest, authority?: IssuedCertificate): Promise<IssuedCertificate> {
  const keys = await newKeyPair('ec', { namedCurve: 'P-256' });
  const names = [
    ...request.dnsNames.map((name) => implicit(DNS_NAME, new TextEncoder().encode(name))),
    ...request.addresses.map((address) => implicit(IP_ADDRESS, octetsOf(address))),
  ];
  const extensions = [
    extension(OID.basicConstraints, sequence(), 'critical'),
    extension(OID.keyUsage, SIGNS_HANDSHAKES, 'critical'),
    extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuthentication))),
    extension(OID.subjectAlternativeName, sequence(...names)),
  ];
  return issue(request, keys, authority === undefined ? undefined : issuerOf(authority), extensions);
}

/**
 * Whether a certificate must be replaced: it ends within `before` milliseconds from `now` (since 1970), does not count
 * yet, or is none at all.
 */
export function renewalDue(certificate: string, now: number, before: number): boolean {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate);
    return Date.parse(validFrom) > now || Date.parse(validTo) - before <= now;
  } catch {
    // No certificate is left to renew.
    return true;
  }
}

function issue(
  { commonName, validity }: AuthorityRequest,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  authority: Issuer | undefined,
  extensions: readonly Der[],
): IssuedCertificate {
  const name = nameOf(commonName);
  const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' });
  const keyIdentifier = keyIdentifierOf(keys.publicKey);
  const issuer = authority ?? { name, key: keys.privateKey, keyIdentifier };
  const algorithm = algorithmOf(issuer.key);
  const body = sequence(
    VERSION_3,
    unsigned(serialOf(publicKey)),
    algorithm,
    issuer.name,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    name,
    publicKey,
    explicit(3, sequence(...extensions, ...keyIdentifiers(keyIdentifier, issuer.keyIdentifier))),
  );
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, issuer.key)));
  return { certificate: pem(certificate), privateKey: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

function issuerOf(authority: IssuedCertificate): Issuer {
  const certificate = new X509Certificate(authority.certificate);
  const [body = new Uint8Array()] = parts(certificate.raw);
  // Version, serial, algorithm, issuer, validity, then the subject, copied as it stands: names are compared octet by octet.
  const name = parts(body)[5] ?? new Uint8Array();
  return { name, key: createPrivateKey(authority.privateKey), keyIdentifier: subjectKeyIdentifierOf(body) };
}

/**
 * What a certificate calls its key. Whoever made it may have computed that otherwise than we do, and what it signs must
 * repeat it, or OpenSSL takes the two for strangers (RFC 5280, Section 4.2.1.1).
 */
function subjectKeyIdentifierOf(body: Der): Uint8Array | undefined {
  const [extensions] = parts(body).filter((part) => part[0] === EXTENSIONS);
  const [list] = extensions === undefined ? [] : parts(extensions);
  const name = objectIdentifier(OID.subjectKeyIdentifier);
  const found = list === undefined ? undefined : parts(list).find((each) => Buffer.from(parts(each)[0] ?? []).equals(name));
  const value = found === undefined ? undefined : parts(found).at(-1);
  // An octet string in an octet string.
  return value === undefined ? undefined : contentOf(contentOf(value));
}

function algorithmOf(key: KeyObject): Der {
  return key.asymmetricKeyType === 'rsa'
    ? sequence(objectIdentifier(OID.sha256WithRsa), nothing())
    : sequence(objectIdentifier(OID.ecdsaWithSha256));
}

function nameOf(commonName: string): Der {
  return sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8(commonName))));
}

/** As unique as the key, which no other certificate has: nothing need be remembered. */
function serialOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).subarray(0, SERIAL_OCTETS);
}

/** The first 160 bits of the hash of the key itself (RFC 7093, Section 2, the first method). */
function keyIdentifierOf(publicKey: KeyObject): Uint8Array {
  const [, key = bitString(new Uint8Array())] = parts(publicKey.export({ format: 'der', type: 'spki' }));
  // The first octet of a string of bits says how many of its last do not count.
  return sha256(contentOf(key).subarray(1)).subarray(0, KEY_IDENTIFIER_OCTETS);
}

function keyIdentifiers(subject: Uint8Array, issuer: Uint8Array | undefined): readonly Der[] {
  const ofIssuer = issuer === undefined ? [] : [extension(OID.authorityKeyIdentifier, sequence(implicit(0, issuer)))];
  return [extension(OID.subjectKeyIdentifier, octetString(subject)), ...ofIssuer];
}

function extension(name: string, value: Der, critical?: 'critical'): Der {
  const flag = critical === undefined ? [] : [truth()];
  return sequence(objectIdentifier(name), ...flag, octetString(value));
}

function octetsOf({ family, value }: IpAddress): Uint8Array {
  const octets = ADDRESS_BITS[family] / 8;
  return Uint8Array.from({ length: octets }, (_, index) => Number((value >> BigInt(8 * (octets - 1 - index))) & 0xffn));
}

function sha256(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets).digest();
}

function pem(der: Der): string {
  const lines = Buffer.from(der).toString('base64').match(PEM_LINE) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
