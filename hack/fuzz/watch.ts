import { Worker } from 'node:worker_threads';
import type { FuzzReport, Limits } from './engine.ts';

/** What a thread is to fuzz, and the memory in which it says what it is at: a count, a length, then the input. */
export interface Job {
  readonly target: string;
  readonly limits: Limits;
  readonly current: SharedArrayBuffer;
}

const CURRENT_OCTETS = 8 + 8_192;
/** A millisecond is what an input may take; a machine that is busy with something else may stand still for seconds. */
const STUCK_MILLISECONDS = 30_000;
const LOOK_MILLISECONDS = 1_000;
/** What an endless list would fill; a run of any length fits into a part of it. */
const MOST_HEAP_MEBIBYTES = 512;

/** Fuzzes one target, and gives up on an input that does not come to an end: that is a find too, and so is memory that runs out. */
export async function fuzz(target: string, limits: Limits): Promise<FuzzReport> {
  const current = new SharedArrayBuffer(CURRENT_OCTETS);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { target, limits, current } satisfies Job,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MEBIBYTES },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<FuzzReport>((resolve) => {
      worker.once('message', resolve);
      worker.once('error', (cause: Error) => resolve(lastWords(current, cause.message)));
      timer = watch(current, () => resolve(lastWords(current, `no end within ${STUCK_MILLISECONDS / 1_000} s`)));
    });
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}

function watch(current: SharedArrayBuffer, stuck: () => void): NodeJS.Timeout {
  const number = new Int32Array(current, 0, 1);
  let [last, since] = [-1, performance.now()];
  return setInterval(() => {
    const now = Atomics.load(number, 0);
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > STUCK_MILLISECONDS) stuck();
  }, LOOK_MILLISECONDS);
}

/** The report of a thread that can make none. */
function lastWords(current: SharedArrayBuffer, reason: string): FuzzReport {
  const [runs = 0, length = 0] = new Int32Array(current, 0, 2);
  return { runs, blocks: 0, kept: 0, stepsPerOctet: 0, find: { input: new Uint8Array(current, 8, length).slice(), reason } };
}
