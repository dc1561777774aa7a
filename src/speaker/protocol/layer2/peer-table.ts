import type { Micros } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import type { Mac } from '../../../lib/mac.ts';
import type { SegmentFrame } from '../../wire/segment.ts';
import { heardLately, isGone, newPeer, type Peer } from './peer.ts';

/** More nodes than any cluster has on one segment, the dead of ten minutes included; one that is not known stays what the API server says of it. */
const MAX_PEERS = 1_024;

/** The other nodes of a link that were heard, those included that are gone and not forgotten yet. */
export class PeerTable {
  readonly #peers = new Map<string, Peer>();
  #met: boolean = false;

  get(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  all(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** Whether it was heard and is not gone. */
  isThere(node: string): boolean {
    const peer = this.#peers.get(node);
    return peer !== undefined && !isGone(peer);
  }

  /** How many are not gone. */
  get there(): number {
    let there = 0;
    for (const peer of this.#peers.values()) if (!isGone(peer)) there++;
    return there;
  }

  /** Whether there is no room for another one. */
  get full(): boolean {
    return this.#peers.size >= MAX_PEERS;
  }

  /** Takes in a node that has signed a frame as it was asked to. */
  add(frame: SegmentFrame, now: Micros): Peer {
    const peer = newPeer(frame, now);
    this.#peers.set(frame.node, peer);
    this.#met = true;
    return peer;
  }

  /** Says whether it was there. */
  delete(node: string): boolean {
    return this.#peers.delete(node);
  }

  /** Whether somebody was ever heard, forgotten or not, and nobody is now. */
  isAlone(now: Micros): boolean {
    for (const peer of this.#peers.values()) if (heardLately(peer, now)) return false;
    return this.#met;
  }

  /** The names of those that are gone since `before`, or since any time. */
  gone(before: number = Number.POSITIVE_INFINITY): string[] {
    return [...this.#peers.values()].filter((peer) => isGone(peer) && peer.judgedAt <= before).map(({ node }) => node);
  }

  /** The name of the one that is gone for the longest time, if one is. */
  longestGone(): string | undefined {
    let longest: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (isGone(peer) && (longest === undefined || peer.judgedAt < longest.judgedAt)) longest = peer;
    }
    return longest?.node;
  }

  /** Whether one of those that are there holds this node for gone. */
  lists(node: string): boolean {
    for (const peer of this.#peers.values()) if (!isGone(peer) && peer.lists.has(node)) return true;
    return false;
  }

  /** The kernel behind that MAC has answered for its address. */
  answered(ip: Ipv4, mac: Mac): void {
    for (const peer of this.#peers.values()) {
      if (peer.askable !== ip || peer.mac !== mac) continue;
      peer.answers = true;
      peer.healthMisses = 0;
      if (peer.doubt !== undefined) peer.doubt.answered = true;
    }
  }

  /** Nobody's silence counts that lasted until now. */
  forgetSilence(now: Micros): void {
    for (const peer of this.#peers.values()) {
      if (isGone(peer)) continue;
      peer.heardAt = now;
      peer.doubt = undefined;
      peer.deafHellos = 0;
    }
  }
}
