import type { Random } from './random.ts';

/** Something that takes octets from strangers. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** Makes a changed input one that comes further than the first check, most of the time. */
  readonly repair: (input: Uint8Array, random: Random) => Uint8Array;
  /** Uses one input in all ways there are; throws when a promise is broken. */
  readonly run: (input: Uint8Array) => void;
}
