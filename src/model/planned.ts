/** An Event that a plan wants people to see on the object it is about. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** A line that a plan wants in the log; who carries it out adds the name of the object. */
export interface PlannedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | readonly string[]>>;
}
