// How long finding, giving and taking an address takes in large pools that are much in use, and the CPU time of a start
// over many Services. References in the same run: a scan from the first address of the pool on, and an insert into a Set.

import { type IpAddress, parseAddress } from '../src/lib/ip.ts';
import { type Claim, claimOf } from '../src/model/allocation/claim.ts';
import { AllocationTable } from '../src/model/allocation/table.ts';
import { parsePools } from '../src/model/pool-set.ts';
import { adoptServices } from '../src/operators/services/adopt.ts';
import { planService } from '../src/operators/services/plan.ts';
import { readService } from '../src/operators/services/projection.ts';
import { facts, pool } from '../test/support/objects.ts';
import { distributionOf, print } from './samples.ts';

const IN_USE = 100_000;
const SAMPLES = 10_000;
/** A scan takes milliseconds. */
const SCANS = 100;
const SERVICES = 10_000;
const ANYBODY = { namespace: 'default', namespaceLabels: {}, labels: {} };
/** Ranges of 16 addresses with gaps as large between them. */
const RANGES = Array.from({ length: 8_000 }, (_, index) => {
  const block = `172.${16 + (index >> 11)}.${(index >> 3) & 0xff}`;
  return `${block}.${(index & 7) * 32}-${block}.${(index & 7) * 32 + 15}`;
});

measurePool('10.0.0.0/8', ['10.0.0.0/8'], {});
measurePool('10.0.0.0/8, avoidBuggyIPs', ['10.0.0.0/8'], { avoidBuggyIPs: true });
measurePool('2001:db8::/64', ['2001:db8::/64'], {});
measurePool('8000 ranges, avoidBuggyIPs', RANGES, { avoidBuggyIPs: true });
measureReference();
measureSharing();
measureStart();

function plain(name: string): Claim {
  return { service: `default/${name}`, uid: name, ports: ['TCP/80'], sharing: '' };
}

function microsecondsOf(act: () => void): number {
  const begin = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - begin) / 1_000;
}

function take(table: AllocationTable, claim: Claim): IpAddress {
  const address = table.firstFor(claim, 'p', 'IPv4') ?? table.firstFor(claim, 'p', 'IPv6');
  if (address === undefined || !table.assign(claim, [address], ANYBODY).ok) throw new Error('the pool is too small for this benchmark');
  return address;
}

function measurePool(title: string, addresses: readonly string[], spec: { readonly avoidBuggyIPs?: boolean }): void {
  const table = new AllocationTable();
  table.setPools(parsePools([pool('p', addresses, spec)]));
  const before = process.memoryUsage().heapUsed;
  // The ranges have fewer usable addresses than the rest.
  const inUse = Math.min(IN_USE, Number(table.counters('p', 'IPv4')?.capacity) + Number(table.counters('p', 'IPv6')?.capacity) - SAMPLES);
  for (let number = 0; number < inUse; number++) take(table, plain(String(number)));
  const bytesPerAddress = Math.round((process.memoryUsage().heapUsed - before) / inUse);
  const [find, assign, release]: [number[], number[], number[]] = [[], [], []];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const claim = plain(`sample-${sample}`);
    const family = table.counters('p', 'IPv4')?.capacity === 0n ? 'IPv6' : 'IPv4';
    find.push(microsecondsOf(() => void table.firstFor(claim, 'p', family)));
    const found = table.firstFor(claim, 'p', family);
    if (found === undefined) throw new Error('the pool is full');
    assign.push(microsecondsOf(() => void table.assign(claim, [found], ANYBODY)));
    const victim = `default/${(sample * 7_919) % inUse}`;
    release.push(microsecondsOf(() => void table.release(victim)));
  }
  const microseconds = { find: distributionOf(find), assign: distributionOf(assign), release: distributionOf(release) };
  print('allocation', { pool: title, inUse, bytesPerAddress, microseconds });
}

function measureReference(): void {
  const used = new Set<bigint>();
  const first = parseAddress('10.0.0.0')?.value ?? 0n;
  for (let offset = 0; offset < IN_USE; offset++) used.add(first + BigInt(offset));
  const scans = Array.from({ length: SCANS }, () =>
    microsecondsOf(() => {
      let next = first;
      while (used.has(next)) next++;
    }),
  );
  const inserts = Array.from({ length: SAMPLES }, (_, sample) => microsecondsOf(() => void used.add(first + BigInt(IN_USE + sample))));
  print('allocation-reference', { inUse: IN_USE, microseconds: { scan: distributionOf(scans), insert: distributionOf(inserts) } });
}

/** Many Services of one sharing key: all of one port, and each of its own. */
function measureSharing(): void {
  for (const [ports, portOf] of [
    ['one', () => 80],
    ['each its own', (number: number) => 1 + number],
  ] as const) {
    const table = new AllocationTable();
    table.setPools(parsePools([pool('p', ['10.0.0.0/16'])]));
    const samples = Array.from({ length: SERVICES }, (_, number) => {
      const annotations = { 'metallb.io/allow-shared-ip': 'k' };
      const claim = claimOf(facts({ name: String(number), annotations, spec: { ports: [{ port: portOf(number) }] } }));
      return microsecondsOf(() => void take(table, claim));
    });
    const halves = { firstHalf: distributionOf(samples.slice(0, SERVICES / 2)), secondHalf: distributionOf(samples.slice(SERVICES / 2)) };
    print('allocation-sharing', { services: SERVICES, ports, microseconds: halves });
  }
}

/** What a controller does between a complete list and the first free address: it adopts, and looks at each Service once. */
function measureStart(): void {
  const objects = Array.from({ length: SERVICES }, (_, number) => {
    const ip = `10.64.${number >> 8}.${number & 0xff}`;
    const message = `Has ${ip} of IPAddressPool "p".`;
    const condition = { type: 'metallb.io/AddressAllocated', status: 'True', reason: 'Allocated', message, lastTransitionTime: '' };
    return readService({
      metadata: {
        namespace: 'default',
        name: `web-${number}`,
        uid: `uid-${number}`,
        annotations: { 'metallb.io/ip-allocated-from-pool': 'p' },
        creationTimestamp: `2026-01-01T00:00:${String(number % 60).padStart(2, '0')}Z`,
      },
      spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] }, conditions: [condition] },
    });
  });
  const before = process.cpuUsage();
  const table = new AllocationTable();
  table.setPools(parsePools([pool('p', ['10.64.0.0/16'])]));
  const order = adoptServices(table, objects, undefined);
  const adopted = process.cpuUsage(before);
  const known = { namespaceLabels: {}, ownClass: undefined, lastLack: undefined, lastCondition: undefined, now: '2026-01-01T00:00:00Z' };
  const plans = order.map((each) => planService(table, { key: each.key, facts: each, ...known }));
  const planned = process.cpuUsage(before);
  const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;
  const writes = plans.filter(({ write }) => write !== undefined).length;
  print('allocation-start', { services: SERVICES, adoptCpuMs: milliseconds(adopted), adoptAndPlanCpuMs: milliseconds(planned), writes });
}
