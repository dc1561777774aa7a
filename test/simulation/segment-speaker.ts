import { type Micros, milliseconds } from '../../src/lib/clock.ts';
import { formatAddress, type IpAddress } from '../../src/lib/ip.ts';
import type { Ipv4 } from '../../src/lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../src/lib/mac.ts';
import type { Candidacy, KnownOwners, OwnersMemory } from '../../src/model/plan.ts';
import { holdersOf } from '../../src/speaker/protocol/layer2/claim-table.ts';
import { ConflictDetection } from '../../src/speaker/protocol/layer2/conflict-detection.ts';
import type { ConflictEffect, ConflictEvent } from '../../src/speaker/protocol/layer2/conflict-events.ts';
import { Owners } from '../../src/speaker/protocol/layer2/owners.ts';
import type { OwnersEffect, OwnersEvent } from '../../src/speaker/protocol/layer2/owners-events.ts';
import { Peers } from '../../src/speaker/protocol/layer2/peers.ts';
import type { PeersEffect, PeersEvent, PeersTiming } from '../../src/speaker/protocol/layer2/peers-events.ts';
import { StandIns } from '../../src/speaker/protocol/layer2/stand-ins.ts';
import type { StandInsEvent } from '../../src/speaker/protocol/layer2/stand-ins-events.ts';
import { rankOf } from '../../src/speaker/watch/owner.ts';
import type { SegmentFrame, SegmentMessage } from '../../src/speaker/wire/segment.ts';
import type { SimulatedNode } from './simulated-node.ts';

export const TIMING: PeersTiming = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};

/** What a speaker has of the world. */
export interface SpeakerPorts {
  readonly node: SimulatedNode;
  now(): Micros;
  nonce(): bigint;
  send(destination: Mac, message: SegmentMessage): void;
  ask(ip: Ipv4, mac: Mac): void;
  random(): number;
  /** Asks the segment who has an address. */
  probe(address: string): void;
  /** Somebody else has been found to have one. */
  found(conflict: ConflictEffect & { readonly kind: 'found' }): void;
  wakeAt(at: Micros, act: () => void): Disposable;
  /** It has taken an event. */
  stepped(): void;
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** The machines of one speaker, and what passes between them: what the shell does on real sockets. */
export class SegmentSpeaker implements Disposable {
  readonly owners: Owners;
  /** For which addresses it answers in the place of another node, and with which MAC. */
  standingIn: ReadonlyMap<string, Mac> = new Map();
  readonly #ports: SpeakerPorts;
  readonly #peers: Peers;
  readonly #conflicts: ConflictDetection;
  readonly #standIns: StandIns;
  readonly #macs = new Map<string, Mac>();
  readonly #waiting: (() => void)[] = [];
  /** Whether it has been told what it may announce, be it by its own disk. */
  #informed: boolean = false;
  #peersWake: Disposable | undefined;
  #ownersWake: Disposable | undefined;
  #conflictsWake: Disposable | undefined;

  constructor(ports: SpeakerPorts) {
    const { node } = ports;
    this.#ports = ports;
    const owners = new Owners({ node: node.name, rank: rankOf, listens: true, looks: true });
    this.owners = owners;
    this.#conflicts = new ConflictDetection({ random: () => ports.random() });
    const claims = (): { digest: number; damped: boolean } => ({ digest: owners.digest, damped: owners.damped(ports.now()) });
    this.#standIns = new StandIns({ node: node.name, rank: rankOf, addressesOf: (owner) => heldBy(owners, owner) });
    this.#peers = new Peers({
      ...{ node: node.name, timing: TIMING, nonce: () => ports.nonce(), gone: [], owners: () => holdersOf(owners.claims()), claims },
    });
  }

  start(memory: OwnersMemory | undefined): void {
    this.#own({ kind: 'started' });
    if (memory !== undefined) this.#own({ kind: 'remembered', memory });
    this.#describe();
    this.#step({ kind: 'started' });
  }

  end(): void {
    this.#step({ kind: 'ending' });
  }

  plan(candidacies: readonly Candidacy[], ended: readonly string[]): void {
    this.#own({ kind: 'planned', candidacies, ended });
  }

  /** What it was told is what it has from its disk; the API server has not said all yet. */
  inform(): void {
    this.#informed = true;
    this.#describe();
  }

  completePlan(): void {
    this.#own({ kind: 'plan-complete' });
    this.inform();
  }

  receive(frame: SegmentFrame): void {
    this.#step({ kind: 'received', frame });
  }

  hearKernel(ip: Ipv4, mac: Mac): void {
    this.#step({ kind: 'answered', ip, mac });
  }

  /** Somebody asks who has an address, to take it. */
  hearProbe(address: string, mac: Mac): void {
    this.#detect({ kind: 'probed', address, node: this.#nodeOf(mac) });
  }

  /** Somebody says that an address is his. */
  hearHolder(address: string, mac: Mac): void {
    this.#detect({ kind: 'held', address, mac, node: this.#nodeOf(mac) });
  }

  answers(address: string): boolean {
    return this.owners.answering.has(address);
  }

  /** What a later speaker of the node should know. */
  get known(): KnownOwners {
    return { claims: [...this.owners.claims()].filter(({ owner }) => owner !== ''), met: this.owners.met };
  }

  /** How often it began to stand in for another node. */
  begun = 0;

  /** The nodes that it has forgotten, in order. */
  readonly forgotten: string[] = [];

  /** The nodes that it holds for gone. */
  gone: readonly string[] = [];

  [Symbol.dispose](): void {
    this.#peersWake?.[Symbol.dispose]();
    this.#ownersWake?.[Symbol.dispose]();
    this.#conflictsWake?.[Symbol.dispose]();
  }

  #nodeOf(mac: Mac): string | undefined {
    return [...this.#macs].find(([, known]) => known === mac)?.[0];
  }

  #detect(event: Unstamped<ConflictEvent>): void {
    this.#inTurn(() => {
      for (const effect of this.#conflicts.step({ ...event, now: this.#ports.now() } as ConflictEvent)) this.#carryOutFound(effect);
    });
  }

  #carryOutFound(effect: ConflictEffect): void {
    if (effect.kind === 'probe') this.#ports.probe(effect.address);
    else if (effect.kind === 'free') this.#own({ kind: 'free', address: effect.key });
    else if (effect.kind === 'defend') this.#ports.node.defended++;
    else if (effect.kind === 'found') this.#ports.found(effect);
    else if (effect.kind === 'wake-at') {
      this.#conflictsWake?.[Symbol.dispose]();
      this.#conflictsWake = this.#ports.wakeAt(effect.at, () => this.#detect({ kind: 'woke' }));
    }
  }

  #describe(): void {
    this.#step({ kind: 'described', askable: this.#ports.node.ip, busy: this.#busy, ready: this.#ready });
    this.#standIn({ kind: 'described', ready: this.#ready });
  }

  #step(event: Unstamped<PeersEvent>): void {
    this.#inTurn(() => {
      for (const effect of this.#peers.step({ ...event, now: this.#ports.now() } as PeersEvent)) this.#carryOut(effect);
    });
  }

  #own(event: Unstamped<OwnersEvent>): void {
    this.#inTurn(() => {
      const { digest, listening } = this.owners;
      const busy = this.#busy;
      for (const effect of this.owners.step({ ...event, now: this.#ports.now() } as OwnersEvent)) this.#carryOutOwned(effect);
      if (digest !== this.owners.digest) this.#standIn({ kind: 'owners-changed' });
      if (busy !== this.#busy || listening !== this.owners.listening) this.#describe();
    });
  }

  #standIn(event: Unstamped<StandInsEvent>): void {
    const { active } = this.#standIns;
    for (const effect of this.#standIns.step({ ...event, now: this.#ports.now() } as StandInsEvent)) {
      if (effect.kind === 'answer') this.standingIn = new Map(effect.answers.map(({ address, mac }) => [formatAddress(address), mac]));
      else if (effect.kind === 'begun') this.begun++;
    }
    if (active !== this.#standIns.active) this.#describe();
  }

  get #busy(): boolean {
    return this.owners.listening || this.owners.answering.size > 0 || this.#standIns.active;
  }

  get #ready(): boolean {
    return this.#informed && !this.owners.listening;
  }

  /** What one step causes is taken when all its effects are carried out. */
  #inTurn(act: () => void): void {
    this.#waiting.push(act);
    if (this.#waiting.length > 1) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      next();
      this.#waiting.shift();
      this.#ports.stepped();
    }
  }

  #carryOut(effect: PeersEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#ports.send(effect.destination, effect.message);
        break;
      case 'ask':
        this.#ports.ask(effect.ip, effect.mac);
        break;
      case 'gone':
        this.gone = effect.nodes;
        this.#own({ kind: 'gone', nodes: effect.nodes });
        break;
      case 'reannounce':
        this.#ports.node.reannounced++;
        break;
      case 'greeted':
        this.#macs.set(effect.node, effect.mac);
        if (!this.owners.knows(effect.node, effect.digest, effect.damped)) this.#own(effect);
        this.#standIn(effect);
        break;
      case 'claimed':
        this.#own(effect);
        break;
      case 'judged':
        this.#standIn(effect);
        break;
      case 'forgotten':
        this.#macs.delete(effect.node);
        this.forgotten.push(effect.node);
        break;
      case 'wake-at':
        this.#peersWake?.[Symbol.dispose]();
        this.#peersWake = this.#ports.wakeAt(effect.at, () => this.#step({ kind: 'woke' }));
        break;
    }
  }

  #wakeOwnersAt(at: Micros): void {
    this.#ownersWake?.[Symbol.dispose]();
    this.#ownersWake = this.#ports.wakeAt(at, () => this.#own({ kind: 'woke' }));
  }

  #carryOutOwned(effect: OwnersEffect): void {
    if (effect.kind === 'wake-at') this.#wakeOwnersAt(effect.at);
    else if (effect.kind === 'defend') this.#ports.node.reannounced++;
    else if (effect.kind === 'look')
      this.#detect({ kind: 'look', key: effect.address, addresses: [effect.address], place: effect.place, except: effect.from });
    else if (effect.kind === 'own') this.#detect({ kind: 'own', key: effect.address, addresses: [effect.address] });
    else if (effect.kind === 'disown') this.#detect({ kind: 'drop', key: effect.address });
    else if (effect.kind === 'look-away' && !this.answers(effect.address)) this.#detect({ kind: 'drop', key: effect.address });
    else if (effect.kind === 'send') {
      const mac = effect.to === undefined ? BROADCAST_MAC : this.#macs.get(effect.to);
      if (mac !== undefined) this.#ports.send(mac, effect.message);
    }
  }
}

/** The addresses that a node has and does not give up, as far as another one knows. */
function heldBy(owners: Owners, node: string): IpAddress[] {
  return [...owners.claims()].filter(({ owner, leaving }) => owner === node && !leaving).map(({ address }) => address);
}
