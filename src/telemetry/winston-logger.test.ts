import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Logger, LogLevel } from './logger.ts';
import { createWinstonLogger } from './winston-logger.ts';

const NOON = Date.UTC(2026, 6, 16, 12, 0, 59, 999);

function logTo(stream: PassThrough, level: LogLevel = 'info'): Logger {
  return createWinstonLogger({ level, stream, clock: new FakeClock(NOON) });
}

/** The lines that `speak` makes a logger of `level` write. */
function linesOf(level: LogLevel, speak: (logger: Logger) => void): string[] {
  const stream = new PassThrough();
  speak(logTo(stream, level));
  const text: string = stream.read()?.toString() ?? '';
  return text.split('\n').slice(0, -1);
}

test('a line is one JSON object with sorted keys', () => {
  const [line = ''] = linesOf('info', (logger) =>
    logger.info('gave an address', { service: 'default/web', op: 'allocate', ips: ['192.0.2.1'] }),
  );
  expect(line).toMatch(
    /^\{"caller":"winston-logger\.test\.ts:\d+","ips":\["192\.0\.2\.1"\],"level":"info","msg":"gave an address","op":"allocate","service":"default\/web","ts":"2026-07-16T12:00:59Z"\}$/,
  );
});

test('caller is where the line was logged, also through a child', () => {
  const [first, second] = linesOf('info', (logger) => {
    logger.warn('one');
    logger.child({ node: 'a' }).warn('two');
  }).map((line) => Number(JSON.parse(line).caller.split(':')[1]));
  expect((second ?? 0) - (first ?? 0)).toBe(1);
});

describe('levels', () => {
  test.each<{ level: LogLevel; written: readonly string[] }>([
    { level: 'all', written: ['debug', 'info', 'warn', 'error'] },
    { level: 'debug', written: ['debug', 'info', 'warn', 'error'] },
    { level: 'info', written: ['info', 'warn', 'error'] },
    { level: 'warn', written: ['warn', 'error'] },
    { level: 'error', written: ['error'] },
    { level: 'none', written: [] },
  ])('$level writes $written', ({ level, written }) => {
    const lines = linesOf(level, (logger) => {
      logger.debug('d');
      logger.info('i');
      logger.warn('w');
      logger.error('e');
    });
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(written);
  });
});

describe('fields', () => {
  test.each<{ fields: Parameters<Logger['info']>[1]; becomes: object }>([
    { fields: undefined, becomes: {} },
    { fields: { absent: undefined }, becomes: {} },
    { fields: { count: 3, ready: false }, becomes: { count: 3, ready: false } },
    { fields: { level: 'x', msg: 'y', ts: 'z', caller: 'w' }, becomes: {} },
    { fields: { line: 'a\nb\u2028"c' }, becomes: { line: 'a\nb\u2028"c' } },
    { fields: { node: 'other' }, becomes: { node: 'other' } },
  ])('$fields', ({ fields, becomes }) => {
    const [line = '{}'] = linesOf('info', (logger) => logger.child({ node: 'own' }).info('m', fields));
    const { caller, level, ts, ...rest } = JSON.parse(line);
    expect([typeof caller, level, ts]).toEqual(['string', 'info', '2026-07-16T12:00:59Z']);
    expect(rest).toEqual({ msg: 'm', node: 'own', ...becomes });
  });

  test('long texts and lists are cut, so that a line stays one line', () => {
    const [line = ''] = linesOf('info', (logger) =>
      logger.info('x'.repeat(100_000), { ips: new Array<string>(1_000).fill('y'.repeat(10)) }),
    );
    expect(line.length).toBeLessThan(6_000);
    expect(JSON.parse(line)).toMatchObject({ msg: `${'x'.repeat(4_096)}...`, ips: { length: 64 } });
  });
});

test('a stream that fails takes nothing else with it', () => {
  const stream = new PassThrough();
  const logger = logTo(stream);
  stream.emit('error', new Error('EPIPE'));
  expect(() => logger.info('nobody reads this')).not.toThrow();
});
