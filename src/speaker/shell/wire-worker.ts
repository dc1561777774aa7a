import { Worker } from 'node:worker_threads';
import { describeError } from '../../lib/errors.ts';
import type { Notice, Order, WireSettings } from './messages.ts';

/** A wire thread that was started. */
export interface WireWorker {
  /** Sends an order; ignored after the thread has ended. */
  post(order: Order): void;
  /** Ends the thread, even one that never comes back to its event loop; `ended` is called in a moment. */
  stop(): void;
}

/** Who hears a wire thread. */
export interface WireWorkerListener {
  noticed(notice: Notice): void;
  /** Called once, last, with the reason. */
  ended(reason: string): void;
}

/** Starts a wire thread. Must not throw: a thread that cannot start has `ended`, in a later turn. */
export type StartWorker = (settings: WireSettings, listener: WireWorkerListener) => WireWorker;

/**
 * What the thread may use, in MiB. 5,000 addresses with their counters take under 10; a leak must end this thread, with
 * a line in the log, before it ends the node's other programs. The young half is small because frames leave hardly any
 * garbage, and a small one is collected in well under a millisecond.
 */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 };

/** The real thread: `main.ts` beside this file (`wire.js` in a bundle) under node:worker_threads. */
export function startWorkerThread(settings: WireSettings, listener: WireWorkerListener): WireWorker {
  const entry = new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './wire.js', import.meta.url);
  try {
    return heard(new Worker(entry, { name: 'wire', workerData: settings, resourceLimits: LIMITS }), listener);
  } catch (thrown) {
    // The machine has no thread to give, or no memory for one; there may be one later.
    setImmediate(() => listener.ended(describeError(thrown)));
    return { post: () => undefined, stop: () => undefined };
  }
}

function heard(worker: Worker, listener: WireWorkerListener): WireWorker {
  let reason = '';
  worker.on('message', (notice: Notice) => listener.noticed(notice));
  worker.on('error', (thrown) => {
    reason = describeError(thrown);
  });
  worker.on('exit', (code) => listener.ended(reason === '' ? `the thread exited with code ${code}` : reason));
  return {
    post: (order) => worker.postMessage(order),
    stop: () => {
      reason = 'it was told to end';
      void worker.terminate();
    },
  };
}
