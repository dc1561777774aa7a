import { formatAddress } from '../../src/lib/ip.ts';
import type { WireChange } from '../../src/model/plan.ts';
import type { PlannedPeer } from '../../src/model/planned-peer.ts';
import type { SimulatedConnection } from './simulated-tcp.ts';
import type { Timeline } from './timeline.ts';

/** Attempts that a peer with growing pauses may see in a minute: 8 in vain, and again some after a session that came and went. */
const MOST_IN_A_MINUTE = 14;
/** After another plan, lines about the sessions before it may still come. */
const SETTLED = 15_000_000;
/** How late a timer may be, and what is looked at from time to time. */
const SLACK = 600_000;
const MINUTE = 60_000_000;
/** The longest pause between two attempts, in seconds; the attempt itself has its own deadline. */
const LONGEST_PAUSE = 120;
/** A connection has 10 s to come up and its OPEN 30 s to come. */
const LONGEST_ATTEMPT = 41;
/** Octets that may wait for a peer that does not read, and the messages that were made in one go. */
const MOST_PENDING = 17 * 1_024 * 1_024;

interface Attempts {
  readonly peer: PlannedPeer;
  /** When each of the last minute began. */
  begun: number[];
  /** The last connection. */
  last: SimulatedConnection | undefined;
  /** The last moment at which there was a connection, as far as was seen. */
  seen: number;
}

/** What a speaker does to reach its peers, and what it says of it: neither too much nor too little. */
export class AttemptLog {
  readonly #timeline: Timeline;
  readonly #violated: (what: string) => void;
  /** By the address of the peer. */
  readonly #peers = new Map<string, Attempts>();
  /** The last line about each peer, by its name. */
  readonly #said = new Map<string, string>();
  #changed = 0;

  constructor(timeline: Timeline, violated: (what: string) => void) {
    this.#timeline = timeline;
    this.#violated = violated;
  }

  /** The wire thread is given changes: a peer that is another one than before may be reached for at once. */
  planned(changes: readonly WireChange[]): void {
    for (const change of changes) {
      if (change.kind !== 'peers' && change.kind !== 'replace-bgp') continue;
      this.#changed = this.#timeline.now;
      const byAddress = new Map(change.peers.map((peer) => [formatAddress(peer.address), peer]));
      for (const [address, { peer }] of this.#peers) if (identity(peer) !== identity(byAddress.get(address))) this.#peers.delete(address);
      for (const [address, peer] of byAddress) {
        if (!this.#peers.has(address)) this.#peers.set(address, { peer, begun: [], last: undefined, seen: this.#timeline.now });
      }
    }
  }

  /** The wire thread is gone. */
  clear(): void {
    this.#peers.clear();
    this.#said.clear();
  }

  /** A connection is asked for. */
  began(address: string, connection: SimulatedConnection): void {
    const attempts = this.#peers.get(address);
    if (attempts === undefined) {
      this.#violated(`a connection to ${address}, which is no peer`);
      return;
    }
    if (attempts.last?.over === false) this.#violated(`two connections to ${address} at once`);
    const { now } = this.#timeline;
    attempts.begun = [...attempts.begun.filter((at) => at > now - MINUTE), now];
    const { connectTimeSeconds } = attempts.peer;
    const most = connectTimeSeconds === undefined ? MOST_IN_A_MINUTE : 2 + 60 / (0.75 * connectTimeSeconds);
    if (attempts.begun.length > most) this.#violated(`${attempts.begun.length} attempts to reach ${address} in a minute`);
    attempts.last = connection;
    attempts.seen = now;
  }

  /** A line for the log. */
  said(message: string, fields: Readonly<Record<string, string | number>>): void {
    if (!('peer' in fields)) return;
    const key = String(fields.peer);
    const text = `${message}: ${fields.reason}`;
    const isNew = this.#timeline.now - this.#changed < SETTLED;
    if (message === 'no BGP session' && !isNew && this.#said.get(key) === text) this.#violated(`says twice of ${key}: ${text}`);
    this.#said.set(key, text);
  }

  /** Looks whether a peer is forgotten, or fed without an end; from time to time. */
  check(stalled: boolean): void {
    const { now } = this.#timeline;
    for (const [address, attempts] of this.#peers) {
      if (attempts.last?.over === false || stalled) attempts.seen = now;
      const allowed = (attempts.peer.connectTimeSeconds ?? LONGEST_PAUSE) + LONGEST_ATTEMPT;
      if (now - attempts.seen > allowed * 1_000_000) this.#violated(`${address} is not reached for any more`);
      const { heardAt = 0, mostSilence = Number.POSITIVE_INFINITY, over = true } = attempts.last ?? {};
      if (!over && !stalled && now - heardAt > mostSilence + SLACK) this.#violated(`${address} is silent and not given up`);
      const pending = attempts.last?.pendingOctets ?? 0;
      if (pending > MOST_PENDING) this.#violated(`${pending} octets wait for ${address}`);
    }
  }

  /** Whether a peer was sought in vain at this moment, so that a pause is due. */
  pauses(address: string): boolean {
    return this.#peers.get(address)?.last?.over !== false;
  }
}

function identity(peer: PlannedPeer | undefined): string {
  return JSON.stringify(peer, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
