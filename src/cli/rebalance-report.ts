import { type Clock, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import { PREFERRED_NODE_ANNOTATION } from '../model/service.ts';
import { type Balance, balanceOf, type Move } from './balance.ts';
import { type Cluster, NODES, SERVICES, SLICES } from './cluster.ts';
import { ownersOf, placementsOf } from './placements.ts';
import { CommandError, type Paint, type Report } from './report.ts';
import { section, table } from './table.ts';

/** What carrying it out needs beside the cluster. */
export interface Leave {
  readonly clock: Clock;
  /** Aborted when nobody waits any more: what was asked for is taken back all the same. */
  readonly interrupted: AbortSignal;
}

/** What was found out, and what became of it. */
export interface Rebalance extends Balance {
  /** Whether it was to be carried out. */
  readonly applied: boolean;
  /** Of the moves, the Services that did not go in time. */
  readonly stayed: readonly string[];
}

/** An owner has to be the wrong one for ten seconds, and statuses follow within some seconds. */
const PATIENCE = milliseconds(60_000);
const LOOK_EVERY = milliseconds(1_000);
/** So many writes are under way at one time. */
const AT_ONCE = 10;

/**
 * Says which Services would go to which node for an even spread over the segment; with `leave` has them go: each asks for its node by annotation until it is there, or for a minute.
 * Throws a `CommandError` when something that it needs cannot be read or written.
 */
export async function rebalanceReport(cluster: Cluster, leave: Leave | undefined): Promise<Report> {
  const balance = balanceOf(placementsOf(await viewOf(cluster)));
  const stayed = leave === undefined ? [] : await carryOut(cluster, balance.moves, leave);
  return reportOf({ ...balance, applied: leave !== undefined, stayed });
}

async function viewOf(cluster: Cluster): Promise<Parameters<typeof placementsOf>[0]> {
  const looks = [
    cluster.list(SERVICES),
    cluster.kind('pools'),
    cluster.kind('l2Advertisements'),
    cluster.kind('l2Statuses'),
    cluster.list(SLICES),
    cluster.list(NODES),
    cluster.kind('states'),
  ] as const;
  const listings = await Promise.all(looks);
  // To move things by half of what there is to know would make it worse.
  const fault = listings.find((listing) => listing.fault !== undefined)?.fault;
  if (fault !== undefined) throw new CommandError(fault);
  const [services, pools, l2Advertisements, l2Statuses, slices, nodes, states] = listings.map(({ items }) => items);
  return {
    ...{ services: services ?? [], pools: pools ?? [], l2Advertisements: l2Advertisements ?? [], l2Statuses: l2Statuses ?? [] },
    ...{ slices: slices ?? [], nodes: nodes ?? [], states: states ?? [] },
  };
}

/** Gives the Services that have not moved. What was asked for is taken back however it ends: whoever has an address keeps it. */
async function carryOut(cluster: Cluster, moves: readonly Move[], leave: Leave): Promise<readonly string[]> {
  const [moved] = await Promise.allSettled([haveMove(cluster, moves, leave)]);
  const kept = await annotateAll(cluster, moves, () => null);
  if (kept[0] !== undefined) {
    const names = kept.map(({ service }) => service).join(', ');
    const sentence = `the annotation ${PREFERRED_NODE_ANNOTATION} could not be taken away from ${names}: ${kept[0].fault}`;
    throw new CommandError(`${sentence}; take it away when that is mended, or these Services stay on their nodes`);
  }
  if (moved.status === 'rejected') throw moved.reason;
  return moved.value;
}

async function haveMove(cluster: Cluster, moves: readonly Move[], { clock, interrupted }: Leave): Promise<readonly string[]> {
  const [refused] = await annotateAll(cluster, moves, ({ to }) => to);
  if (refused !== undefined) throw new CommandError(refused.fault);
  const until = clock.now() + PATIENCE;
  let left = moves;
  while (left.length > 0 && clock.now() < until && !interrupted.aborted) {
    await pause(clock, LOOK_EVERY, interrupted);
    const { items, fault } = await cluster.kind('l2Statuses');
    if (fault !== undefined) throw new CommandError(fault);
    const owners = ownersOf(items);
    left = left.filter(({ service, to }) => owners.get(service) !== to);
  }
  return left.map(({ service }) => service);
}

/** A Service whose annotation could not be written, and why. */
interface Refused {
  readonly service: string;
  readonly fault: string;
}

/** Goes on with the others where one is refused; gives those that were. */
async function annotateAll(cluster: Cluster, moves: readonly Move[], value: (move: Move) => string | null): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  for (let from = 0; from < moves.length; from += AT_ONCE) {
    const some = moves.slice(from, from + AT_ONCE).map(async (move) => {
      const [namespace = '', name = ''] = move.service.split('/');
      const writing = cluster.annotate(SERVICES, { namespace, name }, { [PREFERRED_NODE_ANNOTATION]: value(move) });
      const fault = await writing.catch((thrown: unknown) => describeError(thrown));
      if (fault !== undefined) refused.push({ service: move.service, fault });
    });
    await Promise.all(some);
  }
  return refused;
}

/** How it is told. */
export function reportOf(rebalance: Rebalance): Report {
  const { applied, moves, stayed } = rebalance;
  return {
    exitCode: (applied ? stayed : moves).length === 0 ? 0 : 1,
    json: rebalance,
    complaints: stayed.map((service) => `${service} has not moved: see kubectl typemetal explain ${service}`),
    text: (paint) =>
      [section('NODES', loads(rebalance, paint), paint), section('MOVES', listed(rebalance, paint), paint), summary(rebalance)].join(''),
  };
}

function loads({ loads: all, bound }: Rebalance, paint: Paint): string {
  const rows = all.map(({ node, before, after }) => [
    node,
    { tone: before > bound ? 'doubtful' : 'plain', text: String(before) } as const,
    { tone: after > bound ? 'doubtful' : 'plain', text: String(after) } as const,
  ]);
  return table(['NAME', 'LAYER 2', 'AFTER'], rows, paint);
}

function listed({ moves, stayed }: Rebalance, paint: Paint): string {
  const rows = moves.map(({ service, from, to }) => [
    service,
    from,
    to,
    { tone: 'bad', text: stayed.includes(service) ? 'has not moved' : '' } as const,
  ]);
  return table(['SERVICE', 'FROM', 'TO', 'NOTE'], rows, paint);
}

function summary({ applied, moves, stayed, bound, loads: all }: Rebalance): string {
  const over = all.filter(({ after }) => after > bound).map(({ node }) => node);
  const rest = over.length === 0 ? '' : ` ${over.join(', ')} would still have more: its Services may go nowhere else.`;
  if (moves.length === 0) return `No Service is to move: a node may have ${bound}.${rest}\n`;
  if (applied) return `${moves.length - stayed.length} of ${moves.length} Services have moved.${rest}\n`;
  return `${moves.length} Services would move, so that no node has more than ${bound}: say --apply.${rest}\n`;
}
