import { type Micros, milliseconds } from './clock.ts';
import { parseGoDuration } from './go-duration.ts';
import { err, ok, type Result } from './result.ts';

/** One thing a user may set: by a flag, by an environment variable, or by either. */
export interface Option<Value> {
  /** Name of the flag without dashes; absent when only the environment sets it. */
  readonly flag?: string;
  /** The environment variable that is read when the flag is not given; an empty one counts as absent. */
  readonly env?: string;
  /** The heading of the help text under which it stands. */
  readonly group: string;
  readonly help: string;
  /** What a value looks like, for the help text; a truth value has none because its flag stands alone. */
  readonly takes?: string;
  readonly fallback: Value;
  /** Why setting it changes nothing, or why setting it to this text does; it is accepted and reported all the same. */
  readonly unused?: string | ((text: string) => string | undefined);
  /** Reads a value; the error names what is allowed, to stand behind `want `. */
  readonly read: (text: string) => Result<Value, string>;
}

/** One {@link Option} for each member of `Values`. */
export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** What a program was asked to do by its command line. */
export type Invocation<Values> =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly values: Values; readonly unusedFlags: readonly string[] };

/** The environment of a process, as a value. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What an option says about itself apart from its type. */
export type Wording<Value> = Omit<Option<Value>, 'read' | 'fallback' | 'takes'>;

/** An option that is any text; the empty text means that it is not set. */
export function textOption(takes: string, wording: Wording<string>, fallback: string = ''): Option<string> {
  return { ...wording, takes, fallback, read: (text) => ok(text) };
}

/** The spellings of a truth value that Go's flag package reads. */
const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** A truth value: `fallback` unless its flag is given, alone or as `--flag=true` or `--flag=false`. */
export function booleanOption(wording: Wording<boolean>, fallback: boolean = false): Option<boolean> {
  return {
    ...wording,
    fallback,
    read: (text) => {
      const value = TRUTH.get(text);
      return value === undefined ? err('true or false') : ok(value);
    },
  };
}

/** An option that is a whole number from `range.least` to `range.most`, in decimal. */
export function integerOption(
  fallback: number,
  range: { readonly least: number; readonly most: number },
  wording: Wording<number>,
): Option<number> {
  const allowed = `a whole number from ${range.least} to ${range.most}`;
  return {
    ...wording,
    takes: 'NUMBER',
    fallback,
    read: (text) => {
      const value = Number(text);
      return /^[+-]?[0-9]+$/.test(text) && value >= range.least && value <= range.most ? ok(value) : err(allowed);
    },
  };
}

/** An option that is a span of time as Go writes it (`15s`, `1m30s`, `1.5s`), not below `least`. `fallback` is written so too. */
export function durationOption(fallback: string, least: Micros, wording: Wording<Micros>): Option<Micros> {
  return {
    ...wording,
    help: `${wording.help} [default ${fallback}]`,
    takes: 'DURATION',
    fallback: milliseconds(parseGoDuration(fallback) ?? 0),
    read: (text) => {
      const span = parseGoDuration(text);
      return span !== undefined && milliseconds(span) >= least
        ? ok(milliseconds(span))
        : err(`a duration of at least ${least / 1_000} ms, such as 15s or 500ms`);
    },
  };
}

/** An option that is one of a few words. */
export function choiceOption<Word extends string>(words: readonly Word[], fallback: Word, wording: Wording<Word>): Option<Word> {
  const shown = words.filter((word) => word !== '');
  return {
    ...wording,
    help: `${wording.help}: ${shown.join(', ')}`,
    takes: 'WORD',
    fallback,
    read: (text) => {
      const word = words.find((candidate) => candidate === text);
      return word === undefined ? err(`one of ${shown.join(', ')}`) : ok(word);
    },
  };
}

/** An option that is a list with commas between; `allowed` says what `item` matches. */
export function listOption(
  takes: string,
  item: { readonly pattern: RegExp; readonly allowed: string },
  wording: Wording<readonly string[]>,
): Option<readonly string[]> {
  return {
    ...wording,
    takes,
    fallback: [],
    read: (text) => {
      const items = text === '' ? [] : text.split(',').map((part) => part.trim());
      return items.every((part) => item.pattern.test(part)) ? ok(items) : err(item.allowed);
    },
  };
}

/** What the command line says, before any value is read. */
interface CommandLine {
  /** Flag name to the text of its value; the last one given counts. */
  readonly texts: ReadonlyMap<string, string>;
  /** The first argument that is no flag; reading stops there. */
  readonly stopped: string | undefined;
}

/** A table without the names of its members, as the parser walks it. */
type AnyTable = Readonly<Record<string, Option<unknown>>>;

/**
 * Reads a command line in the manner of Go's flag package: `-x` and `--x` are the same, a value follows behind `=` or
 * as the next argument, a truth value takes one only behind `=`, the last of several wins, and `--` or the first
 * argument that is no flag ends the flags. `--help` and `--version` win over everything that stands before them.
 *
 * A flag beats its environment variable, which beats the fallback. The error names the flag or the variable, the
 * refused text and what is allowed. `unusedFlags` has one sentence for each thing that was given and changes nothing.
 */
export function parseOptions<Values>(
  table: OptionTable<Values>,
  argv: readonly string[],
  env: Environment,
): Result<Invocation<Values>, string> {
  const options = table as unknown as AnyTable;
  const line = readCommandLine(options, argv);
  if (!line.ok) return line;
  if (line.value === 'help' || line.value === 'version') return ok({ kind: line.value });
  const values: Record<string, unknown> = {};
  const unusedFlags: string[] = [];
  for (const [name, option] of Object.entries(options)) {
    const read = readOption(option, line.value, env);
    if (!read.ok) return read;
    values[name] = read.value.value;
    unusedFlags.push(...read.value.unused);
  }
  const { stopped } = line.value;
  if (stopped !== undefined)
    unusedFlags.push(`${JSON.stringify(stopped)} and what follows it have no effect: flags end at what is not one`);
  // The loop has filled in each member that the mapped type of `table` asks for.
  return ok({ kind: 'run', values: values as Values, unusedFlags });
}

/** The value of one option, and the sentence to report when giving it changed nothing. */
function readOption(
  option: Option<unknown>,
  line: CommandLine,
  env: Environment,
): Result<{ readonly value: unknown; readonly unused: readonly string[] }, string> {
  const setting = settingOf(option, line, env);
  if (setting === undefined) return ok({ value: option.fallback, unused: [] });
  const read = option.read(setting.text);
  if (!read.ok) return err(`${setting.source}: ${JSON.stringify(setting.text)} is not allowed, want ${read.error}`);
  const reason = typeof option.unused === 'function' ? option.unused(setting.text) : option.unused;
  return ok({ value: read.value, unused: reason === undefined ? [] : [`${setting.source} has no effect: ${reason}`] });
}

/** Where the value of an option comes from, in the words of an error; undefined when nothing sets it. */
function settingOf(option: Option<unknown>, line: CommandLine, env: Environment): { source: string; text: string } | undefined {
  const given = option.flag === undefined ? undefined : line.texts.get(option.flag);
  if (given !== undefined) return { source: `--${option.flag}`, text: given };
  const inherited = option.env === undefined ? undefined : env[option.env];
  return inherited === undefined || inherited === '' ? undefined : { source: option.env ?? '', text: inherited };
}

function readCommandLine(options: AnyTable, argv: readonly string[]): Result<CommandLine | 'help' | 'version', string> {
  const flags = new Map(Object.values(options).map((option) => [option.flag, option] as const));
  const texts = new Map<string, string>();
  const rest = argv.values();
  for (const argument of rest) {
    const flag = parseFlag(argument);
    if (flag === undefined) return ok({ texts, stopped: argument === '--' ? rest.next().value : argument });
    if (flag.name === 'help' || flag.name === 'version') return ok(flag.name);
    const option = flags.get(flag.name);
    if (option === undefined) return err(`unknown flag ${JSON.stringify(argument)}: --help lists those that exist`);
    const text = flag.text ?? impliedText(option) ?? rest.next().value;
    if (text === undefined) return err(`--${flag.name}: a value is missing, want --${flag.name}=${option.takes}`);
    texts.set(flag.name, text);
  }
  return ok({ texts, stopped: undefined });
}

/** What a flag means when nothing follows it behind `=`: a truth value stands alone and never takes the next argument. */
function impliedText(option: Option<unknown>): string | undefined {
  return option.takes === undefined ? 'true' : undefined;
}

const FLAG = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/;

/** Splits `--name=text`; undefined for what is not a flag, an empty name for what only looks like one. */
function parseFlag(argument: string): { name: string; text: string | undefined } | undefined {
  if (!argument.startsWith('-') || argument === '-' || argument === '--') return undefined;
  const [, name = '', text] = FLAG.exec(argument) ?? [];
  return { name: name === 'h' ? 'help' : name, text };
}

/** Column at which the explanations of the help text start: behind the longest flag that is not an exception. */
const HELP_COLUMN = 34;

/** The help text: one line an option, under the headings of their groups, in the order of the table. */
export function describeOptions<Values>(usage: string, table: OptionTable<Values>): string {
  const groups = new Map<string, string[]>();
  for (const option of Object.values(table as unknown as AnyTable)) {
    const lines = groups.get(option.group) ?? [];
    groups.set(option.group, [...lines, helpLine(option)]);
  }
  const sections = [...groups].map(([group, lines]) => `${group}:\n${lines.join('\n')}\n`);
  return `${usage}\n\n${sections.join('\n')}`;
}

function helpLine(option: Option<unknown>): string {
  const value = option.takes === undefined ? '' : `=${option.takes}`;
  const head = `  ${option.flag === undefined ? option.env : `--${option.flag}`}${value}`;
  const notes = [
    option.help,
    option.flag !== undefined && option.env !== undefined ? `[env ${option.env}]` : '',
    (typeof option.fallback === 'string' || typeof option.fallback === 'number') && option.takes !== 'DURATION'
      ? defaultNote(String(option.fallback))
      : '',
    typeof option.unused !== 'string' ? '' : `[no effect: ${option.unused}]`,
  ];
  return `${head.padEnd(HELP_COLUMN - 1)} ${notes.filter((note) => note !== '').join(' ')}`;
}

function defaultNote(fallback: string): string {
  return fallback === '' ? '' : `[default ${fallback}]`;
}
