import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { milliseconds } from './clock.ts';
import {
  booleanOption,
  choiceOption,
  describeOptions,
  durationOption,
  type Invocation,
  integerOption,
  listOption,
  type OptionTable,
  parseOptions,
  textOption,
} from './go-flags.ts';
import type { Result } from './result.ts';

interface Sample {
  readonly name: string;
  readonly loud: boolean;
  readonly port: number;
  readonly mode: 'on' | 'off';
  readonly suites: readonly string[];
  readonly hidden: string;
  readonly old: string;
}

const TABLE: OptionTable<Sample> = {
  name: textOption('NAME', { flag: 'name', env: 'SAMPLE_NAME', group: 'First', help: 'a name' }),
  loud: booleanOption({ flag: 'loud', group: 'First', help: 'shout' }),
  port: integerOption(80, { least: 1, most: 65_535 }, { flag: 'port', env: 'SAMPLE_PORT', group: 'Second', help: 'a port' }),
  mode: choiceOption<'on' | 'off'>(['on', 'off'], 'on', { flag: 'mode', group: 'First', help: 'a mode', unused: offIsUnused }),
  suites: listOption(
    'NAMES',
    { pattern: /^[A-Z]+$/, allowed: 'capitals with commas between' },
    { flag: 'suites', group: 'Second', help: 'a list' },
  ),
  hidden: textOption('TEXT', { env: 'SAMPLE_HIDDEN', group: 'Second', help: 'no flag' }),
  old: textOption('TEXT', { flag: 'old', env: 'SAMPLE_OLD', group: 'Second', help: 'gone', unused: 'it is gone' }),
};

function offIsUnused(text: string): string | undefined {
  return text === 'off' ? 'it is always on' : undefined;
}

function parse(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Result<Invocation<Sample>, string> {
  return parseOptions(TABLE, argv, env);
}

function valuesOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Sample {
  const parsed = parse(argv, env);
  if (!parsed.ok || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.value.values;
}

function unusedOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): readonly string[] {
  const parsed = parse(argv, env);
  return parsed.ok && parsed.value.kind === 'run' ? parsed.value.unusedFlags : [];
}

const FALLBACKS: Sample = { name: '', loud: false, port: 80, mode: 'on', suites: [], hidden: '', old: '' };

describe('the command line is read as Go reads it', () => {
  test.each<{ argv: readonly string[]; becomes: Partial<Sample> }>([
    { argv: [], becomes: {} },
    { argv: ['-name=a'], becomes: { name: 'a' } },
    { argv: ['--name=a'], becomes: { name: 'a' } },
    { argv: ['--name', 'a'], becomes: { name: 'a' } },
    { argv: ['-name', '-a'], becomes: { name: '-a' } },
    { argv: ['--name', '--'], becomes: { name: '--' } },
    { argv: ['--name='], becomes: { name: '' } },
    { argv: ['--name=a=b'], becomes: { name: 'a=b' } },
    { argv: ['--name=a', '--name=b'], becomes: { name: 'b' } },
    { argv: ['--loud'], becomes: { loud: true } },
    { argv: ['--loud=true'], becomes: { loud: true } },
    { argv: ['--loud=T'], becomes: { loud: true } },
    { argv: ['--loud', '--loud=false'], becomes: { loud: false } },
    { argv: ['--loud=0'], becomes: { loud: false } },
    { argv: ['--loud', 'false', '--port=81'], becomes: { loud: true } },
    { argv: ['--port', '81', '--', '--port=82'], becomes: { port: 81 } },
    { argv: ['--port', '81', '-', '--port=82'], becomes: { port: 81 } },
    { argv: ['--port=+81'], becomes: { port: 81 } },
    { argv: ['--port=65535'], becomes: { port: 65_535 } },
    { argv: ['--mode=off'], becomes: { mode: 'off' } },
    { argv: ['--suites=A, B,CD'], becomes: { suites: ['A', 'B', 'CD'] } },
    { argv: ['--suites='], becomes: { suites: [] } },
  ])('$argv', ({ argv, becomes }) => expect(valuesOf(argv)).toEqual({ ...FALLBACKS, ...becomes }));

  test.each<{ argv: readonly string[]; error: string }>([
    { argv: ['--prot=1'], error: 'unknown flag "--prot=1": --help lists those that exist' },
    { argv: ['---name=1'], error: 'unknown flag "---name=1": --help lists those that exist' },
    { argv: ['-=1'], error: 'unknown flag "-=1": --help lists those that exist' },
    { argv: ['--hidden=1'], error: 'unknown flag "--hidden=1": --help lists those that exist' },
    { argv: ['--name'], error: '--name: a value is missing, want --name=NAME' },
    { argv: ['--loud=maybe'], error: '--loud: "maybe" is not allowed, want true or false' },
    { argv: ['--loud='], error: '--loud: "" is not allowed, want true or false' },
    { argv: ['--port=0'], error: '--port: "0" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--port=65536'], error: '--port: "65536" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--port='], error: '--port: "" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--port=8.5'], error: '--port: "8.5" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--port=0x50'], error: '--port: "0x50" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--port=-5'], error: '--port: "-5" is not allowed, want a whole number from 1 to 65535' },
    { argv: ['--mode=On'], error: '--mode: "On" is not allowed, want one of on, off' },
    { argv: ['--suites=A,,B'], error: '--suites: "A,,B" is not allowed, want capitals with commas between' },
  ])('$argv is refused', ({ argv, error }) => expect(parse(argv)).toEqual({ ok: false, error }));

  test.each<{ argv: readonly string[]; kind: string }>([
    { argv: ['-h'], kind: 'help' },
    { argv: ['--port=nonsense', '--help'], kind: 'help' },
    { argv: ['--version'], kind: 'version' },
    { argv: ['--', '--version'], kind: 'run' },
  ])('$argv asks for $kind', ({ argv, kind }) => expect(parse(argv)).toMatchObject({ ok: true, value: { kind } }));
});

describe('the environment', () => {
  test.each<{ argv: readonly string[]; env: Readonly<Record<string, string>>; becomes: Partial<Sample> }>([
    { argv: [], env: { SAMPLE_NAME: 'e' }, becomes: { name: 'e' } },
    { argv: ['--name=a'], env: { SAMPLE_NAME: 'e' }, becomes: { name: 'a' } },
    { argv: ['--name='], env: { SAMPLE_NAME: 'e' }, becomes: { name: '' } },
    { argv: [], env: { SAMPLE_PORT: '' }, becomes: { port: 80 } },
    { argv: ['--port=81'], env: { SAMPLE_PORT: 'nonsense' }, becomes: { port: 81 } },
    { argv: [], env: { SAMPLE_HIDDEN: 'h' }, becomes: { hidden: 'h' } },
  ])('$argv with $env', ({ argv, env, becomes }) => expect(valuesOf(argv, env)).toEqual({ ...FALLBACKS, ...becomes }));

  test('is named by an error', () => {
    expect(parse([], { SAMPLE_PORT: 'x' })).toEqual({
      ok: false,
      error: 'SAMPLE_PORT: "x" is not allowed, want a whole number from 1 to 65535',
    });
  });
});

describe('what changes nothing is reported once', () => {
  test.each<{ argv: readonly string[]; env?: Readonly<Record<string, string>>; unused: readonly string[] }>([
    { argv: [], unused: [] },
    { argv: ['--old=1', '--old=2'], unused: ['--old has no effect: it is gone'] },
    { argv: [], env: { SAMPLE_OLD: '1' }, unused: ['SAMPLE_OLD has no effect: it is gone'] },
    { argv: ['--old=1'], env: { SAMPLE_OLD: '1' }, unused: ['--old has no effect: it is gone'] },
    { argv: ['--mode=on'], unused: [] },
    { argv: ['--mode=off'], unused: ['--mode has no effect: it is always on'] },
    { argv: ['x', '--port=1'], unused: ['"x" and what follows it have no effect: flags end at what is not one'] },
    { argv: ['--'], unused: [] },
    { argv: ['--', 'x'], unused: ['"x" and what follows it have no effect: flags end at what is not one'] },
  ])('$argv $env', ({ argv, env, unused }) => expect(unusedOf(argv, env)).toEqual(unused));
});

describe('for any arguments', () => {
  const argument = fc.oneof(
    fc.constantFrom('--', '-', '--loud', '--name', '--port', '--mode=off', '--port=7', '--old=x', '--loud=1', '--suites=A'),
    fc.string(),
  );

  test('the parser answers in one line, and never throws', () => {
    fc.assert(
      fc.property(fc.array(argument), (argv) => {
        const parsed = parse(argv);
        expect(parsed.ok ? '' : parsed.error).not.toContain('\n');
      }),
    );
  });

  test('both ways to give a value mean the same', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parse(['--name', text])).toEqual(parse([`-name=${text}`]));
      }),
    );
  });
});

test('the help text has one line an option, under its group', () => {
  expect(describeOptions('sample: shows.', TABLE).split('\n')).toEqual([
    'sample: shows.',
    '',
    'First:',
    '  --name=NAME                     a name [env SAMPLE_NAME]',
    '  --loud                          shout',
    '  --mode=WORD                     a mode: on, off [default on]',
    '',
    'Second:',
    '  --port=NUMBER                   a port [env SAMPLE_PORT] [default 80]',
    '  --suites=NAMES                  a list',
    '  SAMPLE_HIDDEN=TEXT              no flag',
    '  --old=TEXT                      gone [env SAMPLE_OLD] [no effect: it is gone]',
    '',
  ]);
});

describe('a duration', () => {
  const option = durationOption('15s', milliseconds(100), { flag: 'd', group: 'g', help: 'how long' });
  test.each<{ text: string; milli: number }>([
    { text: '15s', milli: 15_000 },
    { text: '1m30s', milli: 90_000 },
    { text: '1.5s', milli: 1_500 },
    { text: '100ms', milli: 100 },
    { text: '100000us', milli: 100 },
    { text: '1h', milli: 3_600_000 },
  ])('$text', ({ text, milli }) => expect(option.read(text)).toEqual({ ok: true, value: milliseconds(milli) }));

  test.each(['', '15', 's', '-15s', '15 s', '99ms', '1d', '0s', '1s2'])('"%s" is refused', (text) => {
    expect(option.read(text)).toEqual({ ok: false, error: 'a duration of at least 100 ms, such as 15s or 500ms' });
  });

  test('has its fallback as it is written', () => {
    expect(option.fallback).toBe(milliseconds(15_000));
    expect(describeOptions('x', { d: option })).toContain('  --d=DURATION                    how long [default 15s]\n');
  });
});
