// BGP: from a Service to its route in the router, with few and with many present; what a restart costs; tables of many
// prefixes beside FRR's own; and how a silent peer is noticed on both sides.
import { parseArgs } from 'node:util';
import { BgpCluster } from './bgp-cluster.ts';
import { measureHold, measureTables } from './bgp-tables.ts';

const { values } = parseArgs({
  options: {
    present: { type: 'string', default: '0,1000,5000,10000' },
    tables: { type: 'string', default: '1000,10000' },
    rounds: { type: 'string', default: '30' },
  },
});
const numbers = (text: string): number[] =>
  text
    .split(',')
    .filter((each) => each !== '')
    .map(Number);
const rounds = Number(values.rounds);

for (const count of numbers(values.tables)) for (const family of ['IPv4', 'IPv6'] as const) await measureTables(count, family);
await measureHold();

const present = numbers(values.present);
if (present.length > 0) {
  await using cluster = await BgpCluster.start();
  for (const count of present) {
    await cluster.grow(count);
    await cluster.measureService(rounds);
    if (count === 0) continue;
    await cluster.measurePeerChange(Math.ceil(rounds / 3));
    await cluster.measureTable();
    await cluster.measureRestart('killed', Math.ceil(rounds / 10));
    await cluster.measureRestart('stopped', Math.ceil(rounds / 10));
    await cluster.measureMemory();
  }
}
