/** One metric of an exposition. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** Value by the series as written: `name{label="value"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const VALUE = '[+-]?(?:[0-9.]+(?:[eE][+-]?[0-9]+)?|Inf)|NaN';
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (.*)$`);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE_LINE = new RegExp(`^((${NAME})(?:\\{(?:${LABEL}(?:,${LABEL})*)?\\})?) (${VALUE})$`);
/** What the samples of a histogram or a summary have behind the name of their family. */
const SUFFIX = /_(?:bucket|sum|count)$/;

/**
 * Reads Prometheus' text format, version 0.0.4: the type of a family before its samples, families not mixed, no series twice,
 * a line feed at the end. Throws with the line that is wrong.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const reader = new Reader();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    if (!(reader.readHelp(line) || reader.readType(line) || reader.readSample(line))) throw new Error(`not in its place: ${line}`);
  }
  return reader.families;
}

class Reader {
  readonly families: Map<string, Family & { readonly samples: Map<string, number> }> = new Map();
  readonly #helps = new Map<string, string>();
  #current = '';

  readHelp(line: string): boolean {
    const [, name, help = ''] = HELP_LINE.exec(line) ?? [];
    if (name !== undefined) this.#helps.set(name, help);
    return name !== undefined;
  }

  readType(line: string): boolean {
    const [, name, type = ''] = TYPE_LINE.exec(line) ?? [];
    if (name === undefined || this.families.has(name)) return false;
    this.families.set(name, { type, help: this.#helps.get(name) ?? '', samples: new Map() });
    this.#current = name;
    return true;
  }

  readSample(line: string): boolean {
    const [, series = '', name = '', value = ''] = SAMPLE_LINE.exec(line) ?? [];
    const family = this.families.get(this.#current);
    if (family === undefined || family.samples.has(series)) return false;
    const many = family.type === 'histogram' || family.type === 'summary';
    if (name !== this.#current && !(many && name.replace(SUFFIX, '') === this.#current)) return false;
    family.samples.set(series, Number(value.replace('Inf', 'Infinity')));
    return true;
  }
}
