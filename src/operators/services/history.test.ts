import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dualStack, IPV6_ONLY, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { type Fate, SmallCluster } from '../../../test/support/small-cluster.ts';
import type { IPAddressPoolSpec } from '../../crds/ip-address-pool.ts';
import { type Family, formatAddress, lastAddress, parseAddress } from '../../lib/ip.ts';
import { serviceFamilies } from '../../model/ip-families.ts';
import { leavesOut, type Pool, poolAccepts, poolPrefixes } from '../../model/pool.ts';
import { requestedAddresses } from '../../model/requested-addresses.ts';
import { annotationOf, POOL_ANNOTATION, type ServiceFacts } from '../../model/service.ts';

/** Whether two Services may have one address, told from what users wrote. */
function mayShare(left: ServiceFacts, right: ServiceFacts): boolean {
  const key = annotationOf(left, 'allow-shared-ip');
  if (key === '' || key !== annotationOf(right, 'allow-shared-ip') || left.ports.some((port) => right.ports.includes(port))) return false;
  if (left.externalTrafficPolicy !== right.externalTrafficPolicy) return false;
  return left.externalTrafficPolicy === 'Cluster' || JSON.stringify(left.selector) === JSON.stringify(right.selector);
}

const textsOf = ({ ingress }: ServiceFacts): string[] => ingress.map(({ ip }) => ip);

/** Pairs of Services whose statuses name one address that they may not share. */
function doubled(cluster: SmallCluster): string[] {
  const services = [...cluster.services.values()];
  return services.flatMap((left, index) =>
    services
      .slice(index + 1)
      .filter((right) => !mayShare(left, right) && textsOf(left).some((text) => textsOf(right).includes(text)))
      .map((right) => `${left.key} and ${right.key}: ${textsOf(left).join(' ')}`),
  );
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const name = fc.constantFrom(...NAMES);
const namespaceOf = (service: string): string => (service < 'd' ? 'one' : 'two');
const keyOf = (service: string): string => `${namespaceOf(service)}/${service}`;

const labelsOf = (cluster: SmallCluster, { namespace, labels }: ServiceFacts): Parameters<typeof poolAccepts>[1] => ({
  namespace,
  namespaceLabels: cluster.namespaces.get(namespace) ?? {},
  labels,
});

/** All addresses of a family in a pool that the Service could have now, found the slow way. */
function* couldHave(cluster: SmallCluster, service: ServiceFacts, from: Pool, family: Family): Generator<string> {
  for (const prefix of poolPrefixes(from).filter(({ address }) => address.family === family)) {
    for (let value = prefix.address.value; value <= lastAddress(prefix).value; value++) {
      const text = formatAddress({ family, value });
      const holders = [...cluster.services.values()].filter((other) => other.key !== service.key && textsOf(other).includes(text));
      if (!leavesOut(from, { family, value }) && holders.every((holder) => mayShare(service, holder))) yield text;
    }
  }
}

/** Whether the pools that the Service may use have what it wants, found the slow way. */
function couldBeServed(cluster: SmallCluster, service: ServiceFacts): boolean {
  const families = serviceFamilies(service);
  const requested = requestedAddresses(service);
  if (!families.ok || !requested.ok) return false;
  const wanted = annotationOf(service, 'address-pool');
  const asked = requested.value?.addresses.map(formatAddress);
  const has = (from: Pool, family: Family): boolean => {
    const candidates = [...couldHave(cluster, service, from, family)];
    return asked === undefined ? candidates.length > 0 : candidates.some((text) => asked.includes(text));
  };
  if (requested.value !== undefined && requested.value.families !== families.value) return false;
  const mayAsk = (from: Pool): boolean => (wanted === '' ? asked !== undefined || from.autoAssign : wanted === from.name);
  const usable = [...cluster.table.pools.pools.values()].filter((from) => mayAsk(from) && poolAccepts(from, labelsOf(cluster, service)));
  return usable.some((from) => {
    if (families.value !== 'dual') return has(from, families.value);
    const [v4, v6] = [has(from, 'IPv4'), has(from, 'IPv6')];
    return service.ipFamilyPolicy === 'PreferDualStack' && asked === undefined ? v4 || v6 : v4 && v6;
  });
}

/** What is wrong with what a Service has, once everything has settled. */
function faultsOf(cluster: SmallCluster, service: ServiceFacts): string[] {
  const faults: string[] = [];
  const addresses = textsOf(service).map((text) => parseAddress(text));
  const owners = new Set(addresses.map((address) => address && cluster.table.pools.ownerOf(address)));
  const [owner] = owners;
  const say = (wrong: boolean, what: string): void => void (wrong && faults.push(`${service.key} ${textsOf(service).join(' ')}: ${what}`));
  if (service.type !== 'LoadBalancer') {
    say(addresses.length > 0 || service.annotations[POOL_ANNOTATION] !== undefined, 'is no load balancer');
    return faults;
  }
  say(addresses.length === 0 && couldBeServed(cluster, service), `could be served: ${cluster.lackOf(service.key)?.cause.message}`);
  say(addresses.length === 0 && cluster.lackOf(service.key) === undefined, 'nothing said');
  if (addresses.length === 0) return faults;
  const held = cluster.table.holdingOf(service.key)?.addresses.map(formatAddress);
  say(JSON.stringify(held) !== JSON.stringify(textsOf(service)), `table says ${held?.join(' ')}`);
  const { pools, refused } = cluster.table.pools;
  const recorded = service.annotations[POOL_ANNOTATION] ?? '';
  // A Service of a pool that is refused is left as it is.
  if (refused.has(recorded) && !pools.has(recorded)) return faults;
  say(owners.size !== 1 || owner === undefined, 'not all of one pool');
  say(owner?.name !== recorded, `annotation ${recorded}`);
  say(owner !== undefined && !poolAccepts(owner, labelsOf(cluster, service)), 'not accepted');
  const wanted = annotationOf(service, 'address-pool');
  say(wanted !== '' && owner?.name !== wanted, `asked for pool ${wanted}`);
  return faults;
}

/** Everything that must hold when all is delivered and every Service had its turn. */
function checkAtRest(cluster: SmallCluster): void {
  cluster.settle();
  expect(doubled(cluster)).toEqual([]);
  expect([...cluster.services.values()].flatMap((service) => faultsOf(cluster, service))).toEqual([]);
  const writes = cluster.writes;
  // The first round may find another reason for the same lack, as others have moved on; after that there is no news.
  for (const key of cluster.services.keys()) cluster.turn(key, 'answered');
  const events = cluster.events.length;
  for (const key of cluster.services.keys()) cluster.turn(key, 'answered');
  expect([cluster.writes, cluster.events.length]).toEqual([writes, events]);
  const owned = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && cluster.table.pools.ownerOf(address) !== undefined;
  };
  const inUse = new Set([...cluster.services.values()].flatMap(textsOf).filter(owned));
  let counted = 0n;
  for (const name of cluster.table.pools.pools.keys()) {
    counted += (cluster.table.counters(name, 'IPv4')?.inUse ?? 0n) + (cluster.table.counters(name, 'IPv6')?.inUse ?? 0n);
  }
  expect(counted).toBe(BigInt(inUse.size));
}

/** One thing that happens, and how it reads in the report of a failure. */
interface Command {
  readonly run: (cluster: SmallCluster) => void;
  readonly [fc.toStringMethod]: () => string;
}

function command(text: string, run: (cluster: SmallCluster) => void): Command {
  return { run, [fc.toStringMethod]: () => text };
}

/** Sharing keys and ports belong to the name here: changing them under way makes users, not the program, double an address. */
function fixedPart(
  service: string,
): Pick<ServiceOptions, 'name' | 'namespace' | 'created'> & { annotations: Record<string, string>; port: number } {
  const sharing = { a: 'k', b: 'k', c: 'k' }[service];
  const annotations: Record<string, string> = sharing === undefined ? {} : { 'metallb.io/allow-shared-ip': sharing };
  return {
    name: service,
    namespace: namespaceOf(service),
    created: `2026-01-0${NAMES.indexOf(service as 'a') + 1}T00:00:00Z`,
    annotations,
    port: service === 'c' ? 80 : service.charCodeAt(0),
  };
}

const families = fc.constantFrom({}, IPV6_ONLY, dualStack('PreferDualStack'), dualStack('RequireDualStack'));
const request = fc.constantFrom('', '', '', '10.0.0.1', '10.0.1.0', '2001:db8::1', '10.0.0.1,2001:db8::1', 'x');
const wantedPool = fc.constantFrom('', '', 'p', 'q', 'r');
const apply = fc
  .record({
    service: name,
    spec: families,
    request,
    wantedPool,
    type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
    tier: fc.constantFrom('x', 'y'),
  })
  .map(({ service, spec, request: ips, wantedPool: from, type, tier }) => {
    const { port, annotations, ...identity } = fixedPart(service);
    const asked = { ...annotations, 'metallb.io/loadBalancerIPs': ips, 'metallb.io/address-pool': from };
    return command(`apply ${service} ${type} ${ips} ${from} ${JSON.stringify(spec)}`, (cluster) =>
      cluster.apply({ ...identity, labels: { tier }, annotations: asked, spec: { ...spec, type, ports: [{ port }] } }),
    );
  });

const poolSpecs = fc.constantFrom<{ readonly addresses: string[]; readonly spec: Partial<IPAddressPoolSpec> }>(
  { addresses: ['10.0.0.0/30'], spec: {} },
  { addresses: ['10.0.0.0/31', '2001:db8::/127'], spec: {} },
  { addresses: ['10.0.1.0/30'], spec: { avoidBuggyIPs: true } },
  {
    addresses: ['10.0.1.0-10.0.1.2', '2001:db8:1::/126'],
    spec: { serviceAllocation: { priority: 5, namespaceSelectors: [{ matchLabels: { team: 'x' } }] } },
  },
  { addresses: ['2001:db8::/126', '10.0.2.0/32'], spec: { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'x' } }] } } },
  { addresses: ['10.0.0.0/29'], spec: { autoAssign: false } },
);
const POOLS = fc.constantFrom('p', 'q', 'r');
const setPool = fc
  .tuple(POOLS, poolSpecs)
  .map(([title, { addresses, spec }]) =>
    command(`pool ${title} ${addresses.join(' ')}`, (cluster) => cluster.applyPool(title, pool(title, addresses, spec))),
  );
const dropPool = POOLS.map((title) => command(`no pool ${title}`, (cluster) => cluster.applyPool(title, undefined)));

const remove = name.map((service) => command(`remove ${service}`, (cluster) => cluster.remove(keyOf(service))));
const relabel = fc
  .tuple(fc.constantFrom('one', 'two'), fc.constantFrom('x', 'y'))
  .map(([namespace, team]) => command(`relabel ${namespace} ${team}`, (cluster) => cluster.relabel(namespace, { team })));
const deliver = name.map((service) => command(`deliver ${service}`, (cluster) => cluster.deliver(keyOf(service))));
const turn = fc
  .tuple(name, fc.constantFrom<Fate>('answered', 'answered', 'unanswered', 'lost'))
  .map(([service, fate]) => command(`turn ${service} ${fate}`, (cluster) => cluster.turn(keyOf(service), fate)));
const rest = fc.constant(command('rest', checkAtRest));
const restart = fc.constant(
  command('restart', (cluster) => {
    cluster.settle();
    const before = [...cluster.services.values()].map((service) => [service.key, ...textsOf(service)]);
    cluster.restart();
    cluster.settle();
    // Those that had nothing may have got something; nobody who had something lost or changed it.
    for (const [key = '', ...texts] of before) {
      const service = cluster.services.get(key);
      if (texts.length > 0 && service !== undefined) expect([key, ...textsOf(service)]).toEqual([key, ...texts]);
    }
  }),
);
const crash = fc.constant(command('crash', (cluster) => cluster.restart()));

test('over random histories no address is doubled, nobody who could be served waits, and a restart moves nothing', () => {
  const commands = fc.oneof(
    { weight: 4, arbitrary: apply },
    { weight: 2, arbitrary: setPool },
    { weight: 1, arbitrary: dropPool },
    { weight: 1, arbitrary: remove },
    { weight: 1, arbitrary: relabel },
    { weight: 5, arbitrary: deliver },
    { weight: 8, arbitrary: turn },
    { weight: 1, arbitrary: rest },
    { weight: 1, arbitrary: restart },
    { weight: 1, arbitrary: crash },
  );
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 80, size: 'max' }), (drawn) => {
      const cluster = new SmallCluster();
      for (const { run } of drawn) {
        run(cluster);
        expect(doubled(cluster)).toEqual([]);
      }
      checkAtRest(cluster);
    }),
    { numRuns: Number(process.env.HISTORIES ?? 400) },
  );
});
