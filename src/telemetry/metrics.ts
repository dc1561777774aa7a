/** A number that only grows. */
export interface Counter {
  add(amount: number, labels?: Readonly<Record<string, string>>): void;
  /** Forgets the series with exactly these labels. */
  remove(labels: Readonly<Record<string, string>>): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
  /** Forgets the series with exactly these labels. */
  remove(labels: Readonly<Record<string, string>>): void;
}

/** The port to the metrics of one process. A name is registered once; registering it again is a bug and throws. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** The whole registry in the text format of Prometheus. */
  expose(): Promise<string>;
}
