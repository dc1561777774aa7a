import type { Condition } from '../../crds/meta.ts';
import { type IpAddress, parseAddress, sameAddress } from '../../lib/ip.ts';
import type { TextMap } from '../../lib/json.ts';
import { err } from '../../lib/result.ts';
import { allocate, allocateAdditional } from '../../model/allocation/allocate.ts';
import { claimOf, type Holding } from '../../model/allocation/claim.ts';
import { type AllocationFailure, failures } from '../../model/allocation/failure.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import { type FamilySet, familiesOf, serviceFamilies } from '../../model/ip-families.ts';
import type { PlannedEvent, PlannedLine } from '../../model/planned.ts';
import type { PoolCandidate } from '../../model/pool.ts';
import { quoteTexts } from '../../model/quote.ts';
import { requestedAddresses } from '../../model/requested-addresses.ts';
import {
  annotationOf,
  deprecatedAnnotations,
  hasClass,
  ingressAddresses,
  POOL_ANNOTATION,
  type ServiceFacts,
} from '../../model/service.ts';
import { conditionOf, ownCondition } from './condition.ts';
import { addressesOf, CLEARED, type DesiredAddresses, type DesiredStatus, differs, hasOtherAddresses } from './desired.ts';
import type { AddressableFacts } from './projection.ts';
import { events, lines } from './texts.ts';

/** What is known of one Service when its turn comes. */
export interface ServiceObservation {
  readonly key: string;
  /**
   * Never older than our last write for it: what the status names counts as in use, and what it does not name as free.
   * `undefined` when there is no such Service any more.
   */
  readonly facts: AddressableFacts | undefined;
  readonly namespaceLabels: TextMap;
  /** The class this process serves (`--lb-class`); `undefined` serves Services without one. */
  readonly ownClass: string | undefined;
  /** What the last plan for this Service said was missing. */
  readonly lastLack: Lack | undefined;
  /** The condition that the last write for this Service carried, if the Service does not show it yet. */
  readonly lastCondition: Condition | undefined;
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
}

/** What a Service waits for, and the event that said so. */
export interface Lack {
  readonly cause: AllocationFailure;
  readonly event: PlannedEvent | undefined;
}

/** What to do about one Service. The table has been brought to the same state already. */
export interface ServicePlan {
  /** The status to write; `undefined` when it stands there already, or is to be left alone. */
  readonly write: DesiredStatus | undefined;
  readonly events: readonly PlannedEvent[];
  readonly lines: readonly PlannedLine[];
  /** What the Service still lacks; those that lack something are looked at again when something was given up. */
  readonly lack: Lack | undefined;
  /** Whether something was given up that others may wait for. */
  readonly eased: boolean;
}

/**
 * Decides about one Service and books the decision in the table, so that two workers cannot give one address twice. It
 * is told what is, never what happened; the same observation again changes nothing and writes nothing.
 */
export function planService(table: AllocationTable, observation: ServiceObservation): ServicePlan {
  const before = table.easings;
  const pass: Pass = { table, ...observation, events: [], lines: [], lack: undefined };
  const decision = converge(pass);
  const { facts } = observation;
  const desired = facts === undefined || decision === undefined ? undefined : desiredOf(pass, facts, decision);
  const write = facts !== undefined && desired !== undefined && differs(facts, desired) ? desired : undefined;
  if (facts !== undefined && hasOtherAddresses(facts, write?.addresses)) noteWrite(pass, facts, write?.addresses);
  return { write, events: pass.events, lines: pass.lines, lack: pass.lack, eased: table.easings > before };
}

/** One run through the steps: what they look at, and what they have to say. */
interface Pass extends ServiceObservation {
  readonly table: AllocationTable;
  readonly events: PlannedEvent[];
  readonly lines: PlannedLine[];
  lack: Lack | undefined;
}

/** What comes out of the steps. */
interface Decision {
  /** `undefined` leaves the addresses as they are. */
  readonly addresses: DesiredAddresses | undefined;
  /** Whether this product has something to say about the Service. */
  readonly ours: boolean;
}

function desiredOf({ lack, lastCondition: last, now }: Pass, facts: AddressableFacts, { addresses, ours }: Decision): DesiredStatus {
  if (!ours) return { addresses, condition: undefined };
  const has =
    addresses === undefined
      ? { texts: textsOfStatus(facts), pool: facts.annotations[POOL_ANNOTATION] }
      : { texts: addresses.ingress.map(({ ip }) => ip), pool: addresses.pool };
  return { addresses, condition: conditionOf({ facts, has, cause: lack?.cause, now, last }) };
}

/** A pass about a Service that exists and that this process serves. */
interface OwnPass extends Pass {
  readonly facts: AddressableFacts;
  readonly candidate: PoolCandidate;
}

/** What a step decides: go on as you are, start afresh without addresses, or be left alone. */
type Kept = { readonly kind: 'holds'; readonly holding: Holding } | { readonly kind: 'nothing' } | { readonly kind: 'left-alone' };

const NOTHING: Kept = { kind: 'nothing' };
const LEFT_ALONE: Kept = { kind: 'left-alone' };

/** What the Service should have; `undefined` leaves it as it is. */
function converge(pass: Pass): Decision | undefined {
  const { facts } = pass;
  if (facts === undefined) return forget(pass);
  pass.table.state(pass.key, facts.uid, ingressAddresses(facts));
  if (!hasClass(facts, pass.ownClass)) return convergeForeign(pass, facts);
  if (facts.type !== 'LoadBalancer') return { addresses: clear(pass), ours: false };
  const candidate = { namespace: facts.namespace, namespaceLabels: pass.namespaceLabels, labels: facts.labels };
  const own: OwnPass = Object.assign(pass, { facts, candidate });
  return { addresses: mayHoldAddresses(own) ? convergeBalanced(own) : clear(own), ours: true };
}

function forget(pass: Pass): undefined {
  if (pass.table.forget(pass.key) !== undefined) pass.lines.push(lines.deleted());
}

/**
 * A Service of another class: what it has in its status is in use. A change of type wipes the class too, so what carries
 * our annotation and is no load balancer any more was ours, and is cleaned. Of a load balancer only what this process
 * knows to have been ours is: another process of this product, for another class, says the same of its own.
 */
function convergeForeign(pass: Pass, facts: AddressableFacts): Decision | undefined {
  const wasOurs = pass.table.holdingOf(facts.key)?.foreign === false || pass.lastLack !== undefined;
  if (facts.type === 'LoadBalancer') {
    pass.table.holdForeign(facts.key, facts.uid, ingressAddresses(facts));
    return wasOurs ? { addresses: undefined, ours: false } : undefined;
  }
  pass.table.release(facts.key);
  const carriesOurs = facts.annotations[POOL_ANNOTATION] !== undefined || ownCondition(facts) !== undefined;
  return wasOurs || carriesOurs ? { addresses: CLEARED, ours: false } : undefined;
}

function clear({ table, key }: Pass): DesiredAddresses {
  table.release(key);
  return CLEARED;
}

/** Whether there is anything to give, and the Service is one that addresses can be given to. */
function mayHoldAddresses(pass: OwnPass): boolean {
  const { pools, refused } = pass.table.pools;
  const { clusterIPs, ipFamilyPolicy, key } = pass.facts;
  if (pools.size === 0 && refused.size === 0) {
    const cause = failures.noPools();
    miss(pass, { cause, event: events.allocationFailed(key, cause) }, lines.noPools());
    return false;
  }
  if (clusterIPs.length === 0) {
    miss(pass, { cause: failures.noClusterIPs(), event: undefined }, lines.noClusterIPs());
    return false;
  }
  if (ipFamilyPolicy === 'RequireDualStack' && clusterIPs.length < 2) {
    const event = events.tooFewClusterIPs(clusterIPs);
    miss(pass, { cause: failures.tooFewClusterIPs(event.message), event }, lines.tooFewClusterIPs());
    return false;
  }
  return true;
}

function convergeBalanced(pass: OwnPass): DesiredAddresses | undefined {
  const kept = keepCurrent(pass);
  if (kept.kind === 'left-alone') return undefined;
  const holding = kept.kind === 'holds' ? kept.holding : allocateAfresh(pass);
  // At once, so that a Service that gets one address of two is written once.
  return holding === undefined ? clear(pass) : addressesOf(addMissingFamily(pass, holding));
}

/** What the Service has, if it may go on having it and wants nothing else. */
function keepCurrent(pass: OwnPass): Kept {
  if (isFrozen(pass)) return keepFrozen(pass);
  const { addresses, readable } = currentAddresses(pass);
  if (addresses.length === 0 && readable) return NOTHING;
  const families = checkFamilies(pass, addresses, readable);
  if (families === 'unknown') return LEFT_ALONE;
  if (families === 'changed') return drop(pass);
  const assigned = pass.table.assign(claimOf(pass.facts), addresses, pass.candidate);
  return assigned.ok ? keepIfWanted(pass, assigned.value) : reject(pass, assigned.error);
}

/**
 * What the table says, and only without it what the status says: the status may be older than our last write. The order
 * of the status is kept, for whoever put it so had a reason.
 */
function currentAddresses({ table, key, facts }: OwnPass): { readonly addresses: readonly IpAddress[]; readonly readable: boolean } {
  const stated = ingressAddresses(facts);
  const held = table.holdingOf(key)?.addresses;
  if (held !== undefined) return { addresses: sameSet(stated, held) ? stated : held, readable: true };
  return { addresses: stated, readable: facts.ingress.every(({ ip }) => ip === '' || parseAddress(ip) !== undefined) };
}

function sameSet(left: readonly IpAddress[], right: readonly IpAddress[]): boolean {
  return left.length === right.length && left.every((address) => right.some((other) => sameAddress(address, other)));
}

/** Whether the status names addresses of a pool that is refused and of which no good version is known. */
function isFrozen({ table, facts }: OwnPass): boolean {
  const { pools, refused, ownerOf } = table.pools;
  const unknown = [...refused.keys()].filter((name) => !pools.has(name));
  const stated = ingressAddresses(facts);
  if (unknown.length === 0 || stated.length === 0) return false;
  const recorded = facts.annotations[POOL_ANNOTATION];
  // Without a record any pool that cannot be read may be theirs.
  return recorded === undefined ? stated.some((address) => ownerOf(address) === undefined) : unknown.includes(recorded);
}

function keepFrozen(pass: OwnPass): Kept {
  const { table, facts } = pass;
  const pool = facts.annotations[POOL_ANNOTATION];
  const adopted = table.adopt(claimOf(facts), ingressAddresses(facts), pool ?? '');
  if (!adopted.ok) return reject(pass, adopted.error);
  const cause = failures.frozen(pool, pool === undefined ? undefined : table.pools.refused.get(pool));
  miss(pass, { cause, event: undefined }, lines.frozen(pool ?? ''));
  return LEFT_ALONE;
}

/** Whether the addresses are of the families of the Service; `unknown` when the Service's own cannot be told. */
function checkFamilies(pass: OwnPass, current: readonly IpAddress[], readable: boolean): 'right' | 'changed' | 'unknown' {
  const families = readable ? familiesOf(current) : err(`IPFamilyForAddresses: Invalid address ${quoteTexts(textsOfStatus(pass.facts))}`);
  if (!families.ok) {
    pass.lines.push(lines.currentFamily());
    pass.events.push(events.currentFamily(textsOfStatus(pass.facts), families.error));
  }
  const wanted = serviceFamilies(pass.facts);
  if (!wanted.ok) {
    const event = events.clusterFamily(pass.facts.clusterIPs, wanted.error);
    miss(pass, { cause: failures.noFamilies(wanted.error), event }, lines.clusterFamily());
    return 'unknown';
  }
  return families.ok && fits(families.value, wanted.value, pass.facts) ? 'right' : 'changed';
}

function textsOfStatus({ ingress }: ServiceFacts): string[] {
  return ingress.map(({ ip }) => ip).filter((ip) => ip !== '');
}

/** With PreferDualStack one of both families will do. */
function fits(families: FamilySet, wanted: FamilySet, { ipFamilyPolicy }: ServiceFacts): boolean {
  return families === wanted || (wanted === 'dual' && ipFamilyPolicy === 'PreferDualStack');
}

/** The Service may have what it has; whether it asks for something else. */
function keepIfWanted(pass: OwnPass, holding: Holding): Kept {
  const pool = annotationOf(pass.facts, 'address-pool');
  if (pool !== '' && pool !== holding.pool) {
    pass.lines.push(lines.otherPoolRequested());
    return drop(pass);
  }
  const requested = requestedAddresses(pass.facts);
  if (!requested.ok) {
    // A slip of the pen in the request must not cost the address.
    const lack = { cause: failures.unreadableRequest(requested.error), event: events.invalidRequest(requested.error) };
    miss(pass, lack, lines.invalidRequest(requested.error));
  } else if (requested.value !== undefined && !sameSet(requested.value.addresses, holding.addresses)) {
    pass.lines.push(lines.otherAddressRequested());
    return drop(pass);
  }
  return { kind: 'holds', holding };
}

function reject(pass: OwnPass, failure: AllocationFailure): Kept {
  pass.lines.push(lines.notAllowed(failure));
  pass.events.push(events.clearAssignment(pass.key, failure));
  return drop(pass);
}

function drop({ table, key }: OwnPass): Kept {
  table.release(key);
  return NOTHING;
}

/** Gives a Service of both families that has only one address the other one too, unless it asked for just that one. */
function addMissingFamily(pass: OwnPass, holding: Holding): Holding {
  const { facts } = pass;
  const wanted = serviceFamilies(facts);
  const requested = requestedAddresses(facts);
  const wantsMore = facts.ipFamilyPolicy === 'PreferDualStack' && wanted.ok && wanted.value === 'dual';
  const asksForThese = !requested.ok || requested.value !== undefined;
  if (holding.addresses.length !== 1 || !wantsMore || asksForThese) return holding;
  const extended = allocateAdditional(pass.table, facts, pass.candidate, holding);
  if (!extended.ok) {
    miss(pass, { cause: extended.error, event: events.additionalFailed(extended.error) }, lines.tryingAdditional());
    return holding;
  }
  pass.lines.push(lines.tryingAdditional(), lines.allocatedAdditional(extended.value.added));
  pass.events.push(events.allocatedAdditional(extended.value.added));
  return extended.value.holding;
}

function allocateAfresh(pass: OwnPass): Holding | undefined {
  pass.table.release(pass.key);
  const allocated = allocate(pass.table, pass.facts, pass.candidate);
  if (!allocated.ok) {
    const event = events.allocationFailed(pass.key, allocated.error);
    miss(pass, { cause: allocated.error, event }, lines.allocationFailed(allocated.error));
    return undefined;
  }
  pass.lines.push(lines.allocated(allocated.value.addresses));
  pass.events.push(events.allocated(allocated.value.addresses));
  return allocated.value;
}

/** Notes what the Service lacks; says so only if that was not said the last time, be it before a restart. */
function miss(pass: OwnPass, lack: Lack, line: PlannedLine): void {
  pass.lack = lack;
  const said = pass.lastLack;
  if (said !== undefined && said.cause.advice === lack.cause.advice && said.event?.reason === lack.event?.reason) return;
  pass.lines.push(line);
  const stands = said === undefined && tells(pass.facts, lack.cause);
  if (lack.event !== undefined && !stands) pass.events.push(lack.event);
}

/** Whether the Service's condition gives this cause already. */
function tells(facts: AddressableFacts, { advice }: AllocationFailure): boolean {
  const { message } = ownCondition(facts) ?? {};
  return typeof message === 'string' && message.endsWith(advice);
}

/** What is said beside a write of addresses. */
function noteWrite(pass: Pass, facts: ServiceFacts, addresses: DesiredAddresses | undefined): void {
  if (facts.ingress.length > 0 && addresses?.ingress.length === 0) pass.lines.push(lines.removed());
  for (const key of deprecatedAnnotations(facts)) {
    pass.events.push(events.deprecatedAnnotation(key));
    pass.lines.push(lines.deprecatedAnnotation(key));
  }
}
