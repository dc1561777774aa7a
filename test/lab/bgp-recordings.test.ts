import { beforeAll, expect, test } from '@jest/globals';
import { Recorder } from '../../hack/bgp-recorder/recorder.ts';
import type { Recording } from '../../hack/bgp-recorder/recording.ts';
import type { Scenario } from '../../hack/bgp-recorder/scenario.ts';
import { SCENARIOS } from '../../hack/bgp-recorder/scenarios.ts';
import { DISSECTOR, ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import {
  type Context,
  decodedToJson,
  decodeMessage,
  INITIAL_CONTEXT,
  type Json,
  type JsonObject,
  negotiate,
} from '../../packages/bgp-parser/src/bgp-parser.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { messageOf } from './support/dissected-message.ts';
import { dissect } from './support/tshark.ts';

// Everything that FRR, BIRD, GoBGP and ExaBGP are made to say means to the codec what it means to tshark.

/** The scenarios of each router, which it plays one after the other; the four play side by side. */
const LANES = [...Map.groupBy(SCENARIOS, ({ kind }) => kind).values()];
const ROWS = SCENARIOS.map((scenario) => ({ router: scenario.kind.name, name: scenario.name, scenario }));

/** A scenario takes four seconds, for a router is quiet only after a second of silence; a busy machine needs more. */
const RECORDING_MILLISECONDS = 900_000;

const MESSAGE_TYPES = ['open', 'update', 'notification', 'keepalive', 'route-refresh'];
/** All that the codec reads, and what it passes on as it is. */
const ATTRIBUTE_TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 26, 32, 35, 200];

/** Explanations that tshark has other words for, or none. */
const EXPLANATIONS = ['faults', 'codeName', 'subcodeName', 'reason'];
/** The same of an extended community, beside what it is for. */
const MEANINGS = ['kind', 'name', 'transitive'];

await describeLabWith([...ROUTER_PROGRAMS, DISSECTOR], 'what routers say, as tshark reads it', () => {
  const recordings = new Map<Scenario, Recording>();
  beforeAll(async () => {
    await Promise.all(LANES.map((lane) => recordLane(lane, recordings)));
  }, RECORDING_MILLISECONDS);

  test.each(ROWS)('$router, $name: means the same to the codec', async ({ router, name, scenario }) => {
    const recording = recordings.get(scenario);
    if (recording === undefined) throw new Error('it was not recorded');
    const messages = recording.messages.map((hex) => Buffer.from(hex, 'hex'));
    const context = contextOf(recording, messages);
    const layers = await dissect(messages, context);
    expect(layers).toHaveLength(messages.length);
    for (const [index, bytes] of messages.entries()) {
      const ours = plain(decodedToJson(decodeMessage(bytes, index === 0 ? INITIAL_CONTEXT : context)));
      const theirs = withoutGuesses(messageOf(layers[index] ?? {}, bytes), ours, context);
      expect({ where: `${router} ${name} ${index + 1}`, message: ours }).toEqual({
        where: `${router} ${name} ${index + 1}`,
        message: theirs,
      });
    }
  });

  test('all kinds of messages and attributes were there', () => {
    const said = [...recordings.values()].flatMap(({ messages }) => messages.map((hex) => Buffer.from(hex, 'hex')));
    const contexts = [true, false].map((fourOctetAsn) => ({ ...INITIAL_CONTEXT, fourOctetAsn }));
    const found = contexts.flatMap((context) => said.map((bytes) => decodeMessage(bytes, context).message));
    expect(new Set(found.map((message) => message?.type))).toEqual(new Set(MESSAGE_TYPES));
    const codes = found.flatMap((message) => (message?.type === 'update' ? message.attributes.map(({ code }) => code) : []));
    expect([...new Set(codes)].sort((left, right) => left - right)).toEqual(expect.arrayContaining(ATTRIBUTE_TYPES));
  });
});

async function recordLane(lane: readonly Scenario[], recordings: Map<Scenario, Recording>): Promise<void> {
  await using recorder = await Recorder.open();
  for (const scenario of lane) recordings.set(scenario, await recorder.record(scenario));
}

/** Faults depend on who the two ends are, which is not what is compared here: all attributes are wanted. */
function contextOf({ open }: Recording, [first = Buffer.alloc(0)]: readonly Buffer[]): Context {
  const [ours, theirs] = [Buffer.from(open, 'hex'), first].map((bytes) => decodeMessage(bytes, INITIAL_CONTEXT).message);
  if (ours?.type !== 'open') throw new Error('a recording knows the OPEN that was sent');
  // Who refuses our OPEN may do so before it has sent its own: then nothing was agreed on.
  return theirs?.type === 'open' ? { ...negotiate(ours, theirs), internal: undefined } : INITIAL_CONTEXT;
}

/** A message without what only explains it. */
function plain(json: Json): Json {
  if (Array.isArray(json)) return json.map(plain);
  if (typeof json !== 'object' || json === null) return json;
  const left = 'kind' in json ? [...EXPLANATIONS, ...MEANINGS] : EXPLANATIONS;
  const members = Object.entries(json).filter(([name]) => !left.includes(name));
  return Object.fromEntries(members.map(([name, value]) => [name, plain(value)]));
}

/**
 * What tshark says, with the one thing put right in which it is wrong: it does not look at what the OPENs agreed on, but
 * guesses from the octets whether routes have Path Identifiers, and takes a default route and the next for such. Only
 * lists of routes are put right that hold a default route, in families for which nothing was agreed.
 */
function withoutGuesses(theirs: Json, ours: Json, agreed: Context): Json {
  if (agreed.addPathReceived.length > 0 || typeof theirs !== 'object' || theirs === null) return theirs;
  if (typeof ours !== 'object' || ours === null) return theirs;
  if (Array.isArray(theirs)) {
    const counterparts: readonly Json[] = Array.isArray(ours) ? ours : [];
    if (isGuess(theirs) && counterparts.some(isDefaultRoute)) return ours;
    return theirs.map((item: Json, index) => withoutGuesses(item, counterparts[index] ?? null, agreed));
  }
  const counterpart = ours as JsonObject;
  return Object.fromEntries(
    Object.entries(theirs).map(([name, value]) => [name, withoutGuesses(value, counterpart[name] ?? null, agreed)]),
  );
}

function isGuess(routes: readonly Json[]): boolean {
  return routes.some((route) => typeof route === 'object' && route !== null && 'pathId' in route);
}

function isDefaultRoute(route: Json): boolean {
  return typeof route === 'object' && route !== null && 'prefix' in route && String(route.prefix).endsWith('/0');
}
