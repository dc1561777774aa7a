import type { IpAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import type { Claim, Holding } from './claim.ts';
import { type AllocationFailure, failures } from './failure.ts';

/**
 * One address in use, and who holds it. Whether another Service may hold it too is told from counts, so that an address
 * that ten thousand Services share is as quick to ask as any other.
 */
export class AddressEntry {
  readonly address: IpAddress;
  /** By Service; several only if they may share, or if one is foreign. One that is leaving stays as it last held it. */
  readonly #holders = new Map<string, Holding>();
  /** Kept only where several hold it: most addresses have one holder, and of those there may be a hundred thousand. */
  #kept: Counts | undefined;
  #foreign = 0;

  constructor(address: IpAddress) {
    this.address = address;
  }

  /** How many hold it. */
  get size(): number {
    return this.#holders.size;
  }

  /** The sharing key that all holders have, with which others may join them; empty when there is none. */
  get sharing(): string {
    const { sharings } = this.#counted();
    const [only = ''] = sharings.keys();
    return sharings.size === 1 ? only : '';
  }

  /** What a Service holds it by. */
  get(service: string): Holding | undefined {
    return this.#holders.get(service);
  }

  /** Keys of the Services that hold it, sorted. */
  services(): string[] {
    return [...this.#holders.keys()].sort(compareTexts);
  }

  /** Whether a holder has the port. */
  usesPort(port: string): boolean {
    return this.#counted().ports.has(port);
  }

  /** Adds a holder, or takes it in place of what the same Service held it by; gives the latter. */
  add(holding: Holding): Holding | undefined {
    const before = this.remove(holding.service);
    this.#holders.set(holding.service, holding);
    this.#recount(holding, 1);
    return before;
  }

  /** Takes a holder away and gives it; `undefined` for who holds nothing here. */
  remove(service: string): Holding | undefined {
    const holding = this.#holders.get(service);
    if (holding === undefined) return undefined;
    this.#holders.delete(service);
    this.#recount(holding, -1);
    return holding;
  }

  /** Whether the claim may have this address beside those who hold it already. */
  admits(claim: Claim): boolean {
    return this.#othersMayShare(claim) && this.#portInUse(claim) === undefined;
  }

  /** Why the claim may not have this address beside those who hold it already. */
  refusal(claim: Claim): AllocationFailure | undefined {
    if (!this.#othersMayShare(claim)) {
      const others = [...this.#holders.values()].filter((holder) => this.#counts(holder, claim));
      return failures.sharingKey(claim, this.address, others);
    }
    const port = this.#portInUse(claim);
    return port === undefined ? undefined : failures.portInUse(port, this.address);
  }

  /**
   * Whether a holder is one that the claim must get along with. A foreign Service counts for who comes after it only:
   * whoever can write a status must not take a running address from another.
   */
  #counts({ service, foreign }: Holding, claim: Claim): boolean {
    return service !== claim.service && !(foreign && this.#holders.has(claim.service));
  }

  #othersMayShare(claim: Claim): boolean {
    const own = this.#holders.get(claim.service);
    const others = own === undefined ? this.size : this.size - (own.foreign ? 0 : 1) - this.#foreign;
    if (others === 0) return true;
    const alike = (this.#counted().sharings.get(claim.sharing) ?? 0) - (own?.sharing === claim.sharing ? 1 : 0);
    return claim.sharing !== '' && alike === others;
  }

  #portInUse(claim: Claim): string | undefined {
    const own = this.#holders.get(claim.service)?.ports;
    const { ports } = this.#counted();
    return claim.ports.find((port) => (ports.get(port) ?? 0) > (own?.includes(port) === true ? 1 : 0));
  }

  #counted(): Counts {
    return this.#kept ?? countsOf(this.#holders.values());
  }

  #recount(holding: Holding, change: 1 | -1): void {
    if (holding.foreign) this.#foreign += change;
    if (this.size < 2) this.#kept = undefined;
    else if (this.#kept === undefined) this.#kept = countsOf(this.#holders.values());
    else count(this.#kept, holding, change);
  }
}

/** How many holders have each sharing key, and each port. */
interface Counts {
  readonly sharings: Map<string, number>;
  readonly ports: Map<string, number>;
}

function countsOf(holders: Iterable<Holding>): Counts {
  const counts: Counts = { sharings: new Map(), ports: new Map() };
  for (const holder of holders) count(counts, holder, 1);
  return counts;
}

function count(counts: Counts, { sharing, ports }: Holding, change: 1 | -1): void {
  tally(counts.sharings, sharing, change);
  for (const port of new Set(ports)) tally(counts.ports, port, change);
}

function tally(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
