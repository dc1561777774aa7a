/** How loud a log line is; `none` as a threshold silences all of them. */
export type LogLevel = 'all' | 'debug' | 'info' | 'warn' | 'error' | 'none';

/** What goes beside the message: upstream's key names where it has them (`op`, `event`, `service`, `pool`, `error`, ...). */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The port to the log. One JSON object a line; `message` says what happened, to which object, what to do. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, with `fields` on each line. */
  child(fields: LogFields): Logger;
}
