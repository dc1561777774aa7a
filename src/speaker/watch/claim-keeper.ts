import { formatAddress, parseAddress } from '../../lib/ip.ts';
import type { KnownOwners, OwnerClaim, OwnersMemory } from '../../model/plan.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { KeptText } from './kept-text.ts';

/** What keeping claims needs of the world. */
export interface ClaimKeeperPorts {
  readonly file: KeptText;
  /** The sign that a speaker of this node lived; written every few seconds. */
  readonly alive: KeptText;
  readonly log: Logger;
  /** How long other nodes leave the addresses to a node whose speaker is away, in seconds. */
  readonly graceSeconds: number;
}

/** By how much the sign of life may be out of date, doubled. */
const ALIVE_SLACK_SECONDS = 10;
/** Other speakers remember for so long that an address is nobody's: what is older may be told by none of them to be wrong. */
const MOST_AGE_SECONDS = 600;
/** As many as the wire thread remembers. */
const MOST_CLAIMS = 65_536;
const MAX_EPOCH = 0xffff_ffff;
/** Of this form alone: what another one means by its claims is its own business. */
const FORM = 1;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Keeps on the disk of this node whose the addresses are, so that a speaker that is started again answers for what is its own before it has
 * heard anybody, and leaves to the others what is theirs when all are started at once. It counts for one boot of the kernel.
 */
export class ClaimKeeper {
  readonly #file: KeptText;
  #memory: OwnersMemory | undefined;

  /** Reads what an earlier process kept. */
  constructor({ file, alive, log, graceSeconds }: ClaimKeeperPorts) {
    this.#file = file;
    const kept = file.read();
    if (kept === undefined) return;
    const ageSeconds = Math.min(kept.ageSeconds, alive.read()?.ageSeconds ?? Number.POSITIVE_INFINITY);
    if (ageSeconds > MOST_AGE_SECONDS) return;
    const known = parseClaims(kept.text);
    if (known === undefined) log.warn('the kept claims cannot be read: this speaker asks the others', { op: 'resume' });
    else this.#memory = { ...known, recent: ageSeconds <= graceSeconds - ALIVE_SLACK_SECONDS };
  }

  /** What the next wire thread should know; `undefined` when nothing is kept. */
  get memory(): OwnersMemory | undefined {
    return this.#memory;
  }

  /** Keeps what is known now. */
  take({ claims, met }: KnownOwners): void {
    this.#memory = { claims, met, recent: true };
    this.#file.write(encodeClaims({ claims, met }));
  }
}

function encodeClaims({ claims, met }: KnownOwners): string {
  const rows = claims.map(({ address, epoch, owner, leaving }) => [formatAddress(address), epoch, owner, leaving]);
  return JSON.stringify({ form: FORM, met, claims: rows });
}

/** What {@link encodeClaims} made; `undefined` for any other text, also when one claim of many is none. */
function parseClaims(text: string): KnownOwners | undefined {
  const { form, met, claims } = (parsed(text) ?? {}) as Readonly<Record<string, unknown>>;
  if (form !== FORM || typeof met !== 'boolean' || !Array.isArray(claims) || claims.length > MOST_CLAIMS) return undefined;
  const read = claims.map(readClaim);
  return read.every((claim) => claim !== undefined) ? { claims: read, met } : undefined;
}

function readClaim(row: unknown): OwnerClaim | undefined {
  if (!Array.isArray(row)) return undefined;
  const [ip, epoch, owner, leaving] = row as readonly unknown[];
  const address = typeof ip === 'string' ? parseAddress(ip) : undefined;
  if (address === undefined || typeof epoch !== 'number' || typeof owner !== 'string' || typeof leaving !== 'boolean') return undefined;
  const good = Number.isInteger(epoch) && epoch > 0 && epoch <= MAX_EPOCH && NAME.test(owner);
  return good ? { address, epoch, owner, leaving } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
