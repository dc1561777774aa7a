import type { Random } from './random.ts';

/** Longer inputs only take longer: all that a codec can do wrong it does before. */
const LONGEST = 5_000;
/** Numbers at which codecs are wrong: nothing, one, signs, lengths that are just too long, types and flags of attributes. */
const OCTETS = [0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 17, 18, 19, 32, 33, 35, 64, 65, 69, 71, 73, 127, 128, 129, 192, 208, 224, 254, 255];
const MOST_CHANGES = 6;
const LONGEST_PIECE = 40;

type Change = (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const CHANGES: readonly Change[] = [
  (input, random) => withOctet(input, random.below(input.length + 1), random.below(256)),
  (input, random) => withOctet(input, random.below(input.length + 1), random.pick(OCTETS)),
  (input, random) => {
    const at = random.below(input.length + 1);
    return withOctet(input, at, (input[at] ?? 0) ^ (1 << random.below(8)));
  },
  (input, random) => {
    const at = random.below(input.length + 1);
    return withOctet(input, at, (input[at] ?? 0) + random.below(9) - 4);
  },
  (input, random) => splice(input, random.below(input.length + 1), random.below(LONGEST_PIECE), new Uint8Array()),
  (input, random) => splice(input, random.below(input.length + 1), 0, pieceOf(input, random)),
  (input, random, other) => splice(input, random.below(input.length + 1), 0, pieceOf(other, random)),
  (input, random, other) => splice(input, random.below(input.length + 1), input.length, other.subarray(random.below(other.length + 1))),
  (input, random) => splice(input, random.below(input.length + 1), 0, Uint8Array.of(random.pick(OCTETS), random.pick(OCTETS))),
  (input, random) => input.subarray(0, random.below(input.length + 1)),
];

/** Makes a new input of one that was worth keeping, with pieces of another. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let changed = input.slice();
  // Half of the time a single one: most pairs of changes break a length on the way to what the other one would reach.
  const changes = random.below(2) === 0 ? 1 : 1 + random.below(MOST_CHANGES);
  for (let left = changes; left > 0; left--) changed = random.pick(CHANGES)(changed, random, other).slice(0, LONGEST);
  return changed;
}

function withOctet(input: Uint8Array, at: number, value: number): Uint8Array {
  const changed = input.slice();
  if (at < changed.length) changed[at] = value;
  return changed;
}

/** `input` with `removed` octets at `at` replaced by others. */
function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const changed = new Uint8Array(at + added.length + Math.max(0, input.length - at - removed));
  changed.set(input.subarray(0, at));
  changed.set(added, at);
  changed.set(input.subarray(at + removed), at + added.length);
  return changed;
}

function pieceOf(input: Uint8Array, random: Random): Uint8Array {
  const start = random.below(input.length + 1);
  return input.subarray(start, start + random.below(LONGEST_PIECE));
}
