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

/** Numbers by how large they are. */
export interface Histogram {
  observe(value: number): void;
}

/** One series of a gauge that is read when somebody asks. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The port to the metrics of one process. A name is registered once; registering it again is a bug and throws. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** `bounds` are the upper ends of its buckets, growing. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** A gauge whose series are what `read` gives at the moment of each exposition; it costs nothing in between. */
  measured(name: string, help: string, labelNames: readonly string[], read: () => Iterable<Reading>): void;
  /** The whole registry in the text format of Prometheus. */
  expose(): Promise<string>;
}
