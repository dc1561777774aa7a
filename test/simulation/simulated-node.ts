import { type Micros, micros } from '../../src/lib/clock.ts';
import type { Ipv4 } from '../../src/lib/ipv4.ts';
import type { Mac } from '../../src/lib/mac.ts';
import type { Candidacy, KnownOwners } from '../../src/model/plan.ts';
import { type SealKey, sealKeyOf } from '../../src/speaker/net/seal-key.ts';
import { KeyRing } from '../../src/speaker/shell/key-ring.ts';
import type { SegmentSpeaker } from './segment-speaker.ts';

/** What the Secret holds at first. */
export const FIRST_KEY: SealKey = sealKeyOf('the first key of all');

/** One machine of the segment: its kernel, its clock, and its speaker. */
export class SimulatedNode {
  readonly name: string;
  readonly mac: Mac;
  readonly ip: Ipv4;
  /** Its kernel runs and its card works. */
  powered: boolean = true;
  /** `undefined` while it is not running. */
  speaker: SegmentSpeaker | undefined;
  /** What its part of the product that sees the API server says of each address. */
  readonly plans: Map<string, Candidacy> = new Map();
  /** The speaker's loop stands still until then, in true time. */
  stalledUntil = 0;
  /** What its disk keeps of owners, and since when; until the kernel ends. */
  kept: KnownOwners | undefined;
  keptAt = 0;
  /** When its last speaker ended. */
  silentSince = 0;
  boot = 0n;
  sequence = 0;
  /** What the kubelet has mounted, and the keys that its speaker holds for good. */
  secret: SealKey = FIRST_KEY;
  keys: KeyRing = new KeyRing(FIRST_KEY, micros(0));
  /** Its clock runs so much faster than the true one. */
  readonly pace: number;
  reannounced = 0;
  /** How often it told the segment that an address that somebody else claims is its own. */
  defended = 0;
  /** Addresses for which its kernel answers, whatever its speaker does. */
  readonly configured: Set<string> = new Set();

  constructor(index: number, pace: number) {
    this.name = `node-${index + 1}`;
    this.mac = (0x0200_0000_0000 + index + 1) as Mac;
    this.ip = (0x0a00_0000 + index + 1) as Ipv4;
    this.pace = pace;
  }

  now(trueNow: number): Micros {
    return micros(Math.floor(trueNow * this.pace));
  }
}
