import type { Family } from './exposition.ts';

/** One metric that users' panels and alerts know by its name. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly help: string;
}

const POOL = ['pool'];
const IP = ['ip'];

/** What both processes say, as MetalLB 0.16 has it. */
export const COMMON_METRICS: readonly MetricRow[] = [
  {
    name: 'metallb_k8s_client_updates_total',
    type: 'counter',
    labels: [],
    help: 'Number of k8s object updates that have been processed.',
  },
  {
    name: 'metallb_k8s_client_update_errors_total',
    type: 'counter',
    labels: [],
    help: 'Number of k8s object updates that failed for some reason.',
  },
  {
    name: 'metallb_k8s_client_config_loaded_bool',
    type: 'gauge',
    labels: [],
    help: '1 if the MetalLB configuration was successfully loaded at least once.',
  },
  {
    name: 'metallb_k8s_client_config_stale_bool',
    type: 'gauge',
    labels: [],
    help: '1 if running on a stale configuration, because the latest config failed to load.',
  },
];

/** What the controller says beside that. */
export const CONTROLLER_METRICS: readonly MetricRow[] = [
  { name: 'metallb_allocator_addresses_total', type: 'gauge', labels: POOL, help: 'Number of usable IP addresses, per pool' },
  { name: 'metallb_allocator_ipv4_addresses_total', type: 'gauge', labels: POOL, help: 'Number of usable IPV4 addresses, per pool' },
  { name: 'metallb_allocator_ipv6_addresses_total', type: 'gauge', labels: POOL, help: 'Number of usable IPV6 addresses, per pool' },
  { name: 'metallb_allocator_addresses_in_use_total', type: 'gauge', labels: POOL, help: 'Number of IP addresses in use, per pool' },
  {
    name: 'metallb_allocator_ipv4_addresses_in_use_total',
    type: 'gauge',
    labels: POOL,
    help: 'Number of IPV4 addresses in use, per pool',
  },
  {
    name: 'metallb_allocator_ipv6_addresses_in_use_total',
    type: 'gauge',
    labels: POOL,
    help: 'Number of IPV6 addresses in use, per pool',
  },
  { name: 'metallb_allocator_services_allocated_total', type: 'gauge', labels: POOL, help: 'Number of services allocated, per pool' },
];

/** What the speaker says beside that, of layer 2. */
export const LAYER2_METRICS: readonly MetricRow[] = [
  {
    name: 'metallb_speaker_announced',
    type: 'gauge',
    labels: ['service', 'protocol', 'node', 'ip'],
    help: 'Services being announced from this node. This is desired state, it does not guarantee that the routing protocols have converged.',
  },
  { name: 'metallb_layer2_requests_received', type: 'counter', labels: IP, help: 'Number of layer2 requests received for owned IPs' },
  {
    name: 'metallb_layer2_responses_sent',
    type: 'counter',
    labels: IP,
    help: 'Number of layer2 responses sent for owned IPs in response to requests',
  },
  {
    name: 'metallb_layer2_gratuitous_sent',
    type: 'counter',
    labels: IP,
    help: 'Number of gratuitous layer2 packets sent for owned IPs as a result of failovers',
  },
];

const SESSION = ['peer', 'vrf'];

/** What all modes of BGP say of a session, without the prefix. */
const OF_SESSIONS: readonly Omit<MetricRow, 'labels'>[] = [
  { name: 'session_up', type: 'gauge', help: 'BGP session state (1 is up, 0 is down)' },
  { name: 'announced_prefixes_total', type: 'gauge', help: 'Number of prefixes currently being advertised on the BGP session' },
  { name: 'updates_total', type: 'counter', help: 'Number of BGP UPDATE messages sent' },
  { name: 'updates_total_received', type: 'counter', help: 'Number of BGP UPDATE messages received' },
  { name: 'opens_sent', type: 'counter', help: 'Number of BGP open messages sent' },
  { name: 'opens_received', type: 'counter', help: 'Number of BGP open messages received' },
  { name: 'notifications_sent', type: 'counter', help: 'Number of BGP notification messages sent' },
  { name: 'keepalives_sent', type: 'counter', help: 'Number of BGP keepalive messages sent' },
  { name: 'keepalives_received', type: 'counter', help: 'Number of BGP keepalive messages received' },
  { name: 'route_refresh_sent', type: 'counter', help: 'Number of BGP route refresh messages sent' },
  { name: 'total_sent', type: 'counter', help: 'Number of total BGP messages sent' },
  { name: 'total_received', type: 'counter', help: 'Number of total BGP messages received' },
];

/** What the speaker says of BGP: the names of MetalLB's own engine, of FRR's exporter beside it, and of frr-k8s. */
export const BGP_METRICS: readonly MetricRow[] = [
  ...OF_SESSIONS.map((row) => ({ ...row, name: `metallb_bgp_${row.name}`, labels: SESSION })),
  {
    name: 'metallb_bgp_pending_prefixes_total',
    type: 'gauge',
    labels: SESSION,
    help: 'Number of prefixes that should be advertised on the BGP session',
  },
  ...OF_SESSIONS.map((row) => ({ ...row, name: `frrk8s_bgp_${row.name}`, labels: SESSION })),
  {
    name: 'frrk8s_bgp_received_prefixes_total',
    type: 'gauge',
    labels: SESSION,
    help: 'Number of prefixes currently being received on the BGP session',
  },
];

/** Rows as an exposition has them; the labels are those of its samples, so each metric needs one. */
export function rowsOf(families: ReadonlyMap<string, Family>, rows: readonly MetricRow[]): readonly (MetricRow | string)[] {
  return rows.map(({ name }) => {
    const family = families.get(name);
    const [series] = family?.samples.keys() ?? [];
    if (family === undefined || series === undefined) return `${name} has no sample`;
    const labels = [...series.matchAll(/[{,]([a-zA-Z_]\w*)="/g)].map(([, label = '']) => label);
    return { name, type: family.type as MetricRow['type'], labels, help: family.help };
  });
}
