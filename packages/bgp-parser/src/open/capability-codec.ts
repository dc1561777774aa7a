import type { AddressFamily } from '../address-family.ts';
import { EncodeError } from '../encode-error.ts';
import { copyOctets, readFamily } from '../octets.ts';
import { Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import type {
  AddPathCapability,
  AddPathFamily,
  Capability,
  CapabilityName,
  CapabilityOf,
  FqdnCapability,
  GracefulRestartCapability,
  GracefulRestartFamily,
  LongLivedFamily,
  LongLivedGracefulRestartCapability,
  Role,
} from './capability.ts';

/** The value of one capability; its length is right. */
interface ValueField {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** How one capability is read and written. */
interface CapabilityCodec<One> {
  readonly code: number;
  /** Octets before the first family, and of each; families are absent where a capability has none. */
  readonly octets: number;
  readonly octetsEach?: number;
  /** Undefined: to be taken as not understood. */
  readonly decode: (field: ValueField) => Omit<One, 'code' | 'name'> | undefined;
  encode(writer: Writer, capability: One): void;
}

type Codecs = { readonly [Name in CapabilityName]: CapabilityCodec<CapabilityOf<Name>> & { readonly code: CapabilityOf<Name>['code'] } };

const ROLES: readonly Role[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];
const MODES: readonly AddPathFamily['mode'][] = ['receive', 'send', 'both'];
const RESTARTED = 0x8000;
const NOTIFICATION = 0x4000;
const MOST_RESTART_TIME = 0x0fff;
const FORWARDING = 0x80;
const MOST_STALE_TIME = 0xff_ffff;

const NOTHING = { octets: 0, decode: () => ({}), encode: () => undefined } as const;

/** The capabilities that are read. */
export const CAPABILITY_CODECS: Codecs = {
  multiprotocol: {
    code: 1,
    octets: 4,
    decode: ({ view, start }) => ({ afi: view.getUint16(start), safi: view.getUint8(start + 3) }),
    encode: (writer, { afi, safi }) => {
      writer.uint16(afi);
      writer.uint16(safi);
    },
  },
  'route-refresh': { code: 2, ...NOTHING },
  'extended-next-hop': {
    code: 5,
    octets: 0,
    octetsEach: 6,
    decode: (field) => ({
      families: each(field, 6, (view, at) => ({
        afi: view.getUint16(at),
        safi: view.getUint16(at + 2),
        nextHopAfi: view.getUint16(at + 4),
      })),
    }),
    encode: (writer, { families }) => {
      for (const { afi, safi, nextHopAfi } of families) for (const value of [afi, safi, nextHopAfi]) writer.uint16(value);
    },
  },
  'extended-message': { code: 6, ...NOTHING },
  role: {
    code: 9,
    octets: 1,
    decode: decodeRole,
    encode: (writer, { role }) => writer.uint8(typeof role === 'number' ? role : ROLES.indexOf(role)),
  },
  'graceful-restart': { code: 64, octets: 2, octetsEach: 4, decode: decodeGracefulRestart, encode: encodeGracefulRestart },
  'four-octet-asn': {
    code: 65,
    octets: 4,
    decode: ({ view, start }) => ({ asn: view.getUint32(start) }),
    encode: (writer, { asn }) => writer.uint32(asn),
  },
  'add-path': { code: 69, octets: 0, octetsEach: 4, decode: decodeAddPath, encode: encodeAddPath },
  'enhanced-route-refresh': { code: 70, ...NOTHING },
  'long-lived-graceful-restart': { code: 71, octets: 0, octetsEach: 7, decode: decodeLongLived, encode: encodeLongLived },
  fqdn: { code: 73, octets: 0, octetsEach: 1, decode: decodeFqdn, encode: encodeFqdn },
};

const NAMES: ReadonlyMap<number, CapabilityName> = new Map(
  Object.entries(CAPABILITY_CODECS).map(([name, { code }]) => [code, name as CapabilityName]),
);

/**
 * Reads the value of a capability. One that is unknown, or that its own specification wants ignored for what it holds,
 * stays as it is. Refuses a length that the capability cannot have.
 */
export function decodeCapability(view: DataView, code: number, start: number, end: number): Capability | Refusal {
  const name = NAMES.get(code);
  if (name === undefined) return unknownCapability(view, code, start, end);
  const codec = codecOf(name);
  const wanted = lengthFault(codec, end - start);
  if (wanted !== undefined) return new Refusal(start - 1, `${name} capability has ${end - start} octets, must have ${wanted}`);
  const fields = codec.decode({ view, start, end });
  return fields === undefined ? unknownCapability(view, code, start, end) : ({ code, name, ...fields } as Capability);
}

function codecOf(name: CapabilityName): CapabilityCodec<Capability> {
  return CAPABILITY_CODECS[name];
}

/** A capability as it is on the wire. */
export function unknownCapability(view: DataView, code: number, start: number, end: number): Capability {
  return { code, name: 'unknown', value: copyOctets(view, start, end) };
}

function lengthFault({ octets, octetsEach }: CapabilityCodec<Capability>, length: number): string | undefined {
  if (octetsEach === undefined) return length === octets ? undefined : `${octets}`;
  return length >= octets && (length - octets) % octetsEach === 0 ? undefined : `${octets} and a multiple of ${octetsEach}`;
}

/** The mirror of {@link decodeCapability}: code, length and value. */
export function encodeCapability(writer: Writer, capability: Capability): void {
  writer.uint8(capability.code);
  writer.counted(1, () => {
    if (capability.name === 'unknown') writer.bytes(capability.value);
    else codecOf(capability.name).encode(writer, capability);
  });
}

function decodeRole({ view, start }: ValueField): { readonly role: Role | number } {
  const code = view.getUint8(start);
  return { role: ROLES[code] ?? code };
}

function decodeGracefulRestart(field: ValueField): Omit<GracefulRestartCapability, 'code' | 'name'> {
  const first = field.view.getUint16(field.start);
  return {
    restarted: (first & RESTARTED) !== 0,
    notification: (first & NOTIFICATION) !== 0,
    restartTimeSeconds: first & MOST_RESTART_TIME,
    families: each({ ...field, start: field.start + 2 }, 4, readForwarding),
  };
}

function encodeGracefulRestart(writer: Writer, { restarted, notification, restartTimeSeconds, families }: GracefulRestartCapability): void {
  checkAtMost(restartTimeSeconds, MOST_RESTART_TIME, 'restart time');
  writer.uint16((restarted ? RESTARTED : 0) | (notification ? NOTIFICATION : 0) | restartTimeSeconds);
  for (const family of families) encodeForwarding(writer, family);
}

function decodeAddPath(field: ValueField): { readonly families: readonly AddPathFamily[] } | undefined {
  const families = each(field, 4, (view, at) => ({ ...readFamily(view, at), mode: MODES[view.getUint8(at + 3) - 1] }));
  // A mode that nobody has assigned makes all of it not understood (RFC 7911, Section 4).
  return families.every(hasMode) ? { families } : undefined;
}

function hasMode(family: AddressFamily & { readonly mode: AddPathFamily['mode'] | undefined }): family is AddPathFamily {
  return family.mode !== undefined;
}

function encodeAddPath(writer: Writer, { families }: AddPathCapability): void {
  for (const { afi, safi, mode } of families) {
    writer.uint16(afi);
    writer.uint8(safi);
    writer.uint8(1 + MODES.indexOf(mode));
  }
}

function decodeLongLived(field: ValueField): { readonly families: readonly LongLivedFamily[] } {
  return {
    families: each(field, 7, (view, at) => ({
      ...readForwarding(view, at),
      staleTimeSeconds: view.getUint8(at + 4) * 0x10000 + view.getUint16(at + 5),
    })),
  };
}

function encodeLongLived(writer: Writer, { families }: LongLivedGracefulRestartCapability): void {
  for (const family of families) {
    checkAtMost(family.staleTimeSeconds, MOST_STALE_TIME, 'stale time');
    encodeForwarding(writer, family);
    writer.uint8(family.staleTimeSeconds >>> 16);
    writer.uint16(family.staleTimeSeconds & 0xffff);
  }
}

function readForwarding(view: DataView, at: number): GracefulRestartFamily {
  return { ...readFamily(view, at), forwarding: (view.getUint8(at + 3) & FORWARDING) !== 0 };
}

function encodeForwarding(writer: Writer, { afi, safi, forwarding }: GracefulRestartFamily): void {
  writer.uint16(afi);
  writer.uint8(safi);
  writer.uint8(forwarding ? FORWARDING : 0);
}

/** It is for people only: one that does not fit, or that is no text, is no reason to refuse a session. */
function decodeFqdn({ view, start, end }: ValueField): Omit<FqdnCapability, 'code' | 'name'> | undefined {
  const hostname = readText(view, start, end);
  const domain = hostname === undefined ? undefined : readText(view, hostname.end, end);
  return domain?.end === end && hostname !== undefined ? { hostname: hostname.text, domain: domain.text } : undefined;
}

function encodeFqdn(writer: Writer, { hostname, domain }: FqdnCapability): void {
  for (const text of [hostname, domain]) writer.counted(1, () => writer.bytes(new TextEncoder().encode(text)));
}

/** The text behind its length, and where it ends; undefined where it does not fit or is not UTF-8. */
function readText(view: DataView, at: number, end: number): { readonly text: string; readonly end: number } | undefined {
  const textEnd = at < end ? at + 1 + view.getUint8(at) : end + 1;
  if (textEnd > end) return undefined;
  const octets = copyOctets(view, at + 1, textEnd);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
  const again = new TextEncoder().encode(text);
  return again.length === octets.length && again.every((octet, index) => octet === octets[index]) ? { text, end: textEnd } : undefined;
}

/** What `read` reads, once for each `octets`. */
function each<One>({ view, start, end }: ValueField, octets: number, read: (view: DataView, at: number) => One): One[] {
  return Array.from({ length: (end - start) / octets }, (_, index) => read(view, start + index * octets));
}

function checkAtMost(value: number, most: number, what: string): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) throw new EncodeError(`${what} is ${value}, must be 0 to ${most}`);
}
