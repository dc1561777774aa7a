import winston from 'winston';
import type { Clock } from '../lib/clock.ts';
import { callSite } from './call-site.ts';
import type { LogFields, Logger, LogLevel } from './logger.ts';

/** Levels that a line can have. */
type Severity = 'debug' | 'info' | 'warn' | 'error';

/** What a {@link WinstonLogger} writes to, and from when on. */
export interface LoggerSettings {
  /** Lines below it are dropped before they cost anything; `all` is `debug`, `none` drops everything. */
  readonly level: LogLevel;
  /**
   * Where the lines go, in production standard output. Node writes to a pipe or a file there synchronously, so a slow
   * reader stops the program instead of filling its memory.
   */
  readonly stream: NodeJS.WritableStream;
  readonly clock: Pick<Clock, 'wallMilliseconds'>;
}

/** As winston counts them: the lower, the more severe. */
const SEVERITIES: Readonly<Record<Severity, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
const THRESHOLDS: Readonly<Record<LogLevel, number>> = { none: -1, error: 0, warn: 1, info: 2, debug: 3, all: 3 };
/** Container runtimes split lines at 16 KiB, and half a JSON object is none: a text of a line is cut well below that. */
const MAX_TEXT = 4_096;
/** More entries of a list than this tell a reader nothing. */
const MAX_LIST = 64;

/**
 * Makes the log of a process: one JSON object a line with its keys sorted, holding `caller` (file and line), `level`,
 * `msg`, `ts` (RFC 3339, UTC, whole seconds) and the fields of the call; a field of one of these names loses.
 *
 * Texts over 4,096 characters and lists over 64 entries are cut. Nothing here knows what is secret: callers pass names
 * of Secrets, never their content. A stream that fails takes the lines with it and nothing else.
 */
export function createWinstonLogger(settings: LoggerSettings): Logger {
  settings.stream.on('error', dropLine);
  const sink = winston.createLogger({
    levels: SEVERITIES,
    level: settings.level === 'none' || settings.level === 'all' ? 'debug' : settings.level,
    format: winston.format.printf((line) => String(line.message)),
    transports: [new winston.transports.Stream({ stream: settings.stream })],
  });
  return new JsonLogger(sink, THRESHOLDS[settings.level], settings.clock, {});
}

function dropLine(): void {
  // The reader of the log is gone: there is nobody left to tell, and the wire must be served all the same.
}

class JsonLogger implements Logger {
  readonly #sink: winston.Logger;
  readonly #threshold: number;
  readonly #clock: Pick<Clock, 'wallMilliseconds'>;
  readonly #fields: LogFields;

  constructor(sink: winston.Logger, threshold: number, clock: Pick<Clock, 'wallMilliseconds'>, fields: LogFields) {
    this.#sink = sink;
    this.#threshold = threshold;
    this.#clock = clock;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#threshold >= SEVERITIES.debug) this.#write('debug', message, fields, callerOf(this.debug));
  }

  info(message: string, fields?: LogFields): void {
    if (this.#threshold >= SEVERITIES.info) this.#write('info', message, fields, callerOf(this.info));
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#threshold >= SEVERITIES.warn) this.#write('warn', message, fields, callerOf(this.warn));
  }

  error(message: string, fields?: LogFields): void {
    if (this.#threshold >= SEVERITIES.error) this.#write('error', message, fields, callerOf(this.error));
  }

  child(fields: LogFields): Logger {
    return new JsonLogger(this.#sink, this.#threshold, this.#clock, { ...this.#fields, ...fields });
  }

  #write(level: Severity, message: string, fields: LogFields | undefined, caller: string): void {
    const line = { ...this.#fields, ...fields, caller, level, msg: message, ts: timestamp(this.#clock.wallMilliseconds()) };
    this.#sink.log(level, encodeLine(line));
  }
}

/** One line of JSON with sorted keys; members that are undefined are left out. */
function encodeLine(line: LogFields): string {
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(line).sort(byCodeUnits)) sorted[key] = bounded(line[key]);
  return JSON.stringify(sorted);
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : 1;
}

function bounded(value: LogFields[string]): unknown {
  if (typeof value === 'string') return boundedText(value);
  return typeof value === 'object' ? value.slice(0, MAX_LIST).map(boundedText) : value;
}

function boundedText(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
}

function timestamp(wallMilliseconds: number): string {
  return `${new Date(wallMilliseconds).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length)}Z`;
}

/** `file:line` of whoever called `method`: one stack frame, captured only for lines that are written. */
function callerOf(method: (message: string, fields?: LogFields) => void): string {
  const frame: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(frame, method);
  Error.stackTraceLimit = limit;
  return callSite(frame.stack ?? '');
}
