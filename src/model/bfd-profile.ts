import type { BFDProfile as BFDProfileObject, BFDProfileSpec } from '../crds/bfd-profile.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type Checked, type ObjectSet, parseObjects, type Refusal, refusal } from './object-set.ts';
import { checkSpec, FLAG, objectShape, type Shape, WHOLE_NUMBER } from './shape.ts';

/** A BFDProfile that was checked, with what holds where it says nothing. */
export interface BfdProfile extends Checked {
  readonly receiveIntervalMilliseconds: number;
  readonly transmitIntervalMilliseconds: number;
  readonly detectMultiplier: number;
  readonly echoIntervalMilliseconds: number;
  readonly echoMode: boolean;
  readonly passiveMode: boolean;
  /** Lowest TTL that a packet of a peer over several hops may come with. */
  readonly minimumTtl: number;
}

type NumberField = 'detectMultiplier' | 'receiveInterval' | 'transmitInterval' | 'minimumTtl' | 'echoInterval';

/** In the order in which they are checked: the range, upstream's words for the field, and what holds when it is absent. */
const NUMBERS: Readonly<
  Record<NumberField, { readonly least: number; readonly most: number; readonly what: string; readonly fallback: number }>
> = {
  detectMultiplier: { least: 2, most: 255, what: 'detect multiplier', fallback: 3 },
  receiveInterval: { least: 10, most: 60_000, what: 'receive interval', fallback: 300 },
  transmitInterval: { least: 10, most: 60_000, what: 'transmit interval', fallback: 300 },
  minimumTtl: { least: 1, most: 254, what: 'minimum ttl', fallback: 254 },
  echoInterval: { least: 10, most: 60_000, what: 'echo interval', fallback: 50 },
};

const FIELDS = Object.keys(NUMBERS) as readonly NumberField[];

/** The spec of a BFDProfile. */
export const BFD_PROFILE_SPEC: Shape = objectShape({
  ...Object.fromEntries(FIELDS.map((field) => [field, WHOLE_NUMBER])),
  echoMode: FLAG,
  passiveMode: FLAG,
});

/** Checks each BFDProfile by itself; a refused one goes on as it last was in `previous`. */
export function parseBfdProfiles(objects: readonly BFDProfileObject[], previous: ObjectSet<BfdProfile> | undefined): ObjectSet<BfdProfile> {
  return parseObjects(objects, { parse: profileOf, conflict: () => undefined }, previous);
}

function profileOf({ metadata, spec = {} }: BFDProfileObject): Result<BfdProfile, Refusal> {
  const shaped = checkSpec(spec, BFD_PROFILE_SPEC);
  const fault = shaped.ok ? rangeFault(spec) : shaped.error;
  if (fault !== undefined) return err(refusal(`parsing bfd profile ${JSON.stringify(metadata.name)}: ${fault}`));
  const numberOf = (field: NumberField): number => spec[field] ?? NUMBERS[field].fallback;
  return ok({
    name: metadata.name,
    uid: metadata.uid ?? '',
    receiveIntervalMilliseconds: numberOf('receiveInterval'),
    transmitIntervalMilliseconds: numberOf('transmitInterval'),
    detectMultiplier: numberOf('detectMultiplier'),
    echoIntervalMilliseconds: numberOf('echoInterval'),
    echoMode: spec.echoMode ?? false,
    passiveMode: spec.passiveMode ?? false,
    minimumTtl: numberOf('minimumTtl'),
  });
}

function rangeFault(spec: BFDProfileSpec): string | undefined {
  for (const field of FIELDS) {
    const value = spec[field];
    const { least, most, what } = NUMBERS[field];
    if (value !== undefined && (value < least || value > most)) {
      return `invalid value ${value}, must be in ${least}-${most} range\ninvalid ${what} value`;
    }
  }
  return undefined;
}
