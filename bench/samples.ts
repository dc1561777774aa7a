/** A distribution as every benchmark prints it: in the unit of the samples. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Summarizes samples by the nearest rank; none at all is a fault of the benchmark and throws. */
export function distributionOf(samples: readonly number[]): Distribution {
  const sorted = samples.toSorted((left, right) => left - right);
  const at = (share: number): number => {
    const sample = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
    if (sample === undefined) throw new RangeError('nothing was measured');
    return sample;
  };
  return { count: sorted.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Now, in milliseconds since 1970 with the parts of a millisecond: the same for all processes of a machine. */
export function moment(): number {
  return performance.timeOrigin + performance.now();
}

/** Prints one result: a JSON object on a line of its own. Numbers are rounded to four digits that mean something. */
export function print(benchmark: string, figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ benchmark, ...figures }, roundNumbers)}\n`);
}

function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
