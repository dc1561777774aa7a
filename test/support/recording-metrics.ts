import type { Counter, Gauge, Histogram, Metrics, Reading } from '../../src/telemetry/metrics.ts';

/** One metric as a test sees it. */
interface Family {
  readonly labelNames: readonly string[];
  /** Value by labels, written as in the text format: `pool="a",service="b"`, sorted by name. */
  readonly series: Map<string, number>;
  /** Sets the series of a metric that is read when somebody asks. */
  read?: () => void;
}

/**
 * Metrics that a test reads back. As strict as the real ones: a name is registered once, a label must be declared, a
 * counter never goes down.
 */
export class RecordingMetrics implements Metrics {
  readonly #families: Map<string, Family> = new Map();

  counter(name: string, _help: string, labelNames: readonly string[] = []): Counter {
    const family = this.#register(name, labelNames);
    return {
      add: (amount, labels = {}) => {
        if (amount < 0) throw new RangeError(`counter ${name} cannot go down by ${-amount}`);
        const key = keyOf(name, family, labels);
        family.series.set(key, (family.series.get(key) ?? 0) + amount);
      },
      remove: (labels) => void family.series.delete(keyOf(name, family, labels)),
    };
  }

  gauge(name: string, _help: string, labelNames: readonly string[] = []): Gauge {
    const family = this.#register(name, labelNames);
    return {
      set: (value, labels = {}) => void family.series.set(keyOf(name, family, labels), value),
      remove: (labels) => void family.series.delete(keyOf(name, family, labels)),
    };
  }

  /** Its sum and its count are series of their own, as in the text format. */
  histogram(name: string, _help: string, _bounds: readonly number[]): Histogram {
    const [sum, count] = [this.counter(`${name}_sum`, ''), this.counter(`${name}_count`, '')];
    return {
      observe: (value) => {
        sum.add(value);
        count.add(1);
      },
    };
  }

  measured(name: string, _help: string, labelNames: readonly string[], read: () => Iterable<Reading>): void {
    const family = this.#register(name, labelNames);
    family.read = () => {
      family.series.clear();
      for (const { labels = {}, value } of read()) family.series.set(keyOf(name, family, labels), value);
    };
  }

  /** The value of one series; undefined when it does not exist or was removed. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const family = this.#families.get(name);
    family?.read?.();
    return family?.series.get(keyOf(name, family, labels));
  }

  /** All series of a metric, value by labels. */
  series(name: string): ReadonlyMap<string, number> {
    const family = this.#families.get(name);
    family?.read?.();
    return family?.series ?? new Map();
  }

  async expose(): Promise<string> {
    for (const family of this.#families.values()) family.read?.();
    const lines = [...this.#families].flatMap(([name, family]) => [...family.series].map(([key, value]) => `${name}{${key}} ${value}\n`));
    return lines.join('');
  }

  #register(name: string, labelNames: readonly string[]): Family {
    if (this.#families.has(name)) throw new Error(`metric ${name} is registered twice`);
    const family: Family = { labelNames, series: new Map() };
    // As prom-client does: what has no labels counts from zero at once.
    if (labelNames.length === 0) family.series.set('', 0);
    this.#families.set(name, family);
    return family;
  }
}

function keyOf(name: string, family: Family, labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort((left, right) => (left < right ? -1 : 1));
  for (const label of names) if (!family.labelNames.includes(label)) throw new Error(`metric ${name} has no label ${label}`);
  return names.map((label) => `${label}="${labels[label]}"`).join(',');
}
