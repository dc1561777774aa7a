import type { Community as CommunityObject } from '../crds/community.ts';
import { parseAddress } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type Checked, type ObjectSet, parseObjects, type Refusal, refusal } from './object-set.ts';
import { checkSpec, listShape, objectShape, type Shape, TEXT } from './shape.ts';

/** A BGP community: a standard one of 32 bits (RFC 1997), an extended one of 64 (RFC 4360), or a large one of three times 32 (RFC 8092). */
export type CommunityValue =
  | { readonly kind: 'standard'; readonly value: number }
  /** Two octets of type and six behind them, which are one number. */
  | { readonly kind: 'extended'; readonly type: number; readonly subtype: number; readonly value: number }
  | { readonly kind: 'large'; readonly globalAdministrator: number; readonly localData1: number; readonly localData2: number };

/** Why a text is no community: a section of it is wrong, or it has the form of none and so may be a name. */
export interface CommunityFault {
  readonly kind: 'value' | 'format';
  readonly text: string;
}

const DECIMAL = /^[0-9]+$/;

/** Reads `A:B` with 16 bits each, `large:A:B:C` with 32 bits each, or `extended:…`. The error is upstream's text where there is one. */
export function parseCommunity(text: string): Result<CommunityValue, CommunityFault> {
  const sections = text.split(':');
  if (sections.length === 2) {
    const numbers = numbersOf(text, sections, 16);
    return numbers.ok ? ok({ kind: 'standard', value: (numbers.value[0] ?? 0) * 0x1_0000 + (numbers.value[1] ?? 0) }) : numbers;
  }
  if (sections.length !== 4) return err({ kind: 'format', text: `invalid community format: ${text}` });
  if (sections[0] === 'extended') return extendedCommunity(text, sections);
  if (sections[0] !== 'large') {
    const expected = 'expected community to be of format large:<uint32>:<uint32>:<uint32>';
    return badValue(`invalid marker for large community, ${expected} but got ${JSON.stringify(text)} instead`);
  }
  const numbers = numbersOf(text, sections.slice(1), 32);
  if (!numbers.ok) return numbers;
  const [globalAdministrator = 0, localData1 = 0, localData2 = 0] = numbers.value;
  return ok({ kind: 'large', globalAdministrator, localData1, localData2 });
}

/** Low octets of the types that have a word (RFC 4360, Sections 4 and 5). */
const SUBTYPES: ReadonlyMap<string, number> = new Map([
  ['rt', 0x02],
  ['soo', 0x03],
]);

/** High octets, by what the number behind the word is (RFC 4360, Section 3; RFC 5668). */
const OF_TWO_OCTET_AS = 0x00;
const OF_IPV4_ADDRESS = 0x01;
const OF_FOUR_OCTET_AS = 0x02;

/** `extended:rt:ADMINISTRATOR:NUMBER`, or `soo`: an AS number of 16 bits before 32 bits, one of 32 or an IPv4 address before 16. */
function extendedCommunity(
  text: string,
  [, word = '', owner = '', number = '']: readonly string[],
): Result<CommunityValue, CommunityFault> {
  const subtype = SUBTYPES.get(word);
  if (subtype === undefined) {
    return badValue(`invalid section ${JSON.stringify(word)} of community ${JSON.stringify(text)}, err: must be rt or soo`);
  }
  const address = parseAddress(owner);
  const asn = address?.family === 'IPv4' ? ok([Number(address.value)]) : numbersOf(text, [owner], 32);
  if (!asn.ok) return asn;
  const [administrator = 0] = asn.value;
  const type = address !== undefined ? OF_IPV4_ADDRESS : administrator > 0xffff ? OF_FOUR_OCTET_AS : OF_TWO_OCTET_AS;
  const bits = type === OF_TWO_OCTET_AS ? 32 : 16;
  const local = numbersOf(text, [number], bits);
  return local.ok ? ok({ kind: 'extended', type, subtype, value: administrator * 2 ** bits + (local.value[0] ?? 0) }) : local;
}

function numbersOf(community: string, sections: readonly string[], bits: 16 | 32): Result<readonly number[], CommunityFault> {
  for (const section of sections) {
    const fault = !DECIMAL.test(section) ? 'invalid syntax' : Number(section) >= 2 ** bits ? 'value out of range' : undefined;
    if (fault !== undefined) {
      return badValue(`invalid section ${JSON.stringify(section)} of community ${JSON.stringify(community)}, err: ${fault}`);
    }
  }
  return ok(sections.map(Number));
}

function badValue(fault: string): Result<never, CommunityFault> {
  return err({ kind: 'value', text: `invalid community value: ${fault}` });
}

/** The names that one Community object gives to communities. */
export interface CommunityNames extends Checked {
  readonly aliases: ReadonlyMap<string, CommunityValue>;
}

/** The spec of a Community. */
export const COMMUNITY_SPEC: Shape = objectShape({ communities: listShape(objectShape({ name: TEXT, value: TEXT })) });

/** Checks all Community objects: each value must be one, and a name may be given only once over all of them. */
export function parseCommunities(
  objects: readonly CommunityObject[],
  previous: ObjectSet<CommunityNames> | undefined,
): ObjectSet<CommunityNames> {
  const conflict = ({ aliases }: CommunityNames, older: ReadonlyMap<string, CommunityNames>): Refusal | undefined => {
    const taken = [...aliases.keys()].find((name) => [...older.values()].some((names) => names.aliases.has(name)));
    return taken === undefined ? undefined : refusal(duplicate(taken));
  };
  return parseObjects(objects, { parse: namesOf, conflict }, previous);
}

/** What a name stands for, over all Community objects in use. */
export function findAlias({ inUse }: ObjectSet<CommunityNames>, name: string): CommunityValue | undefined {
  for (const { aliases } of inUse.values()) {
    const value = aliases.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function namesOf({ metadata, spec = {} }: CommunityObject): Result<CommunityNames, Refusal> {
  const shaped = checkSpec(spec, COMMUNITY_SPEC);
  if (!shaped.ok) return err(refusal(shaped.error));
  const aliases = new Map<string, CommunityValue>();
  for (const { name = '', value = '' } of spec.communities ?? []) {
    const parsed = parseCommunity(value);
    if (!parsed.ok) return err(refusal(`parsing community ${JSON.stringify(name)}: ${parsed.error.text}`));
    if (aliases.has(name)) return err(refusal(duplicate(name)));
    aliases.set(name, parsed.value);
  }
  return ok({ name: metadata.name, uid: metadata.uid ?? '', aliases });
}

function duplicate(name: string): string {
  return `duplicate definition of community ${JSON.stringify(name)}`;
}
