// How long a new Service waits for its address when the controller that leads ends: stopped cleanly, and killed, with few and with
// many Services to take over; and what that costs. The other controller has its caches and waits for the lease.
import { parseArgs } from 'node:util';
import { processorSeconds, residentMebibytes } from '../hack/lab/process-cost.ts';
import { Replicas } from '../test/lab/support/replicas.ts';
import { distributionOf, print } from './samples.ts';
import { ServiceLoad } from './service-load.ts';

const { values } = parseArgs({
  options: { counts: { type: 'string', default: '0,5000,10000' }, rounds: { type: 'string', default: '10' } },
});
const ROUNDS = Number(values.rounds);
/** A kill costs the lease: few rounds with the default of 15 s, all with the shorter one. */
const KILLS_WITH_DEFAULT = Math.ceil(ROUNDS / 3);
const SHORT = ['--leader-elect-lease-duration=3s', '--leader-elect-renew-deadline=2s', '--leader-elect-retry-period=500ms'];

for (const count of values.counts.split(',')) {
  await using replicas = await Replicas.open();
  await replicas.cluster.createPool('bench', ['10.64.0.0/16']);
  await replicas.start();
  const load = new ServiceLoad(replicas.lab.control.api, Number(count));
  await load.prepare();
  await load.create('web', {});
  await replicas.settled(load.count);
  await measure(replicas, { how: 'stopped', leaseSeconds: 15, rounds: ROUNDS, services: load.count });
  await measure(replicas, { how: 'killed', leaseSeconds: 15, rounds: KILLS_WITH_DEFAULT, services: load.count });
  await replicas.stop();
  await replicas.start(SHORT);
  await measure(replicas, { how: 'killed', leaseSeconds: 3, rounds: ROUNDS, services: load.count });
}

/** One end of a leader. */
interface Ending {
  readonly how: 'stopped' | 'killed';
  readonly leaseSeconds: number;
  readonly rounds: number;
  readonly services: number;
}

/** Each round a Service is created right when the leader ends; the figure is until its address is written. */
async function measure(replicas: Replicas, ending: Ending): Promise<void> {
  const samples: number[] = [];
  let cpuSeconds = 0;
  let mebibytes = 0;
  for (let round = 0; round < ending.rounds; round++) {
    const { leader, follower } = await replicas.leader();
    const before = await processorSeconds(follower);
    const name = `late-${ending.how}-${ending.leaseSeconds}-${round}`;
    const began = Date.now();
    const ended = ending.how === 'stopped' ? leader.program.stop() : leader.program.kill();
    await replicas.cluster.createService(name);
    await ended;
    samples.push((await replicas.addressedAt(name)) - began);
    cpuSeconds += (await processorSeconds(follower)) - before;
    mebibytes = Math.max(mebibytes, await residentMebibytes(follower));
    leader.start();
    await leader.ready();
  }
  const { how, leaseSeconds, services, rounds } = ending;
  print('leader', {
    how,
    leaseSeconds,
    services,
    endToNextAddressMs: distributionOf(samples),
    cpuSecondsPerTakeover: cpuSeconds / rounds,
    mebibytes,
  });
}
