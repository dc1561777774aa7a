import type { AddressConflict, AddressCounts, Report, Taking } from '../../model/plan.ts';

/** A report that is a line for the log. */
export type LogLine = Extract<Report, { kind: 'log' }>;

/** Lines that wait for a main thread that is busy. More say nothing new: they are counted, and the count is a line. */
const MAX_WAITING_LINES = 1_000;

/**
 * The reports that wait to be sent. One batch is on its way at a time; meanwhile log lines wait up to a limit, of the
 * interfaces only the last word waits, and counts go on being counted where they are counted.
 */
export class Outbox {
  readonly #post: (reports: readonly Report[]) => void;
  #inFlight: boolean = false;
  #waiting: Report[] = [];
  /** What the report of takings that waits is to say; more is put here. */
  #takings: Taking[] | undefined;
  #lines = 0;
  #lost = 0;
  #takeCounts: (() => readonly AddressCounts[]) | undefined;

  constructor(post: (reports: readonly Report[]) => void) {
    this.#post = post;
  }

  /** Sends a line for the log as soon as the main thread takes it, or counts it as lost. */
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void {
    this.#line({ kind: 'log', level, message, fields });
  }

  /** Sends word of a conflict in the same way: what lasts is said again. */
  conflict(conflict: AddressConflict): void {
    this.#line({ kind: 'conflict', ...conflict });
  }

  #line(report: Report): void {
    if (this.#lines >= MAX_WAITING_LINES) {
      this.#lost++;
      return;
    }
    this.#lines++;
    this.#add(report);
  }

  /** Sends a report that is a state: one of its kind that still waits is out of date and is replaced. */
  state(report: Exclude<Report, LogLine | { kind: 'counts' | 'conflict' | 'taken' }>): void {
    this.#waiting = this.#waiting.filter(({ kind }) => kind !== report.kind);
    this.#add(report);
  }

  /** Sends that an address has come to this node; of many at a time it is one report. */
  taken(taking: Taking): void {
    if (this.#takings !== undefined) {
      this.#takings.push(taking);
      return;
    }
    this.#takings = [taking];
    this.#add({ kind: 'taken', takings: this.#takings });
  }

  /** Sends what waits although the last batch was not taken: this thread is about to end. */
  flush(): void {
    this.#inFlight = false;
    this.#send();
  }

  /** Sends the counts that `take` gives at the moment of sending. */
  counts(take: () => readonly AddressCounts[]): void {
    this.#takeCounts = take;
    this.#send();
  }

  /** The main thread has taken the last batch. */
  received(): void {
    this.#inFlight = false;
    this.#send();
  }

  #add(report: Report): void {
    this.#waiting.push(report);
    this.#send();
  }

  #send(): void {
    if (this.#inFlight) return;
    const reports = this.#waiting;
    if (this.#takeCounts !== undefined) reports.push({ kind: 'counts', counts: this.#takeCounts() });
    if (this.#lost > 0) reports.push(linesLost(this.#lost));
    if (reports.length === 0) return;
    this.#waiting = [];
    this.#takings = undefined;
    this.#takeCounts = undefined;
    this.#lines = 0;
    this.#lost = 0;
    this.#inFlight = true;
    this.#post(reports);
  }
}

function linesLost(count: number): Report {
  const message = `${count} log lines of the wire thread were dropped: they came faster than the log took them`;
  return { kind: 'log', level: 'warn', message, fields: { op: 'wireThread' } };
}
