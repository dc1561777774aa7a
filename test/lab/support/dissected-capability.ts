import type { JsonObject } from '../../../packages/bgp-parser/src/bgp-parser.ts';
import { fieldsOf, numberAt, octetsOf, partsOf, textAt } from './dissected-part.ts';
import type { Layer } from './tshark.ts';

type MembersOf = (capability: Layer, octets: string) => JsonObject;

const ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'];
const MODES = ['none', 'receive', 'send', 'both'];
const nothing: MembersOf = () => ({});

/** Name and members of each capability that the codec reads; `octets` are those of the value, for what tshark does not know. */
const CAPABILITIES: Readonly<Record<number, readonly [name: string, members: MembersOf]>> = {
  1: ['multiprotocol', (capability) => ({ afi: numberAt(capability, 'bgp.cap.mp.afi'), safi: numberAt(capability, 'bgp.cap.mp.safi') })],
  2: ['route-refresh', nothing],
  5: ['extended-next-hop', (_, octets) => ({ families: cut(octets, 12).map(nextHopFamilyOf) })],
  6: ['extended-message', nothing],
  9: ['role', (_, octets) => ({ role: ROLES[Number.parseInt(octets, 16)] ?? 'another' })],
  64: ['graceful-restart', gracefulRestartOf],
  65: ['four-octet-asn', (capability) => ({ asn: numberAt(capability, 'bgp.cap.4as') })],
  69: ['add-path', addPathOf],
  70: ['enhanced-route-refresh', nothing],
  71: ['long-lived-graceful-restart', (_, octets) => ({ families: cut(octets, 14).map(longLivedFamilyOf) })],
  73: ['fqdn', fqdnOf],
};

/** The capabilities of one optional parameter. */
export function capabilitiesOf(parameter: Layer): readonly JsonObject[] {
  const octets = octetsOf(parameter, 'bgp.cap');
  return partsOf(parameter, 'bgp.cap').map((capability, index) => {
    const code = numberAt(capability, 'bgp.cap.type');
    const value = (octets[index] ?? '').slice(4);
    const [name, membersOf] = CAPABILITIES[code] ?? ['unknown', (): JsonObject => ({ value })];
    return { code, name, ...membersOf(capability, value) };
  });
}

function gracefulRestartOf(capability: Layer): JsonObject {
  const [timers = {}] = partsOf(capability, 'bgp.cap.gr.timers_tree');
  const safis = fieldsOf(capability, 'bgp.cap.gr.safi');
  const flags = partsOf(capability, 'bgp.cap.gr.flag_tree');
  const families = fieldsOf(capability, 'bgp.cap.gr.afi').map((afi, index) => ({
    afi: Number(afi),
    safi: Number(safis[index]),
    forwarding: textAt(flags[index] ?? {}, 'bgp.cap.gr.flag.pfs') === '1',
  }));
  return {
    restarted: textAt(timers, 'bgp.cap.gr.timers.restart_flag') === '1',
    notification: textAt(timers, 'bgp.cap.gr.timers.notification_flag') === '1',
    restartTimeSeconds: numberAt(timers, 'bgp.cap.gr.timers.restart_time'),
    families,
  };
}

function addPathOf(capability: Layer): JsonObject {
  const [safis, modes] = [fieldsOf(capability, 'bgp.cap.ap.safi'), fieldsOf(capability, 'bgp.cap.ap.sendreceive')];
  const families = fieldsOf(capability, 'bgp.cap.ap.afi').map((afi, index) => ({
    afi: Number(afi),
    safi: Number(safis[index]),
    mode: MODES[Number(modes[index])] ?? 'another',
  }));
  return { families };
}

function fqdnOf(capability: Layer): JsonObject {
  return { hostname: textAt(capability, 'bgp.cap.orf.fqdn.hostname'), domain: textAt(capability, 'bgp.cap.orf.fqdn.domain_name') };
}

/** RFC 8950, Section 4: six octets a family. */
function nextHopFamilyOf(hex: string): JsonObject {
  const [afi, safi, nextHopAfi] = cut(hex, 4).map((one) => Number.parseInt(one, 16));
  return { afi: afi ?? 0, safi: safi ?? 0, nextHopAfi: nextHopAfi ?? 0 };
}

/** RFC 9494, Section 3.1: family, flags, three octets of seconds. */
function longLivedFamilyOf(hex: string): JsonObject {
  const octets = Buffer.from(hex, 'hex');
  return {
    afi: octets.readUInt16BE(0),
    safi: octets.readUInt8(2),
    forwarding: octets.readUInt8(3) >= 0x80,
    staleTimeSeconds: octets.readUIntBE(4, 3),
  };
}

function cut(hex: string, digits: number): readonly string[] {
  return hex.match(new RegExp(`.{${digits}}`, 'g')) ?? [];
}
