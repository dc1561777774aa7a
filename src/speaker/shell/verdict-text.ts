import type { Verdict } from '../protocol/layer2/peer.ts';

/** What a verdict of one link about a node means to people; `elsewhere` if another link hears the node. */
export function meaningOf(verdict: Verdict, node: string, elsewhere: boolean): string {
  return MEANING[verdict](node, elsewhere);
}

const MEANING: Readonly<Record<Verdict, (node: string, elsewhere: boolean) => string>> = {
  alive: (node) => `the speaker of node "${node}" is heard again`,
  cut: (node) => `node "${node}" is heard by others and not by this one: nothing changes; look at the switch between the two`,
  away: (node) => `the speaker of node "${node}" is silent while its kernel answers: it keeps its addresses for a time of grace`,
  dead: (node, elsewhere) => `node "${node}" does not answer any more and nobody hears it: ${outcomeOf(elsewhere)}`,
  departed: (node, elsewhere) => `the speaker of node "${node}" did not come back in time: ${outcomeOf(elsewhere)}`,
};

function outcomeOf(elsewhere: boolean): string {
  return elsewhere ? 'it is heard on another interface, and keeps what it announces there' : 'its addresses go to others';
}
