import type { Json, JsonObject } from '../json/json-value.ts';

/** Brackets around the AS numbers of a segment, as router consoles print them. */
const SEGMENT_BRACKETS: Readonly<Record<string, readonly [string, string]>> = {
  sequence: ['', ''],
  set: ['{', '}'],
  'confed-sequence': ['(', ')'],
  'confed-set': ['[', ']'],
};

/** The flags of attributes in a word or two; what the name says anyway, the length's form, is left out. */
const FLAG_NAMES = ['optional', 'transitive', 'partial'] as const;

/**
 * A message for people: its type, then a line for each thing that it says, attributes and capabilities each on one of their
 * own, and last a line for each fault. The words are those of the JSON form.
 */
export function prettyText(message: JsonObject): string {
  const { type, faults, ...members } = message;
  const head = typeof type === 'string' ? type.toUpperCase() : 'UNREADABLE';
  const lines = Object.entries(members).flatMap(([name, value]) => memberLines(name, value));
  return [head, ...lines.map((line) => `  ${line}`), ...asList(faults).map((fault) => `  fault: ${faultText(fault)}`)].join('\n');
}

function memberLines(name: string, value: Json | undefined): readonly string[] {
  if (name === 'attributes') return asList(value).map(attributeLine);
  if (name === 'capabilities') return asList(value).map((capability) => `capability ${namedText(capability)}`);
  return isEmpty(value) ? [] : [`${name}: ${inlineText(value)}`];
}

function attributeLine(json: Json): string {
  const { code, name, flags, value } = asObject(json);
  const set = FLAG_NAMES.filter((flag) => asObject(flags)[flag] === true);
  const title = name === 'unknown' ? `attribute ${inlineText(code)}` : inlineText(name);
  const said = value === true ? '' : `: ${inlineText(value)}`;
  return `${title} (${set.join(' ')})${said}`;
}

/** Something with a code and a name, and the rest of it behind. */
function namedText(json: Json): string {
  const { code, name, ...members } = asObject(json);
  const title = name === 'unknown' ? inlineText(code) : inlineText(name);
  const said = inlineText(members);
  return said === '' ? title : `${title}: ${said}`;
}

function faultText(json: Json): string {
  const { treatment, attribute, offset, reason } = asObject(json);
  const where = attribute === undefined ? '' : `attribute ${inlineText(attribute)} `;
  return `${inlineText(treatment)}: ${where}at octet ${inlineText(offset)}: ${inlineText(reason)}`;
}

function inlineText(value: Json | undefined): string {
  if (Array.isArray(value)) return listText(value);
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  return objectText(asObject(value));
}

function listText(list: readonly Json[]): string {
  const segments = list.some((item) => 'asns' in asObject(item));
  return list.map(inlineText).join(segments ? ' ' : ', ');
}

function objectText(object: JsonObject): string {
  if ('asns' in object) return segmentText(object);
  if ('kind' in object) return communityText(object);
  const { prefix, pathId } = object;
  if (prefix !== undefined) return pathId === undefined ? inlineText(prefix) : `${inlineText(prefix)} path ${inlineText(pathId)}`;
  const members = Object.entries(object).filter(([, member]) => !isEmpty(member));
  return members
    .map(([name, member]) => `${name} ${typeof member === 'object' ? `(${inlineText(member)})` : inlineText(member)}`)
    .join(' ');
}

/** An extended community whose octets have a meaning: that. */
function communityText({ kind, name, transitive, asn, address, localAdministrator, bytesPerSecond }: JsonObject): string {
  const owner = inlineText(address ?? asn);
  const limits = transitive === true ? '' : ' not transitive';
  if (bytesPerSecond !== undefined) return `${inlineText(kind)} ${owner} ${inlineText(bytesPerSecond)} bytes per second${limits}`;
  return `${inlineText(name ?? kind)} ${owner}:${inlineText(localAdministrator)}${limits}`;
}

function segmentText({ type, asns }: JsonObject): string {
  const [open, close] = SEGMENT_BRACKETS[inlineText(type)] ?? ['', ''];
  return `${open}${asList(asns).join(' ')}${close}`;
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
