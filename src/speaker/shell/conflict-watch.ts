import { assert } from '../../lib/assert.ts';
import { type Clock, micros, type Timer } from '../../lib/clock.ts';
import { formatAddress, type IpAddress, parseAddress } from '../../lib/ip.ts';
import { formatMac, type Mac } from '../../lib/mac.ts';
import { compareTexts } from '../../lib/order.ts';
import type { AddressConflict, Announcement, PlanChange } from '../../model/plan.ts';
import { ConflictDetection } from '../protocol/layer2/conflict-detection.ts';
import type { ConflictEffect, ConflictEvent } from '../protocol/layer2/conflict-events.ts';
import { InTurn } from './in-turn.ts';
import type { LogLine } from './outbox.ts';

/** What looking for others who have an address needs of the thread. */
export interface ConflictWatchPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Has these announcements looked at on the links on which they would be made, or no more. */
  look(changes: readonly PlanChange[]): void;
  /** Asks who has an address, wherever it is announced or would be. */
  probe(address: IpAddress): void;
  /** Tells once where an address is. */
  assure(address: IpAddress): void;
  /** Nobody has the addresses of this one. */
  free(key: string): void;
  found(conflict: AddressConflict): void;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** Looks whether somebody else has an address: drives the machine that says what to ask, and when to defend. */
export class ConflictWatch implements Disposable {
  readonly #ports: ConflictWatchPorts;
  readonly #detection: ConflictDetection;
  /** The Services that are looked at, by the address whose owner announces them. */
  readonly #looked = new Map<string, readonly string[]>();
  readonly #owned = new Set<string>();
  readonly #turns = new InTurn<Unstamped<ConflictEvent>>((event) => this.#step(event));
  #timer: Timer | undefined;

  constructor(ports: ConflictWatchPorts) {
    this.#ports = ports;
    this.#detection = new ConflictDetection({ random: ports.random });
  }

  /** Finds out whether somebody has the addresses of these; `place` and `from` as `Owners` says. Any number of times. */
  look(key: string, announcements: readonly Announcement[], place: number, from: string): void {
    const services = announcements.map(({ service }) => service);
    const ended = (this.#looked.get(key) ?? []).filter((service) => !services.includes(service));
    this.#looked.set(key, services);
    this.#ports.look([...ended.map(withdrawal), ...announcements.map((announcement): PlanChange => ({ kind: 'announce', announcement }))]);
    this.#take({ kind: 'look', key, addresses: textsOf(announcements), place, except: from });
  }

  /** It need not be looked at any more. */
  lookAway(key: string): void {
    const services = this.#looked.get(key) ?? [];
    this.#looked.delete(key);
    this.#ports.look(services.map(withdrawal));
    if (!this.#owned.has(key)) this.#take({ kind: 'drop', key });
  }

  /** This node answers for the addresses of these; for nothing when there are none. Any number of times. */
  own(key: string, announcements: readonly Announcement[]): void {
    if (announcements.length > 0) {
      this.#owned.add(key);
      this.#take({ kind: 'own', key, addresses: textsOf(announcements) });
    } else if (this.#owned.delete(key)) this.#take({ kind: 'drop', key });
  }

  /** A frame of another host says that the address is its own, or asks for it. `node` is whose MAC it is, if that is known. */
  sighted(kind: 'held' | 'probed', address: string, mac: Mac, node: string | undefined): void {
    this.#take(kind === 'held' ? { kind, address, mac, node } : { kind, address, node });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** What one event causes is taken when all that it asks for is done. */
  #take(event: Unstamped<ConflictEvent>): void {
    this.#turns.add(event);
  }

  #step(event: Unstamped<ConflictEvent>): void {
    const effects = this.#detection.step({ ...event, now: this.#ports.clock.now() } as ConflictEvent);
    // First of all: code that throws in the rest must not have the machine wait for a moment at which nobody wakes it.
    for (const effect of effects) if (effect.kind === 'wake-at') this.#wakeAt(effect);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: ConflictEffect): void {
    switch (effect.kind) {
      case 'probe':
        this.#ports.probe(addressOf(effect.address));
        break;
      case 'defend':
        this.#ports.assure(addressOf(effect.address));
        break;
      case 'free':
        this.#ports.free(effect.key);
        break;
      case 'found':
        this.#ports.found({ what: effect.what, address: effect.address, mac: formatMac(effect.mac), node: effect.node });
        break;
      case 'over':
        this.#logOver(effect);
        break;
      case 'wake-at':
        break;
    }
  }

  #wakeAt({ at }: ConflictEffect & { readonly kind: 'wake-at' }): void {
    const { clock } = this.#ports;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.startTimer(micros(Math.max(0, at - clock.now())), () => this.#take({ kind: 'woke' }));
  }

  #logOver({ address, mac }: ConflictEffect & { readonly kind: 'over' }): void {
    const text = formatMac(mac);
    const message = `${address} is free: the host with MAC ${text} does not answer for it any more`;
    this.#ports.log('info', message, { event: 'addressFree', ip: address, mac: text });
  }
}

function withdrawal(service: string): PlanChange {
  return { kind: 'withdraw', service };
}

function textsOf(announcements: readonly Announcement[]): readonly string[] {
  return [...new Set(announcements.flatMap(({ addresses }) => addresses.map(formatAddress)))].sort(compareTexts);
}

function addressOf(text: string): IpAddress {
  const address = parseAddress(text);
  assert(address !== undefined, `${text} is no address, though this thread has made it from one`);
  return address;
}
