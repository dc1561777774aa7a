import { type Micros, milliseconds } from '../../../lib/clock.ts';
import type { Rank } from '../../../model/contenders.ts';
import { type Claim, MOST_CLAIMS, type SegmentMessage } from '../../wire/segment.ts';

/** More addresses than any cluster announces; of those that nobody here wants, more are not remembered. */
const MAX_CLAIMS = 65_536;
/** So long it is remembered that an address is nobody's: whoever missed it has been told until then. */
const ENDED_FOR: Micros = milliseconds(600_000);

/** A 32-bit FNV-1a hash, stirred so that texts which differ in their last character differ everywhere. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How much a claim says, among claims of one epoch: somebody has it, somebody gives it up, nobody has it. */
function weightOf({ owner, leaving }: Claim): number {
  if (owner === '') return 0;
  return leaving ? 1 : 2;
}

/**
 * Whether a claim for an address takes the place of another one: the higher epoch does, and among equal ones that of who has it before that
 * of who leaves it, and then the lower rank. Scores do not count: nodes may see different ones. All who have heard the same claims, in whatever order, hold the same one.
 */
export function beats(claim: Claim, than: Claim, text: string, rank: Rank): boolean {
  if (claim.epoch !== than.epoch) return claim.epoch > than.epoch;
  const [weight, other] = [weightOf(claim), weightOf(than)];
  if (weight !== other) return weight > other;
  return claim.owner !== than.owner && rank(claim.owner, text) < rank(than.owner, text);
}

/** What is known of the owners of all addresses, by the canonical text of the address. */
export class ClaimTable {
  readonly #claims = new Map<string, Claim>();
  /** When it was learned that an address is nobody's, oldest first. */
  readonly #ended = new Map<string, Micros>();
  /** The addresses that had an owner since they were nobody's. */
  readonly #owned = new Set<string>();
  #digest = 0;

  /** 32 bits that are the same for all who know of the same owners. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** Whether there is room for an address of which nothing is known. */
  get full(): boolean {
    return this.#claims.size >= MAX_CLAIMS;
  }

  get(text: string): Claim | undefined {
    return this.#claims.get(text);
  }

  entries(): Iterable<[string, Claim]> {
    return this.#claims;
  }

  claims(): Iterable<Claim> {
    return this.#claims.values();
  }

  /** Whether somebody has had it since it was nobody's; who only passed it on did not. */
  hadOwner(text: string): boolean {
    return this.#owned.has(text);
  }

  /** Puts a claim in the place of what was known of the address. */
  set(text: string, claim: Claim, now: Micros): void {
    const had = this.#owned.has(text);
    this.#forget(text);
    this.#claims.set(text, claim);
    if (claim.owner !== '' && (had || !claim.leaving)) this.#owned.add(text);
    this.#digest ^= partOf(text, claim);
    if (claim.owner === '') this.#ended.set(text, now);
    for (const [old, at] of this.#ended) {
      if (now - at < ENDED_FOR) break;
      this.#forget(old);
    }
  }

  /** Everything that is known, as frames. */
  messages(): readonly SegmentMessage[] {
    return claimMessages(this.#claims.values());
  }

  #forget(text: string): void {
    const claim = this.#claims.get(text);
    if (claim === undefined) return;
    this.#claims.delete(text);
    this.#ended.delete(text);
    this.#owned.delete(text);
    this.#digest ^= partOf(text, claim);
  }
}

/** What is nobody's has no part: each forgets it at a time of its own. */
function partOf(text: string, { epoch, owner, leaving }: Claim): number {
  return owner === '' ? 0 : hashOf(`${text} ${epoch} ${owner} ${leaving}`);
}

/** The nodes that have an address by one of these claims and do not give it up. */
export function holdersOf(claims: Iterable<Claim>): ReadonlySet<string> {
  const holders = new Set<string>();
  for (const { owner, leaving } of claims) if (owner !== '' && !leaving) holders.add(owner);
  return holders;
}

/** Claims as frames: each of one owner, none too long. */
export function claimMessages(claims: Iterable<Claim>): readonly SegmentMessage[] {
  const byOwner = Map.groupBy(claims, ({ owner }) => owner);
  return [...byOwner.values()].flatMap((ofOwner) =>
    Array.from({ length: Math.ceil(ofOwner.length / MOST_CLAIMS) }, (_, index): SegmentMessage => {
      return { kind: 'claims', claims: ofOwner.slice(index * MOST_CLAIMS, (index + 1) * MOST_CLAIMS) };
    }),
  );
}
