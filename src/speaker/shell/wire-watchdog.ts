import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import type { Report } from '../../model/plan.ts';
import type { WireThread } from './wire-thread.ts';

/** What the watchdog looks after. */
export interface WatchdogPorts {
  readonly thread: Pick<WireThread, 'ping' | 'restart'>;
  readonly clock: Clock;
  readonly onReport: (report: Report) => void;
}

const INTERVAL: Micros = milliseconds(1_000);
/** A thread that works answers in microseconds, also under a flood. */
const PATIENCE: Micros = milliseconds(1_000);
/** One silence may be a machine that slept; a thread that starts needs less than this many. */
const SILENCES = 5;

/**
 * Ends a wire thread that stopped answering, so that a fresh one takes its place: one that spins for ever would be
 * alive to everybody but the network. Runs until `signal` is aborted; rejects never.
 */
export async function watchWire({ thread, clock, onReport }: WatchdogPorts, signal: AbortSignal): Promise<void> {
  let silences = 0;
  while (!signal.aborted) {
    await pause(clock, INTERVAL, signal);
    silences = (await thread.ping(PATIENCE, signal)) === 'silent' ? silences + 1 : 0;
    if (silences < SILENCES || signal.aborted) continue;
    const message = 'the wire thread does not answer and is ended, so that a fresh one takes its place';
    onReport({ kind: 'log', level: 'error', message, fields: { op: 'wireThread', silences } });
    thread.restart();
    silences = 0;
  }
}
