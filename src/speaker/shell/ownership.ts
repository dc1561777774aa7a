import { type Clock, type Micros, micros, type Timer } from '../../lib/clock.ts';
import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import { MultiMap } from '../../lib/multi-map.ts';
import type { Rank } from '../../model/contenders.ts';
import type { Announcement, Candidacy, KnownOwners, OwnersMemory, PlanChange, Taking } from '../../model/plan.ts';
import { holdersOf } from '../protocol/layer2/claim-table.ts';
import { Owners } from '../protocol/layer2/owners.ts';
import type { OwnersEffect, OwnersEvent, ScopedCandidacy } from '../protocol/layer2/owners-events.ts';
import type { SegmentMessage } from '../wire/segment.ts';
import { InTurn } from './in-turn.ts';
import { SharedContenders } from './shared-contenders.ts';

/** What deciding over owners needs of the thread. */
export interface OwnershipPorts {
  readonly clock: Clock;
  readonly node: string;
  readonly rank: Rank;
  /** Whether there are others to listen to. */
  readonly segmented: boolean;
  /** What an earlier thread or process of this node knew. */
  readonly memory: OwnersMemory | undefined;
  /** {@link Ownership.known} is another one. */
  knownChanged(): void;
  /** Has these announcements made on the links, or ended. */
  answer(changes: readonly PlanChange[]): void;
  /** Announces these Services again, because somebody else has announced their addresses. */
  defend(services: readonly string[]): void;
  /** Finds out whether somebody else has the addresses of the one whose owner announces these, and says `free` when nobody has. */
  look(key: string, announcements: readonly Announcement[], place: number, from: string): void;
  /** That need not be found out any more. */
  lookAway(key: string): void;
  /** This is what is announced for an address and those that go with it: nothing, if it is not this node's. */
  keep(key: string, announcements: readonly Announcement[]): void;
  /** Sends to the speaker of one node, or to all. */
  send(to: string | undefined, message: SegmentMessage): void;
  /** Has taken what others have said by now, unless this loop is so late. */
  catchUp(late: Micros): void;
  /** This speaker has heard what others know. */
  listened(): void;
  /** What this node answers for has changed, or is certain now. */
  owned(addresses: readonly string[], certain: boolean): void;
  /** When a node was heard last that is silent now, as far as it is known. */
  silentSince(node: string): Micros | undefined;
  /** An address has come to this node from another one. */
  taken(taking: Taking): void;
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** Between the plan, which says what this node may announce, and the responders, which announce it: what is this node's. */
export class Ownership implements Disposable {
  readonly #ports: OwnershipPorts;
  readonly #owners: Owners;
  readonly #planned = new Map<string, Announcement>();
  /** The Services whose addresses go with an address. */
  readonly #services = new MultiMap<string, string>();
  readonly #contenders = new SharedContenders();
  /** What is announced now. */
  readonly #answered = new Map<string, Announcement>();
  readonly #turns = new InTurn<Unstamped<OwnersEvent>>((event) => this.#step(event));
  #timer: Timer | undefined;
  /** Services of which another plan was heard, and what is announced is not brought in line with it yet. */
  #replanned = new Set<string>();
  /** Something is to be said to the main thread, which hears nothing of the many hellos that change nothing. */
  #unsaid: boolean = false;
  #listened: boolean = false;
  #known: string = '';
  #complete: boolean = false;
  /** A whole plan was heard, be it an old one. */
  #informed: boolean = false;

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
    this.#owners = new Owners({ node: ports.node, rank: ports.rank, listens: ports.segmented, looks: ports.segmented });
  }

  /** Begins to listen to others. */
  start(): void {
    this.take({ kind: 'started' });
    const { memory } = this.#ports;
    if (memory !== undefined) this.take({ kind: 'remembered', memory });
  }

  /** What a later process of this node should know. */
  get known(): KnownOwners {
    return { claims: [...this.#owners.claims()].filter(({ owner }) => owner !== ''), met: this.#owners.met };
  }

  /** What the next hello says of claims. */
  get claims(): { readonly digest: number; readonly damped: boolean } {
    return { digest: this.#owners.digest, damped: this.#owners.damped(this.#ports.clock.now()) };
  }

  /** The nodes that have addresses, as far as this one knows. */
  get owners(): ReadonlySet<string> {
    return holdersOf(this.#owners.claims());
  }

  /** Whether this speaker has just started, and has not heard yet what others know. */
  get listening(): boolean {
    return this.#owners.listening;
  }

  /** Whether this speaker answers for all by now that was its node's before it started: it has heard the others, and has a plan. */
  get ready(): boolean {
    return this.#informed && !this.#owners.listening;
  }

  /**
   * The addresses that another node has and announces on the link of that name, as far as this one knows. Of one that no Service has nothing is
   * known before the whole plan is; later it has none.
   */
  addressesOf(node: string, link: string): readonly IpAddress[] {
    const claimed = [...this.#owners.claims()].filter(({ owner, leaving }) => owner === node && !leaving);
    const addresses = claimed.flatMap(({ address }) => this.#addressesWith(address, link));
    return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
  }

  #addressesWith(address: IpAddress, link: string): readonly IpAddress[] {
    const services = this.#services.get(formatAddress(address));
    if (services.size === 0) return this.#complete ? [] : [address];
    const announcements = [...services].map((service) => this.#planned.get(service)).filter((one) => one !== undefined);
    return announcements.filter((one) => mayBeOn(one, this.#ports.node, link)).flatMap((one) => one.addresses);
  }

  /** Takes changes of the plan. */
  apply(changes: readonly PlanChange[]): void {
    const touched = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'announce') this.#plan(change.announcement, touched);
      else if (change.kind === 'withdraw') this.#forget(change.service, touched);
      else this.#replace(change.announcements, touched);
    }
    const candidacies = [...touched].map((address) => this.#candidacyOf(address)).filter((candidacy) => candidacy !== undefined);
    const ended = [...touched].filter((address) => !this.#services.has(address));
    this.take({ kind: 'planned', candidacies, ended });
    this.#match(touched);
    // A provisional plan without anything is what is known at the start, which is nothing.
    this.#informed ||= changes.some(
      (change) => change.kind === 'replace' && (change.provisional !== true || change.announcements.length > 0),
    );
    const complete = changes.some((change) => change.kind === 'replace' && change.provisional !== true);
    if (!complete) return;
    this.#unsaid ||= !this.#complete;
    this.#complete = true;
    this.take({ kind: 'plan-complete' });
  }

  /** Takes what happens on the segments. What it causes is taken when all of it is carried out. */
  take(event: Unstamped<OwnersEvent>): void {
    // Of a hundred nodes nearly all hellos are such.
    if (event.kind === 'greeted' && this.#owners.knows(event.node, event.digest, event.damped)) return;
    if (!this.#turns.add(event)) return;
    this.#tell();
    const known = `${this.#owners.digest} ${this.#owners.met}`;
    if (known === this.#known) return;
    this.#known = known;
    this.#ports.knownChanged();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #plan(announcement: Announcement, touched: Set<string>): void {
    this.#forget(announcement.service, touched);
    const address = formatAddress(candidacyIn(announcement, this.#ports.node).address);
    this.#planned.set(announcement.service, this.#contenders.sharedIn(announcement));
    this.#services.add(address, announcement.service);
    this.#replanned.add(announcement.service);
    touched.add(address);
  }

  #forget(service: string, touched: Set<string>): void {
    const announcement = this.#planned.get(service);
    if (announcement === undefined) return;
    const address = formatAddress(candidacyIn(announcement, this.#ports.node).address);
    this.#services.delete(address, service);
    this.#planned.delete(service);
    this.#replanned.add(service);
    touched.add(address);
  }

  #replace(announcements: readonly Announcement[], touched: Set<string>): void {
    const kept = new Set(announcements.map(({ service }) => service));
    for (const service of [...this.#planned.keys()]) if (!kept.has(service)) this.#forget(service, touched);
    for (const announcement of announcements) this.#plan(announcement, touched);
  }

  /** Of Services that share an address each may say who may have it: whoever may for one of them may. */
  #candidacyOf(address: string): ScopedCandidacy | undefined {
    const planned = this.#plannedFor(address);
    const candidacies = planned.map((announcement) => candidacyIn(announcement, this.#ports.node));
    const [candidacy] = candidacies.toSorted(
      (left, right) => Number(right.self) - Number(left.self) || right.contenders.size - left.contenders.size,
    );
    const links = linksOf(planned);
    return candidacy === undefined || links === undefined ? candidacy : { ...candidacy, links };
  }

  #step(event: Unstamped<OwnersEvent>): void {
    const { clock } = this.#ports;
    const effects = this.#owners.step({ ...event, now: clock.now() } as OwnersEvent);
    const moved = effects.filter((effect) => effect.kind === 'own' || effect.kind === 'disown').map(({ address }) => address);
    if (moved.length > 0) this.#unsaid = true;
    // Answers come before the claims that say so: whoever stops because of them leaves nobody without one.
    if (moved.length > 0) this.#match(new Set(moved));
    const defended = effects.flatMap((effect) => (effect.kind === 'defend' ? [...this.#services.get(effect.address)] : []));
    if (defended.length > 0) this.#ports.defend(defended);
    for (const effect of effects) this.#carryOut(effect);
    // What people read comes last: of thousands of addresses it takes a while, and the others wait for the claims.
    for (const effect of effects) if (effect.kind === 'own') this.#tellSuccession(effect);
  }

  #carryOut(effect: OwnersEffect): void {
    const { clock, send, look, lookAway } = this.#ports;
    if (effect.kind === 'send') send(effect.to, effect.message);
    else if (effect.kind === 'look') look(effect.address, this.#plannedFor(effect.address), effect.place, effect.from);
    else if (effect.kind === 'look-away') lookAway(effect.address);
    else if (effect.kind === 'wake-at') {
      this.#timer?.[Symbol.dispose]();
      this.#timer = clock.startTimer(micros(Math.max(0, effect.at - clock.now())), () => {
        // Whose turn it was before may have claimed what this node would take now.
        this.#ports.catchUp(micros(clock.now() - effect.at));
        this.take({ kind: 'woke' });
      });
    }
  }

  #plannedFor(address: string): Announcement[] {
    return [...this.#services.get(address)].flatMap((service) => this.#planned.get(service) ?? []);
  }

  /** Has announced what is this node's of these addresses and of what was planned anew, and nothing else. */
  #match(addresses: ReadonlySet<string>): void {
    const changes: PlanChange[] = [];
    const services = this.#replanned;
    this.#replanned = new Set();
    for (const address of addresses) for (const service of this.#services.get(address)) services.add(service);
    for (const service of services) {
      const [wanted, before] = [this.#wantedOf(service), this.#answered.get(service)];
      if (wanted === before) continue;
      if (wanted === undefined) this.#answered.delete(service);
      else this.#answered.set(service, wanted);
      changes.push(wanted === undefined ? { kind: 'withdraw', service } : { kind: 'announce', announcement: wanted });
    }
    if (changes.length > 0) this.#ports.answer(changes);
    for (const address of addresses) this.#ports.keep(address, this.#answeredFor(address));
  }

  #answeredFor(address: string): Announcement[] {
    return this.#owners.answering.has(address) ? this.#plannedFor(address).filter(({ service }) => this.#answered.has(service)) : [];
  }

  #wantedOf(service: string): Announcement | undefined {
    const announcement = this.#planned.get(service);
    if (announcement === undefined) return undefined;
    const { address, self } = candidacyIn(announcement, this.#ports.node);
    if (!this.#owners.answering.has(formatAddress(address))) return undefined;
    // An owner that leaves answers as before until somebody else does.
    return self ? announcement : this.#answered.get(service);
  }

  #tell(): void {
    if (this.#owners.listening) return;
    if (!this.#listened) this.#ports.listened();
    this.#listened = true;
    if (!this.#unsaid) return;
    this.#unsaid = false;
    this.#ports.owned([...this.#owners.answering], this.#complete);
  }

  #tellSuccession({ address, why, from }: OwnersEffect & { readonly kind: 'own' }): void {
    if (why === 'free' || why === 'resumed') return;
    const { clock, silentSince, taken } = this.#ports;
    const since = why === 'gone' ? silentSince(from) : undefined;
    const silence = since === undefined ? undefined : Math.round((clock.now() - since) / 1_000);
    const taking = { ip: address, from, reason: why };
    taken(silence === undefined ? taking : { ...taking, silentMilliseconds: silence });
  }
}

/** The links on which some of these may be announced; absent for all. */
function linksOf(announcements: readonly Announcement[]): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { interfaces } of announcements) {
    if (interfaces.all) return undefined;
    for (const name of interfaces.names) names.add(name);
  }
  return [...names];
}

/** Whether the owner may announce it on the link of that name: by the advertisements for this node, if there are any. */
function mayBeOn({ interfaces, candidacy }: Announcement, node: string, link: string): boolean {
  const tells = candidacy === undefined || candidacy.contenders.has(node);
  return !tells || interfaces.all || interfaces.names.includes(link);
}

/** Who may answer for the addresses of a Service; this node alone where nothing is said of others. */
function candidacyIn({ candidacy, addresses: [first] }: Announcement, node: string): Candidacy {
  if (candidacy !== undefined) return candidacy;
  return { address: first ?? { family: 'IPv4', value: 0n }, self: true, contenders: new Map([[node, 0]]) };
}
