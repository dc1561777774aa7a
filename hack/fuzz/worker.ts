// Fuzzes one target in a thread of its own, where a loop without an end stops nobody else.
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage.ts';
import { Engine } from './engine.ts';
import type { Job } from './watch.ts';

// Before the codec is compiled, which importing the targets does.
using coverage = new Coverage();
const { TARGETS } = await import('./targets.ts');

const { target: name, limits, current } = workerData as Job;
const target = TARGETS.find((one) => one.name === name);
if (target === undefined) throw new Error(`there is no target ${name}`);
const [number, length] = [new Int32Array(current, 0, 1), new Int32Array(current, 4, 1)];
const octets = new Uint8Array(current, 8);

const engine = new Engine(
  target,
  limits.seed,
  (input) => {
    octets.set(input.subarray(0, octets.length));
    length[0] = Math.min(input.length, octets.length);
    Atomics.add(number, 0, 1);
  },
  coverage,
);
parentPort?.postMessage(engine.run(limits));
