import { expect, test } from '@jest/globals';
import { balanceOf, type Placement } from './balance.ts';

const NODES = ['a', 'b', 'c'];

/** So many Services of a node, which may go to any other one unless told. */
function of(node: string, count: number, candidates: readonly string[] = NODES): readonly Placement[] {
  const others = candidates.filter((one) => one !== node);
  return Array.from({ length: count }, (_, index) => ({ service: `ns/${node}${index}`, node, candidates: others }));
}

function loadsOf(placements: readonly Placement[]): string {
  const { bound, loads } = balanceOf(placements);
  return `${loads.map(({ node, before, after }) => `${node} ${before}→${after}`).join(', ')}, bound ${bound}`;
}

test.each<{ what: string; placements: readonly Placement[]; loads: string; moves: number }>([
  { what: 'all on one node go to the two others in turn', placements: of('a', 9), loads: 'a 9→4, b 0→3, c 0→2, bound 4', moves: 5 },
  {
    what: 'what is within a quarter of its share stays',
    placements: [...of('a', 5), ...of('b', 4), ...of('c', 3)],
    loads: 'a 5→5, b 4→4, c 3→3, bound 5',
    moves: 0,
  },
  {
    what: 'the emptiest of the others comes first',
    placements: [...of('a', 7), ...of('b', 3), ...of('c', 2)],
    loads: 'a 7→5, b 3→4, c 2→3, bound 5',
    moves: 2,
  },
  { what: 'only where it may go', placements: of('a', 6, ['b']), loads: 'a 6→4, b 0→2, bound 4', moves: 2 },
  { what: 'nowhere else', placements: of('a', 6, []), loads: 'a 6→6, bound 8', moves: 0 },
  {
    what: 'those that must stay count too',
    placements: [...of('a', 6, []), ...of('b', 0), ...of('a', 3).map((each) => ({ ...each, service: `${each.service}x` }))],
    loads: 'a 9→6, b 0→2, c 0→1, bound 4',
    moves: 3,
  },
  { what: 'one Service has a share of one', placements: of('a', 1), loads: 'a 1→1, b 0→0, c 0→0, bound 1', moves: 0 },
  { what: 'nothing at all', placements: [], loads: ', bound 0', moves: 0 },
])('$what', ({ placements, loads, moves }) => {
  expect(loadsOf(placements)).toBe(loads);
  const balance = balanceOf(placements);
  expect(balance.moves).toHaveLength(moves);
  expect(balanceOf(placements.toReversed())).toEqual(balance);
});

test('each move is of a Service from its node to one of its candidates', () => {
  const placements = [...of('a', 20), ...of('b', 1, ['a'])];
  const byName = new Map(placements.map((each) => [each.service, each]));
  const { moves } = balanceOf(placements);
  expect(moves.length).toBeGreaterThan(5);
  for (const { service, from, to } of moves) {
    expect(from).toBe(byName.get(service)?.node);
    expect(byName.get(service)?.candidates).toContain(to);
  }
});
