import type { JsonObject } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { type Complain, Fields } from './fields.ts';
import { ObjectNames } from './object-names.ts';

/** What became of an old configuration. */
export interface Translation {
  /** Objects to apply, Secrets first. */
  readonly objects: readonly JsonObject[];
  /** What could not be taken over, one sentence each. */
  readonly lost: readonly string[];
  /** What was taken over and asks for a person's attention, one sentence each. */
  readonly notes: readonly string[];
}

/** How a field was called, what it is called now, and how it is read. */
type FieldRow = readonly [old: string, now: string, read: 'text' | 'whole' | 'flag' | 'texts'];

const PEER_FIELDS: readonly FieldRow[] = [
  ['my-asn', 'myASN', 'whole'],
  ['peer-asn', 'peerASN', 'whole'],
  ['peer-address', 'peerAddress', 'text'],
  ['source-address', 'sourceAddress', 'text'],
  ['peer-port', 'peerPort', 'whole'],
  ['hold-time', 'holdTime', 'text'],
  ['keepalive-time', 'keepaliveTime', 'text'],
  ['router-id', 'routerID', 'text'],
  ['ebgp-multihop', 'ebgpMultiHop', 'flag'],
];
const POOL_FIELDS: readonly FieldRow[] = [
  ['addresses', 'addresses', 'texts'],
  ['auto-assign', 'autoAssign', 'flag'],
  ['avoid-buggy-ips', 'avoidBuggyIPs', 'flag'],
];
const ADVERTISEMENT_FIELDS: readonly FieldRow[] = [
  ['aggregation-length', 'aggregationLength', 'whole'],
  ['aggregation-length-v6', 'aggregationLengthV6', 'whole'],
  ['localpref', 'localPref', 'whole'],
  ['communities', 'communities', 'texts'],
];
const BFD_FIELDS: readonly FieldRow[] = [
  ['receive-interval', 'receiveInterval', 'whole'],
  ['transmit-interval', 'transmitInterval', 'whole'],
  ['detect-multiplier', 'detectMultiplier', 'whole'],
  ['echo-interval', 'echoInterval', 'whole'],
  ['echo-mode', 'echoMode', 'flag'],
  ['passive-mode', 'passiveMode', 'flag'],
  ['minimum-ttl', 'minimumTtl', 'whole'],
];

/**
 * Turns the configuration of MetalLB before 0.13, as it stood under the key `config`, into objects of `namespace`. Passwords become
 * Secrets. Names of old are kept where Kubernetes takes them. Never throws: what has no place in the objects is lost, and said.
 */
export function translate(configuration: unknown, namespace: string): Translation {
  return new Translator(namespace).translate(configuration);
}

class Translator {
  readonly #namespace: string;
  readonly #lost: string[] = [];
  readonly #notes: string[] = [];
  readonly #pools = new ObjectNames();
  readonly #profiles = new ObjectNames();
  readonly #complain: Complain = (sentence) => void this.#lost.push(sentence);

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  translate(configuration: unknown): Translation {
    const root = new Fields(configuration, '', this.#complain);
    const profiles = root.members('bfd-profiles').flatMap((fields) => this.#profile(fields));
    const peers = root.members('peers').flatMap((fields, index) => this.#peer(fields, `peer${index + 1}`));
    const communities = this.#communities(root.textMap('bgp-communities') ?? {});
    const pools = root.members('address-pools').flatMap((fields) => this.#pool(fields));
    root.close();
    const all = [...peers, ...numbered(pools), ...profiles, ...communities];
    const isSecret = ({ kind }: JsonObject): boolean => kind === 'Secret';
    const objects = [...all.filter(isSecret), ...all.filter((object) => !isSecret(object))];
    return { objects: objects.map((object) => this.#placed(object)), lost: this.#lost, notes: this.#notes };
  }

  #placed({ apiVersion, kind, name, ...rest }: JsonObject): JsonObject {
    return { apiVersion: apiVersion ?? 'metallb.io/v1beta1', kind, metadata: { name, namespace: this.#namespace }, ...rest };
  }

  #peer(fields: Fields, name: string): JsonObject[] {
    const spec: Record<string, unknown> = rowsOf(fields, PEER_FIELDS);
    const profile = fields.text('bfd-profile');
    if (profile !== undefined) spec.bfdProfile = this.#profiles.nameOf(profile) ?? profile;
    const selectors = fields.members('node-selectors').map(selectorOf);
    if (selectors.length > 0) spec.nodeSelectors = selectors;
    const password = fields.text('password') ?? '';
    const secret = `${name}-password`;
    if (password !== '') spec.passwordSecret = { name: secret };
    fields.close();
    const peer = { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', name, spec };
    const kept = { apiVersion: 'v1', kind: 'Secret', name: secret, type: 'kubernetes.io/basic-auth', stringData: { password } };
    return password === '' ? [peer] : [kept, peer];
  }

  #pool(fields: Fields): JsonObject[] {
    const old = fields.text('name') ?? '';
    const name = this.#pools.nameOf(old);
    const protocol = fields.text('protocol');
    const spec = rowsOf(fields, POOL_FIELDS);
    const routes = fields.members('bgp-advertisements').map((each) => closed(rowsOf(each, ADVERTISEMENT_FIELDS), each));
    if (protocol === 'layer2' && routes.length > 0) fields.refuse('bgp-advertisements', 'is left out: the protocol is layer2');
    if (protocol !== 'layer2' && protocol !== 'bgp') {
      fields.refuse('protocol', `${JSON.stringify(protocol ?? '')} is neither layer2 nor bgp: nobody will announce this pool`);
    }
    fields.close();
    if (name === undefined) {
      fields.refuse('name', `${JSON.stringify(old)} has no letter: give the pool a name`);
      return [];
    }
    if (name !== old) {
      this.#notes.push(`address pool ${JSON.stringify(old)} is now IPAddressPool ${name}: change the annotation of Services that name it`);
    }
    const announced = { ipAddressPools: [name] };
    const pool = { kind: 'IPAddressPool', name, spec };
    if (protocol === 'layer2') return [pool, { kind: 'L2Advertisement', spec: announced }];
    if (protocol !== 'bgp') return [pool];
    return [
      pool,
      ...(routes.length === 0 ? [{}] : routes).map((route) => ({ kind: 'BGPAdvertisement', spec: { ...announced, ...route } })),
    ];
  }

  #profile(fields: Fields): JsonObject[] {
    const old = fields.text('name') ?? '';
    const name = this.#profiles.nameOf(old);
    const spec = closed(rowsOf(fields, BFD_FIELDS), fields);
    if (name !== undefined) return [{ kind: 'BFDProfile', name, spec }];
    fields.refuse('name', `${JSON.stringify(old)} has no letter: give the profile a name`);
    return [];
  }

  #communities(aliases: Readonly<Record<string, string>>): JsonObject[] {
    const communities = Object.keys(aliases)
      .sort(compareTexts)
      .map((name) => ({ name, value: aliases[name] }));
    return communities.length === 0 ? [] : [{ kind: 'Community', name: 'communities', spec: { communities } }];
  }
}

/** Pools first, then what announces them, numbered kind by kind. */
function numbered(objects: readonly JsonObject[]): JsonObject[] {
  const of = (wanted: string): readonly JsonObject[] => objects.filter(({ kind }) => kind === wanted);
  const withNumbers = (kind: string): readonly JsonObject[] =>
    of(kind).map((each, at) => ({ ...each, name: `${kind.toLowerCase()}${at + 1}` }));
  return [...of('IPAddressPool'), ...withNumbers('BGPAdvertisement'), ...withNumbers('L2Advertisement')];
}

function rowsOf(fields: Fields, rows: readonly FieldRow[]): Record<string, unknown> {
  return Object.fromEntries(rows.map(([old, now, read]) => [now, fields[read](old)]).filter(([, value]) => value !== undefined));
}

function selectorOf(fields: Fields): JsonObject {
  const matchLabels = fields.textMap('match-labels');
  const matchExpressions = fields
    .members('match-expressions')
    .map((each) => closed({ key: each.text('key') ?? '', operator: each.text('operator') ?? '', values: each.texts('values') }, each));
  fields.close();
  return { ...(matchLabels !== undefined && { matchLabels }), ...(matchExpressions.length > 0 && { matchExpressions }) };
}

function closed<Value>(value: Value, fields: Fields): Value {
  fields.close();
  return value;
}
