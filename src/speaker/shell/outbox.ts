import { type Clock, type Micros, micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { AddressConflict, AddressCounts, Report, Taking } from '../../model/plan.ts';

/** A report that is a line for the log. */
export type LogLine = Extract<Report, { kind: 'log' }>;

/** Lines that wait for a main thread that is busy. More say nothing new: they are counted, and the count is a line. */
const MAX_WAITING_LINES = 1_000;

/** What people and files are told of owners. For each address the main thread writes several objects of it, which costs more than all frames about it. */
const PATIENT: ReadonlySet<Report['kind']> = new Set(['owned', 'taken', 'claims']);

/** So long it waits at most, also when more and more addresses come: whoever looks for a status believes that nobody answers. */
const LONGEST_REST: Micros = milliseconds(2_000);

/**
 * The reports that wait to be sent. One batch is on its way at a time; meanwhile log lines wait up to a limit, of the
 * interfaces only the last word waits, and counts go on being counted where they are counted.
 */
export class Outbox implements Disposable {
  readonly #clock: Clock;
  readonly #post: (reports: readonly Report[]) => void;
  #inFlight: boolean = false;
  #waiting: Report[] = [];
  /** What the report of takings that waits is to say; more is put here. */
  #takings: Taking[] | undefined;
  #lines = 0;
  #lost = 0;
  #takeCounts: (() => readonly AddressCounts[]) | undefined;
  /** While it runs, patient reports wait. */
  #rest: Timer | undefined;
  #restsFrom: Micros = micros(0);
  #restsUntil: Micros = micros(0);

  constructor(clock: Clock, post: (reports: readonly Report[]) => void) {
    this.#clock = clock;
    this.#post = post;
  }

  /**
   * The segment comes first: for so long nothing is said of owners. Of two rests the second one begins when the first one ends, and both together
   * end after {@link LONGEST_REST}.
   */
  rest(span: Micros): void {
    if (span <= 0) return;
    const now = this.#clock.now();
    if (this.#rest === undefined) this.#restsFrom = now;
    this.#restsUntil = micros(Math.min(Math.max(this.#restsUntil, now) + span, this.#restsFrom + LONGEST_REST));
    this.#rest?.[Symbol.dispose]();
    this.#rest = this.#clock.startTimer(micros(this.#restsUntil - now), () => {
      this.#rest = undefined;
      this.#send();
    });
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
    this[Symbol.dispose]();
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

  [Symbol.dispose](): void {
    this.#rest?.[Symbol.dispose]();
    this.#rest = undefined;
  }

  #add(report: Report): void {
    this.#waiting.push(report);
    this.#send();
  }

  #send(): void {
    if (this.#inFlight) return;
    const rests = this.#rest !== undefined;
    const later = rests ? this.#waiting.filter(({ kind }) => PATIENT.has(kind)) : [];
    const reports = rests ? this.#waiting.filter(({ kind }) => !PATIENT.has(kind)) : this.#waiting;
    if (this.#takeCounts !== undefined) reports.push({ kind: 'counts', counts: this.#takeCounts() });
    if (this.#lost > 0) reports.push(linesLost(this.#lost));
    if (reports.length === 0) return;
    this.#waiting = later;
    if (!rests) this.#takings = undefined;
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
