/** Milliseconds of each unit that Go's durations know. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const TERM = '([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)';
const TERMS = new RegExp(TERM, 'g');
const DURATION = new RegExp(`^[-+]?(?:0|(?:${TERM})+)$`);

/**
 * Reads a duration as Go writes it: a sign if any, then numbers with a unit each, such as `1m30s`, `1.5h` or `500ms`, or
 * a plain `0`. In milliseconds, as exact as a floating-point number is; `undefined` for what is none.
 */
export function parseGoDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(TERMS)) milliseconds += Number(amount) * (UNITS.get(unit) ?? 0);
  return text.startsWith('-') ? -milliseconds : milliseconds;
}
