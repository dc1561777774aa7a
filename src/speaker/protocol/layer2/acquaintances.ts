import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { SegmentMessage } from '../../wire/segment.ts';
import type { ClaimTable } from './claim-table.ts';
import { Damping } from './damping.ts';
import type { Acquaintance } from './succession.ts';

/** A peer that is there. */
interface KnownPeer {
  digest: number;
  damped: boolean;
  /** How many of its hellos in a row had another digest than this node's. */
  strange: number;
  /** When all that it was taught by this node would have gone out, at {@link FRAMES_A_SECOND}. */
  taughtUntil: Micros;
}

/** After this time everybody who has a speaker was heard. */
export const SETTLED: Micros = milliseconds(60_000);

/** Where hardly two know the same, so many teach whoever says hello: with one alone ten nodes that have not heard each other need too long. */
const TEACHERS = 2;

/**
 * Two tables that are full, of different addresses, stay different and would be taught for ever. A peer is taught so many frames a second in the
 * long run: tables of a thousand addresses, 26 frames, are taught at every hello that asks for it ...
 */
const FRAMES_A_SECOND = 500;
/** ... and as much sooner, so that ten thousand addresses are taught four times in a row where frames are lost. */
const TAUGHT_AHEAD: Micros = milliseconds(2_000);

/** What the owners machine remembers of the nodes of its segments, its own included. */
export class Acquaintances implements Acquaintance {
  readonly node: string;
  readonly damping: Damping = new Damping();
  readonly #peers = new Map<string, KnownPeer>();
  #gone: Set<string> = new Set();
  #startedAt: Micros = micros(0);
  #now: Micros = micros(0);
  met: boolean = false;
  /** The last hello was of a node that was not there before. */
  fresh: boolean = false;

  readonly #looks: boolean;

  /** `looks` when this node can ask whether somebody answers for an address. */
  constructor(node: string, looks: boolean) {
    this.node = node;
    this.#looks = looks;
  }

  /** The speaker has started. */
  start(now: Micros): void {
    this.#startedAt = now;
  }

  /** Time has passed. */
  pass(now: Micros): void {
    this.#now = now;
  }

  get startedAt(): Micros {
    return this.#startedAt;
  }

  get settled(): boolean {
    return this.#now - this.#startedAt >= SETTLED;
  }

  get aloneFrom(): Micros | undefined {
    return this.met || !this.#looks ? undefined : micros(this.#startedAt + SETTLED);
  }

  get alone(): boolean {
    return this.#now >= (this.aloneFrom ?? Number.POSITIVE_INFINITY);
  }

  hears(node: string): boolean {
    return this.#peers.has(node);
  }

  isGone(node: string): boolean {
    return this.#gone.has(node);
  }

  get anyGone(): boolean {
    return this.#gone.size > 0;
  }

  /** How many of those that are there come before this node, by name. */
  get place(): number {
    return [...this.#peers.keys()].filter((name) => name < this.node).length;
  }

  isDamped(node: string): boolean {
    return node === this.node ? this.damping.damped(this.#now) : (this.#peers.get(node)?.damped ?? false);
  }

  /** Whether a hello of that node says nothing but what it said before, which is what this node knows. */
  knows(node: string, digest: number, damped: boolean, own: number): boolean {
    const peer = this.#peers.get(node);
    return peer !== undefined && digest === own && peer.digest === own && peer.strange === 0 && peer.damped === damped;
  }

  /** Takes a hello. */
  greet(node: string, digest: number, damped: boolean, own: number): void {
    this.met = true;
    const known = this.#peers.get(node);
    const peer = known ?? { digest, damped, strange: 0, taughtUntil: this.#now };
    peer.digest = digest;
    peer.damped = damped;
    peer.strange = digest === own ? 0 : peer.strange + 1;
    if (known === undefined) this.#peers.set(node, peer);
    this.fresh = this.#gone.delete(node) || known === undefined;
  }

  /** These nodes are not there. */
  lose(nodes: readonly string[]): void {
    this.#gone = new Set(nodes);
    for (const node of nodes) this.#peers.delete(node);
  }

  /** Whether all who are there know what this node knows. */
  allKnow(own: number): boolean {
    for (const { digest } of this.#peers.values()) if (digest !== own) return false;
    return this.#peers.size > 0;
  }

  /** What to say to a peer that has just said hello: all that the table holds, if it knows something else and it is for this node to teach it now. */
  lessonFor(node: string, table: ClaimTable): readonly SegmentMessage[] {
    const peer = this.#peers.get(node);
    if (peer === undefined || !this.isToTeach(node, table.digest) || peer.taughtUntil - this.#now > TAUGHT_AHEAD) return [];
    const lesson = table.messages();
    peer.taughtUntil = micros(Math.max(peer.taughtUntil, this.#now) + (lesson.length / FRAMES_A_SECOND) * 1_000_000);
    return lesson;
  }

  /**
   * Whether it is for this node to teach a peer whose hello had another digest. All who know the same would say the same: at each such
   * hello it is the turn of another one of them, by name, so that not all teach at once and one whom the peer hears comes soon. While many
   * Services come at once hardly two know the same at the same moment: then it is the turn of {@link TEACHERS} of all, or a hundred would teach each
   * other.
   */
  isToTeach(node: string, own: number): boolean {
    const strange = this.#peers.get(node)?.strange ?? 0;
    if (strange === 0) return false;
    const others = [...this.#peers].filter(([name]) => name !== node);
    const alike = others.filter(([, { digest }]) => digest === own);
    // Who is alone with what it knows, among others who agree, has been away: what it knows nobody else can teach.
    const scattered = alike.length === 0 && new Set(others.map(([, { digest }]) => digest)).size > others.length / 2;
    const teachers = scattered ? others : alike;
    const turns = scattered ? Math.ceil((teachers.length + 1) / TEACHERS) : teachers.length + 1;
    const place = teachers.filter(([name]) => name < this.node).length;
    return (strange - 1) % turns === place % turns;
  }
}
