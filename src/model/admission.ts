import type { BFDProfile } from '../crds/bfd-profile.ts';
import type { BGPAdvertisement } from '../crds/bgp-advertisement.ts';
import type { BGPPeer } from '../crds/bgp-peer.ts';
import type { Community } from '../crds/community.ts';
import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../crds/l2-advertisement.ts';
import { compareTexts } from '../lib/order.ts';
import { type ConfigurationFault, type ConfigurationKind, type ConfigurationObjects, faultsOf } from './configuration.ts';

/** An object of one of the kinds that people write. Its spec may be anything: it is checked like all others. */
export type ConfigurationObject = IPAddressPool | L2Advertisement | BGPAdvertisement | BGPPeer | BFDProfile | Community;

/** What somebody asks the API server to do. A peer comes in the form of v1beta2, whichever version was written. */
export interface Change {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly kind: ConfigurationKind;
  readonly namespace: string;
  readonly name: string;
  /** The object as it is to be; `undefined` for a deletion. */
  readonly object: ConfigurationObject | undefined;
  /** The object as it is now; `undefined` for a creation. */
  readonly oldObject: ConfigurationObject | undefined;
}

/** What to answer. */
export interface Review {
  readonly allowed: boolean;
  /** Why not, in upstream's words; empty when it is allowed. */
  readonly message: string;
  /** What the person should know all the same. */
  readonly warnings: readonly string[];
}

const ALLOWED: Review = { allowed: true, message: '', warnings: [] };

/** The list of {@link ConfigurationObjects} that holds a kind. */
const LISTS = {
  IPAddressPool: 'pools',
  L2Advertisement: 'l2Advertisements',
  BGPAdvertisement: 'bgpAdvertisements',
  BGPPeer: 'peers',
  BFDProfile: 'bfdProfiles',
  Community: 'communities',
} as const satisfies Readonly<Record<ConfigurationKind, keyof ConfigurationObjects>>;

/** Later than any object: of two that conflict, the one under review is then the one that is refused. */
const YOUNGEST = '9999-12-31T23:59:59Z';

const DEPRECATED_DISABLE_MP = "disable mp is deprecated and has no effect since it's the default behavior now";

/**
 * Reviews a change of the configuration: `present` is what is there, without the change, and `namespace` is where the
 * configuration lies. A change is denied only for a fault that it brings: not for what is wrong elsewhere, not for what
 * was wrong before. What may be there in a moment, such as the Secret of a peer, is a warning.
 */
export function reviewChange(change: Change, present: ConfigurationObjects, namespace: string): Review {
  const { operation, object, oldObject } = change;
  if (operation === 'UPDATE' && JSON.stringify(object?.spec) === JSON.stringify(oldObject?.spec)) return ALLOWED;
  if (change.namespace !== namespace) {
    return operation === 'DELETE' ? ALLOWED : deny(`resource must be created in ${namespace} namespace`);
  }
  const user = operation === 'DELETE' ? peerOfProfile(change, present) : undefined;
  if (user !== undefined) return deny(`failed to delete BFDProfile ${change.name}, used by BGPPeer ${user}`);
  const before = faultsOf(withObject(present, change, oldObject));
  const after = faultsOf(withObject(present, change, object));
  const brought = after.filter(({ transient }) => !transient).flatMap((fault) => newLines(fault, before));
  if (operation !== 'DELETE' && brought.length > 0) return deny(brought.join('\n'));
  const isOwn = ({ kind, name }: ConfigurationFault): boolean => kind === change.kind && name === change.name;
  const missing = after.filter((fault) => fault.transient && (isOwn(fault) || newLines(fault, before).length > 0));
  return { allowed: true, message: '', warnings: [...deprecations(change), ...missing.map(({ text }) => text)] };
}

/** A peer that names the BFDProfile to be deleted; the first by name. */
function peerOfProfile(change: Change, { peers }: ConfigurationObjects): string | undefined {
  if (change.kind !== 'BFDProfile') return undefined;
  const users = peers.filter(({ spec }) => spec?.bfdProfile === change.name);
  return users.map(({ metadata }) => metadata.name).sort(compareTexts)[0];
}

function deny(message: string): Review {
  return { allowed: false, message, warnings: [] };
}

function deprecations({ kind, object }: Change): readonly string[] {
  return kind === 'BGPPeer' && (object as BGPPeer | undefined)?.spec?.disableMP === true ? [DEPRECATED_DISABLE_MP] : [];
}

/** What is there with the changed object in this form, or without it. */
function withObject(present: ConfigurationObjects, { kind, name }: Change, object: ConfigurationObject | undefined): ConfigurationObjects {
  const list = LISTS[kind];
  const others = present[list].filter(({ metadata }) => metadata.name !== name);
  const own = object === undefined ? [] : [{ ...object, metadata: { ...object.metadata, name, creationTimestamp: YOUNGEST } }];
  return { ...present, [list]: [...others, ...own] };
}

/** What is said of an object now and was not said of it before: an advertisement has a line for each pool it does not fit. */
function newLines({ kind, name, text }: ConfigurationFault, before: readonly ConfigurationFault[]): readonly string[] {
  const known = before.find((fault) => fault.kind === kind && fault.name === name)?.text.split('\n') ?? [];
  return text.split('\n').filter((line) => !known.includes(line));
}
