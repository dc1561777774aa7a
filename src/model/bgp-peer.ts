import type { BGPPeer as BGPPeerObject, BGPPeerSpec } from '../crds/bgp-peer.ts';
import type { Brand } from '../lib/brand.ts';
import { type IpAddress, parseAddress } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { BfdProfile } from './bfd-profile.ts';
import type { Checked } from './object-set.ts';
import { type PeerTimers, parseConnectTime, parseTimers } from './peer-timers.ts';
import { parseSelectors, type Selector } from './selector.ts';
import { checkSpec, FLAG, LABEL_SELECTOR, listShape, objectShape, type Shape, TEXT, WHOLE_NUMBER } from './shape.ts';

/** Number of an autonomous system, 1 to 4294967295 (RFC 6793). */
export type Asn = Brand<number, 'Asn'>;

/** A BGP identifier: 32 bits, not 0 (RFC 6286, Section 2.1). */
export type RouterId = Brand<number, 'RouterId'>;

/** What the AS number of the other end must be: this one, that of this side, or any but that. */
export type RemoteAs = { readonly kind: 'number'; readonly asn: Asn } | { readonly kind: 'internal' } | { readonly kind: 'external' };

/** Where the other end is: at an address, or whoever answers behind an interface. */
export type Neighbor = { readonly kind: 'address'; readonly address: IpAddress } | { readonly kind: 'interface'; readonly name: string };

/** The key of the TCP MD5 signature (RFC 2385): as written, or in a Secret of the peer's namespace. */
export type PeerPassword = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'secret'; readonly secret: string };

/** A BGPPeer that was checked. */
export interface BgpPeer extends Checked {
  readonly localAsn: Asn;
  /** The AS number to show to this peer in place of `localAsn`. */
  readonly shownAsn: Asn | undefined;
  readonly remoteAs: RemoteAs;
  readonly neighbor: Neighbor;
  readonly port: number;
  readonly sourceAddress: IpAddress | undefined;
  readonly timers: PeerTimers | undefined;
  /** Time between attempts to connect. */
  readonly connectTimeSeconds: number | undefined;
  readonly routerId: RouterId | undefined;
  /** Nodes that hold the session; none given means all. */
  readonly nodeSelectors: readonly Selector[];
  readonly password: PeerPassword | undefined;
  /** What guards the session; absent for none. */
  readonly bfd: BfdProfile | undefined;
  readonly gracefulRestart: boolean;
  readonly ebgpMultiHop: boolean;
  readonly vrf: string | undefined;
  /** Whether routes of both families go over this one session. */
  readonly dualStack: boolean;
}

/** The spec of a BGPPeer, in both versions. */
export const BGP_PEER_SPEC: Shape = objectShape({
  myASN: WHOLE_NUMBER,
  peerASN: WHOLE_NUMBER,
  localASN: WHOLE_NUMBER,
  dynamicASN: TEXT,
  peerAddress: TEXT,
  interface: TEXT,
  sourceAddress: TEXT,
  peerPort: WHOLE_NUMBER,
  holdTime: TEXT,
  keepaliveTime: TEXT,
  connectTime: TEXT,
  routerID: TEXT,
  nodeSelectors: listShape(LABEL_SELECTOR),
  password: TEXT,
  passwordSecret: objectShape({ name: TEXT, namespace: TEXT }),
  bfdProfile: TEXT,
  enableGracefulRestart: FLAG,
  ebgpMultiHop: FLAG,
  vrf: TEXT,
  disableMP: FLAG,
  dualStackAddressFamily: FLAG,
});

const BGP_PORT = 179;
const MOST_PORT = 65_535;
const MOST_ASN = 0xffff_ffff;
/** Longest key that the kernel takes (tcp(7), TCP_MD5SIG). */
const MOST_PASSWORD_OCTETS = 80;
/** Names of interfaces and VRFs: at most 15 octets, without blanks and slashes. */
const DEVICE = /^[^\s/]{1,15}$/;

/**
 * Checks one BGPPeer by itself, in whichever version it was written and whatever its spec is: never throws. The error is
 * upstream's text without the words that name the peer. The BFD profile is still to be found: see `bgp-peer-set.ts`.
 */
export function parsePeer({ metadata, spec }: BGPPeerObject): Result<Omit<BgpPeer, 'bfd'>, string> {
  if (spec === undefined) return err('missing local ASN');
  const shaped = checkSpec(spec, BGP_PEER_SPEC);
  if (!shaped.ok) return shaped;
  const quoted = `${JSON.stringify(metadata.namespace ?? '')}/${JSON.stringify(metadata.name)}`;
  const systems = systemsOf(spec);
  if (!systems.ok) return systems;
  const fault = placeFault(spec, quoted);
  if (fault !== undefined) return err(fault);
  const times = timesOf(spec);
  if (!times.ok) return times;
  const addresses = addressesOf(spec);
  if (!addresses.ok) return addresses;
  const nodeSelectors = nodeSelectorsOf(metadata.name, spec.nodeSelectors);
  if (!nodeSelectors.ok) return nodeSelectors;
  const password = passwordOf(spec, quoted);
  if (!password.ok) return password;
  return ok({
    name: metadata.name,
    uid: metadata.uid ?? '',
    ...systems.value,
    ...times.value,
    ...addresses.value,
    nodeSelectors: nodeSelectors.value,
    password: password.value,
    ...plainFieldsOf(spec),
  });
}

function plainFieldsOf(spec: BGPPeerSpec): Pick<BgpPeer, 'port' | 'gracefulRestart' | 'ebgpMultiHop' | 'vrf' | 'dualStack'> {
  return {
    port: spec.peerPort === undefined || spec.peerPort === 0 ? BGP_PORT : spec.peerPort,
    gracefulRestart: spec.enableGracefulRestart ?? false,
    ebgpMultiHop: spec.ebgpMultiHop ?? false,
    vrf: given(spec.vrf),
    dualStack: spec.dualStackAddressFamily ?? false,
  };
}

function nodeSelectorsOf(peer: string, sources: BGPPeerSpec['nodeSelectors']): Result<readonly Selector[], string> {
  return parseSelectors(
    'nodeSelectors',
    sources,
    (text, why) => `invalid label selector "${text}": ${why}\nfailed to convert peer ${peer} node selector`,
  );
}

function systemsOf(spec: BGPPeerSpec): Result<Pick<BgpPeer, 'localAsn' | 'shownAsn' | 'remoteAs'>, string> {
  const { myASN = 0, peerASN = 0, localASN } = spec;
  const dynamic: string | undefined = given(spec.dynamicASN);
  if (myASN === 0) return err('missing local ASN');
  if (peerASN === 0 && dynamic === undefined) return err('missing peer ASN and dynamicASN');
  if (peerASN !== 0 && dynamic !== undefined) return err('both peer ASN and dynamicASN specified');
  if (dynamic !== undefined && dynamic !== 'internal' && dynamic !== 'external') return err(`invalid dynamicASN ${dynamic}`);
  const wrong = [myASN, localASN ?? myASN, dynamic === undefined ? peerASN : myASN].find((asn) => asn < 1 || asn > MOST_ASN);
  if (wrong !== undefined) return err(`invalid ASN ${wrong}: must be 1 to ${MOST_ASN}`);
  const internal = dynamic === 'internal' || peerASN === myASN;
  if (internal && spec.ebgpMultiHop === true) return err('invalid ebgp-multihop parameter set for an ibgp peer');
  return ok({
    localAsn: myASN as Asn,
    shownAsn: localASN as Asn | undefined,
    remoteAs: dynamic === undefined ? { kind: 'number', asn: peerASN as Asn } : { kind: dynamic },
  });
}

function placeFault({ peerAddress, interface: device, vrf, peerPort = BGP_PORT }: BGPPeerSpec, quoted: string): string | undefined {
  const [hasAddress, hasInterface] = [given(peerAddress) !== undefined, given(device) !== undefined];
  if (!hasAddress && !hasInterface) return 'peer has no Address or Interface specified';
  if (hasAddress && hasInterface) return 'peer has both Address and Interface specified';
  if (device !== undefined && hasInterface && !DEVICE.test(device)) return `interface for peer ${quoted} contains invalid characters`;
  if (given(vrf) !== undefined && !DEVICE.test(vrf ?? '')) return `VRF name for peer ${quoted} contains invalid characters`;
  return peerPort < 0 || peerPort > MOST_PORT ? `invalid port ${peerPort}: must be 1 to ${MOST_PORT}` : undefined;
}

function timesOf(spec: BGPPeerSpec): Result<Pick<BgpPeer, 'timers' | 'connectTimeSeconds'>, string> {
  const timers = parseTimers(spec.holdTime, spec.keepaliveTime);
  if (!timers.ok) return err(`invalid BGPPeer timers: ${timers.error}`);
  const connectTime = parseConnectTime(spec.connectTime);
  return connectTime.ok ? ok({ timers: timers.value, connectTimeSeconds: connectTime.value }) : connectTime;
}

function addressesOf(spec: BGPPeerSpec): Result<Pick<BgpPeer, 'neighbor' | 'routerId' | 'sourceAddress'>, string> {
  const address = addressOf(spec.peerAddress);
  if (address === 'wrong') return err(`invalid BGPPeer address ${JSON.stringify(spec.peerAddress)}`);
  const routerId = addressOf(spec.routerID);
  // A BGP identifier is 32 bits; an IPv6 address has no 32 bits that would do, and 0 is none.
  if (routerId === 'wrong' || (routerId !== undefined && (routerId.family === 'IPv6' || routerId.value === 0n))) {
    return err(`invalid router ID ${JSON.stringify(spec.routerID)}`);
  }
  const sourceAddress = addressOf(spec.sourceAddress);
  if (sourceAddress === 'wrong') return err(`invalid source IP ${JSON.stringify(spec.sourceAddress)}`);
  return ok({
    neighbor: address === undefined ? { kind: 'interface', name: spec.interface ?? '' } : { kind: 'address', address },
    routerId: routerId === undefined ? undefined : (Number(routerId.value) as RouterId),
    sourceAddress,
  });
}

function passwordOf({ password, passwordSecret }: BGPPeerSpec, quoted: string): Result<PeerPassword | undefined, string> {
  const text = given(password);
  const secret = given(passwordSecret?.name);
  if (text !== undefined && secret !== undefined) return err(`can not have both password and secret ref set in peer config ${quoted}`);
  if (secret !== undefined) return ok({ kind: 'secret', secret });
  if (text === undefined) return ok(undefined);
  const octets = new TextEncoder().encode(text).length;
  if (octets > MOST_PASSWORD_OCTETS) return err(`password for peer ${quoted} is longer than ${MOST_PASSWORD_OCTETS} octets`);
  return ok({ kind: 'text', text });
}

/** A text; an empty one counts as absent. */
function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function addressOf(text: string | undefined): IpAddress | undefined | 'wrong' {
  return given(text) === undefined ? undefined : (parseAddress(text ?? '') ?? 'wrong');
}
