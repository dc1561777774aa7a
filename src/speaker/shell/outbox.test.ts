import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Report } from '../../model/plan.ts';
import { Outbox } from './outbox.ts';

/** What was posted so far, one text for each batch. */
function newOutbox(clock = new FakeClock()): { readonly outbox: Outbox; readonly posted: string[] } {
  const posted: string[] = [];
  return { outbox: new Outbox(clock, (reports) => void posted.push(reports.map(textOf).join(', '))), posted };
}

function textOf(report: Report): string {
  switch (report.kind) {
    case 'log':
      return `${report.level} ${report.message}`;
    case 'interfaces':
      return report.names.join('+');
    case 'taken':
      return report.takings.map(({ ip }) => ip).join('+');
    case 'counts':
      return report.counts.map(({ ip, requestsReceived }) => `${ip}:${requestsReceived}`).join('+');
    default:
      return report.kind;
  }
}

describe('an outbox', () => {
  test('sends the first report at once and the others together, when that was taken', () => {
    const { outbox, posted } = newOutbox();
    outbox.log('info', 'one', {});
    outbox.log('info', 'two', {});
    outbox.state({ kind: 'ready' });
    expect(posted).toEqual(['info one']);
    outbox.received();
    outbox.received();
    expect(posted).toEqual(['info one', 'info two, ready']);
  });

  test('of a state only the last word waits', () => {
    const { outbox, posted } = newOutbox();
    outbox.log('info', 'one', {});
    outbox.state({ kind: 'interfaces', names: ['eth0'] });
    outbox.state({ kind: 'interfaces', names: ['eth0', 'eth1'] });
    outbox.received();
    expect(posted[1]).toBe('eth0+eth1');
  });

  test('counts are taken when they are sent, however often they were offered', () => {
    const { outbox, posted } = newOutbox();
    let requestsReceived = 1;
    const take = (): { ip: string; requestsReceived: number; responsesSent: number; gratuitousSent: number }[] => [
      { ip: '10.0.0.1', requestsReceived, responsesSent: 0, gratuitousSent: 0 },
    ];
    outbox.log('info', 'one', {});
    outbox.counts(take);
    outbox.counts(take);
    requestsReceived = 5;
    outbox.received();
    expect(posted[1]).toBe('10.0.0.1:5');
  });

  test('a flood of lines is cut off and counted', () => {
    const { outbox, posted } = newOutbox();
    outbox.log('info', 'first', {});
    for (let line = 0; line < 5_000; line++) outbox.log('debug', 'x', {});
    outbox.state({ kind: 'ready' });
    outbox.received();
    const words = posted[1]?.split(', ') ?? [];
    expect(words).toHaveLength(1_002);
    expect(words.slice(-2)).toEqual([
      'ready',
      'warn 4000 log lines of the wire thread were dropped: they came faster than the log took them',
    ]);
    outbox.received();
    outbox.log('info', 'later', {});
    expect(posted[2]).toBe('info later');
  });
});

describe('an outbox, moreover,', () => {
  test('sends what waits at the end, although nobody took the last batch', () => {
    const { outbox, posted } = newOutbox();
    outbox.log('info', 'one', {});
    outbox.state({ kind: 'ready' });
    outbox.flush();
    outbox.flush();
    expect(posted).toEqual(['info one', 'ready']);
  });

  test('addresses that come to the node wait together', () => {
    const { outbox, posted } = newOutbox();
    outbox.log('info', 'one', {});
    for (const ip of ['10.0.0.1', '10.0.0.2']) outbox.taken({ ip, from: 'a', reason: 'gone' });
    outbox.received();
    for (const ip of ['10.0.0.3', '10.0.0.4']) outbox.taken({ ip, from: 'a', reason: 'gone' });
    outbox.received();
    expect(posted.slice(1)).toEqual(['10.0.0.1+10.0.0.2', '10.0.0.3+10.0.0.4']);
  });
});

describe('an outbox that rests', () => {
  test('keeps what is said of owners until the end of it, and nothing else', () => {
    const clock = new FakeClock();
    const { outbox, posted } = newOutbox(clock);
    outbox.rest(milliseconds(500));
    outbox.taken({ ip: '10.0.0.1', from: 'a', reason: 'gone' });
    outbox.state({ kind: 'owned', addresses: ['10.0.0.1'], certain: true });
    outbox.log('info', 'one', {});
    clock.advance(milliseconds(499));
    outbox.received();
    outbox.taken({ ip: '10.0.0.2', from: 'a', reason: 'gone' });
    expect(posted).toEqual(['info one']);
    clock.advance(milliseconds(1));
    expect(posted).toEqual(['info one', '10.0.0.1+10.0.0.2, owned']);
    expect(clock.timers).toBe(0);
  });

  test('rests for each word of many addresses, but no longer than two seconds', () => {
    const clock = new FakeClock();
    const { outbox, posted } = newOutbox(clock);
    outbox.rest(milliseconds(500));
    outbox.rest(milliseconds(500));
    outbox.state({ kind: 'owned', addresses: [], certain: true });
    clock.advance(milliseconds(900));
    outbox.rest(milliseconds(5_000));
    clock.advance(milliseconds(1_099));
    expect(posted).toEqual([]);
    clock.advance(milliseconds(1));
    expect(posted).toEqual(['owned']);
  });

  test('does not for nothing, and tells the rest at the end', () => {
    const { outbox, posted } = newOutbox();
    outbox.rest(milliseconds(0));
    outbox.state({ kind: 'owned', addresses: [], certain: true });
    outbox.rest(milliseconds(500));
    outbox.state({ kind: 'claims', claims: [], met: true });
    outbox.flush();
    expect(posted).toEqual(['owned', 'claims']);
  });
});
