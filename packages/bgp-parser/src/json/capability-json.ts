import type { AddressFamily } from '../address-family.ts';
import type {
  AddPathFamily,
  Capability,
  CapabilityName,
  CapabilityOf,
  ExtendedNextHopFamily,
  GracefulRestartFamily,
  LongLivedFamily,
  Role,
} from '../open/capability.ts';
import { CAPABILITY_CODECS } from '../open/capability-codec.ts';
import { hexadecimal, type JsonObject, type JsonValue } from './json-value.ts';

type Fields = { readonly [Name in CapabilityName]: (json: JsonValue) => Omit<CapabilityOf<Name>, 'code' | 'name'> };

const MOST_16_BITS = 0xffff;
const MOST_32_BITS = 0xffff_ffff;
const MOST_RESTART_TIME = 0x0fff;
const MOST_STALE_TIME = 0xff_ffff;

/** Reads what each capability has beside its name. */
const FIELDS: Fields = {
  multiprotocol: familyFromJson,
  'route-refresh': () => ({}),
  'extended-next-hop': (json) => ({ families: json.field('families').list(nextHopFromJson) }),
  'extended-message': () => ({}),
  role: (json) => ({ role: roleFromJson(json.field('role')) }),
  'graceful-restart': (json) => ({
    restarted: json.field('restarted').boolean(),
    notification: json.field('notification').boolean(),
    restartTimeSeconds: json.field('restartTimeSeconds').unsigned(MOST_RESTART_TIME),
    families: json.field('families').list(forwardingFromJson),
  }),
  'four-octet-asn': (json) => ({ asn: json.field('asn').unsigned(MOST_32_BITS) }),
  'add-path': (json) => ({ families: json.field('families').list(addPathFromJson) }),
  'enhanced-route-refresh': () => ({}),
  'long-lived-graceful-restart': (json) => ({ families: json.field('families').list(longLivedFromJson) }),
  fqdn: (json) => ({ hostname: shortText(json.field('hostname')), domain: shortText(json.field('domain')) }),
};

const NAMES = Object.keys(FIELDS) as CapabilityName[];

function familyFromJson(json: JsonValue): AddressFamily {
  return { afi: json.field('afi').unsigned(MOST_16_BITS), safi: json.field('safi').unsigned(0xff) };
}

function nextHopFromJson(json: JsonValue): ExtendedNextHopFamily {
  return {
    afi: json.field('afi').unsigned(MOST_16_BITS),
    safi: json.field('safi').unsigned(MOST_16_BITS),
    nextHopAfi: json.field('nextHopAfi').unsigned(MOST_16_BITS),
  };
}

function forwardingFromJson(json: JsonValue): GracefulRestartFamily {
  return { ...familyFromJson(json), forwarding: json.field('forwarding').boolean() };
}

function longLivedFromJson(json: JsonValue): LongLivedFamily {
  return { ...forwardingFromJson(json), staleTimeSeconds: json.field('staleTimeSeconds').unsigned(MOST_STALE_TIME) };
}

function addPathFromJson(json: JsonValue): AddPathFamily {
  return { ...familyFromJson(json), mode: json.field('mode').oneOf(['receive', 'send', 'both']) };
}

/** A number for a role that nobody has assigned. */
function roleFromJson(json: JsonValue): Role | number {
  return typeof json.json === 'number' ? json.unsigned(0xff) : json.oneOf(['provider', 'rs', 'rs-client', 'customer', 'peer']);
}

function shortText(json: JsonValue): string {
  const text = json.text();
  if (new TextEncoder().encode(text).length > 0xff) json.refuse('at most 255 octets of UTF-8');
  return text;
}

/** A capability as `{"code":1,"name":"multiprotocol","afi":1,"safi":1}`; the value of an unknown one in hexadecimal. */
export function capabilityToJson(capability: Capability): JsonObject {
  if (capability.name === 'unknown') return { code: capability.code, name: capability.name, value: hexadecimal(capability.value) };
  const { code, name, ...fields } = capability;
  return 'families' in fields
    ? { code, name, ...fields, families: fields.families.map((family) => ({ ...family })) }
    : { code, name, ...fields };
}

/** The mirror of {@link capabilityToJson}. The code may be left out where the name says it. */
export function capabilityFromJson(json: JsonValue): Capability {
  const name = json.field('name').oneOf(['unknown', ...NAMES]);
  const code = json.field('code');
  if (name === 'unknown') return { code: code.unsigned(0xff), name, value: json.field('value').octets() };
  const wanted = CAPABILITY_CODECS[name].code;
  if (!code.absent && code.json !== wanted) code.refuse(`${wanted} for ${name}`);
  return { code: wanted, name, ...FIELDS[name](json) } as Capability;
}
