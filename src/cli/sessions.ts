import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { type Problem, someOf } from './problem.ts';

/** What the nodes said last of their sessions with one peer. */
export interface Sessions {
  /** Nodes that have one. */
  readonly up: readonly string[];
  /** Nodes that have none, and their sentence. */
  readonly down: readonly { readonly node: string; readonly says: string }[];
}

/** The reasons of events about a BGPPeer. */
const UP = 'sessionUp';
const DOWN = 'sessionDown';

/** By peer, from the events about BGPPeers; a node that has said nothing within the hour for which events are kept is not among it. */
export function sessionsOf(events: readonly JsonObject[]): ReadonlyMap<string, Sessions> {
  const words = events.filter(({ reason }) => reason === UP || reason === DOWN);
  const byPeer = Map.groupBy(words, ({ involvedObject }) => textOf(objectOf(involvedObject).name) ?? '');
  return new Map(Array.from(byPeer, ([peer, said]) => [peer, lastWords(said)]));
}

/** That nodes have no session with a peer of `namespace`, in the words of the first; nothing when none is down. */
export function sessionProblems(peer: string, down: Sessions['down'], namespace: string): readonly Problem[] {
  const [first] = down;
  if (first === undefined) return [];
  const others = down.slice(1).map(({ node }) => node);
  const more = others.length === 0 ? '' : ` (nor have ${someOf(others)})`;
  return [
    { text: `BGPPeer ${peer}: ${first.says}${more}`, remedy: `see what else was said: kubectl -n ${namespace} describe bgppeer ${peer}` },
  ];
}

function lastWords(events: readonly JsonObject[]): Sessions {
  const last = new Map([...events].sort(byTime).map((event) => [textOf(objectOf(event.source).host) ?? '', event]));
  const of = (wanted: string): readonly [string, JsonObject][] =>
    [...last].filter(([, { reason }]) => reason === wanted).sort(([left], [right]) => compareTexts(left, right));
  return {
    up: of(UP).map(([node]) => node),
    down: of(DOWN).map(([node, { message }]) => ({ node, says: textOf(message) ?? '' })),
  };
}

/** Events are stamped in seconds; within one, what was stored later was said later. */
function byTime(left: JsonObject, right: JsonObject): number {
  return compareTexts(textOf(left.lastTimestamp) ?? '', textOf(right.lastTimestamp) ?? '') || versionOf(left) - versionOf(right);
}

function versionOf({ metadata }: JsonObject): number {
  return Number(objectOf(metadata).resourceVersion) || 0;
}
