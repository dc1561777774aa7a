import { type Cluster, EVENTS, type Listing, NODES, SERVICES } from './cluster.ts';
import { problemLines, problemsOf } from './problem.ts';
import type { Paint, Report } from './report.ts';
import { type InstallationView, type PoolLine, type Status, statusOf } from './status.ts';
import { type Cell, section, table } from './table.ts';

/** What is asked for: all of it at once. */
function looks(cluster: Cluster): Readonly<Record<Exclude<keyof InstallationView, 'namespace'>, Promise<Listing>>> {
  const aboutPeers = { ...EVENTS, namespace: cluster.namespace, fieldSelector: 'involvedObject.kind=BGPPeer' };
  return {
    pools: cluster.kind('pools'),
    l2Advertisements: cluster.kind('l2Advertisements'),
    bgpAdvertisements: cluster.kind('bgpAdvertisements'),
    peers: cluster.kind('peers'),
    bfdProfiles: cluster.kind('bfdProfiles'),
    communities: cluster.kind('communities'),
    l2Statuses: cluster.kind('l2Statuses'),
    bgpStatuses: cluster.kind('bgpStatuses'),
    states: cluster.kind('states'),
    nodes: cluster.list(NODES),
    services: cluster.list(SERVICES),
    events: cluster.list(aboutPeers),
  };
}

/** Sums up the installation from what the API server has. */
export async function statusReport(cluster: Cluster): Promise<Report> {
  const seen = await Promise.all(Object.entries(looks(cluster)).map(async ([name, listing]) => [name, await listing] as const));
  const view = Object.fromEntries(seen.map(([name, { items }]) => [name, items])) as unknown as Omit<InstallationView, 'namespace'>;
  const status = statusOf({ ...view, namespace: cluster.namespace });
  return reportOf({ ...status, problems: [...problemsOf(seen.map(([, { fault }]) => fault)), ...status.problems] });
}

/** How a status is told. */
export function reportOf(status: Status): Report {
  return {
    exitCode: status.problems.length === 0 ? 0 : 1,
    json: status,
    complaints: [],
    text: (paint) =>
      [
        section('POOLS', pools(status, paint), paint),
        section('NODES', nodes(status, paint), paint),
        section('PEERS', peers(status, paint), paint),
        `${status.services.addressed} Services have addresses, ${status.services.pending.length} wait for one.\n`,
        status.problems.length === 0 ? '' : '\n',
        problemLines(status.problems, paint),
      ].join(''),
  };
}

function pools(status: Status, paint: Paint): string {
  const rows = status.pools.map(({ name, assigned, available, ready }) => [name, shown(assigned), shown(available), word(ready)]);
  return table(['NAME', 'IN USE', 'FREE', 'READY'], rows, paint);
}

function nodes(status: Status, paint: Paint): string {
  const rows = status.nodes.map(({ name, speaker, layer2, bgp, note }) => {
    const said: Cell = { tone: speaker === 'Valid' ? 'good' : speaker === 'Invalid' ? 'bad' : 'doubtful', text: speaker };
    return [name, said, String(layer2), String(bgp), { tone: 'doubtful', text: note } as const];
  });
  return table(['NAME', 'CONFIGURATION', 'LAYER 2', 'BGP', 'NOTE'], rows, paint);
}

function peers(status: Status, paint: Paint): string {
  const rows = status.peers.map(({ name, address, asn, nodes: of, announcing, sessions, ready }) => {
    const { up, down } = sessions ?? { up: [], down: [] };
    const tone = sessions === undefined ? 'plain' : down.length === 0 ? 'good' : 'bad';
    const said: Cell = { tone, text: sessions === undefined ? '?' : `${up.length} up, ${down.length} down` };
    return [name, address, asn, said, `${announcing}/${of}`, word(ready)];
  });
  return table(['NAME', 'ADDRESS', 'AS', 'SESSIONS', 'NODES ANNOUNCING', 'READY'], rows, paint);
}

function shown(count: number | undefined): string {
  return count === undefined ? '?' : String(count);
}

function word(ready: PoolLine['ready']): Cell {
  return { tone: ready === 'yes' ? 'good' : ready === 'no' ? 'bad' : 'doubtful', text: ready };
}
