import { expect, test } from '@jest/globals';
import { CEASE, ceaseWithText, IPV4_UNICAST, negotiate } from '@typemetal/bgp-parser';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ROUTER_OPEN } from '../../../test/support/scripted-router.ts';
import { milliseconds } from '../../lib/clock.ts';
import { SessionRecord } from './session-record.ts';

const SHUTDOWN = ceaseWithText(CEASE.administrativeShutdown, 'good night');

test('a record tells the state and since when, what was agreed, why it ended and how often', () => {
  const clock = new FakeClock();
  const record = new SessionRecord(clock);
  const began = clock.wallMilliseconds();
  expect(record.report()).toMatchObject({ state: 'idle', since: began, lastError: '', flaps: 0, agreed: undefined });
  clock.advance(milliseconds(5_000));
  record.ended('no answer', false);
  record.became('active');
  expect(record.report()).toMatchObject({ state: 'active', since: began, lastError: 'no answer', flaps: 0 });
  record.became('established');
  record.established(negotiate(ROUTER_OPEN, { ...ROUTER_OPEN, asn: 64_512, holdTime: 9 }));
  expect(record.report()).toMatchObject({ state: 'established', since: began + 5_000, lastError: '', flaps: 0 });
  expect(record.report().agreed).toMatchObject({ holdTimeSeconds: 9, capabilities: expect.arrayContaining(['ipv4-unicast']) });
  clock.advance(milliseconds(1_000));
  record.ended('the peer reset the connection', true);
  record.became('idle');
  expect(record.report()).toMatchObject({ state: 'idle', since: began + 6_000, lastError: 'the peer reset the connection', flaps: 1 });
});

test('messages are counted each way, and the last NOTIFICATION of each is kept', () => {
  const clock = new FakeClock();
  const record = new SessionRecord(clock);
  record.sent('open');
  record.sent('notification');
  record.notified({ type: 'notification', code: 2, subcode: 2, data: new Uint8Array() });
  record.heard({ type: 'route-refresh', ...IPV4_UNICAST, subtype: 'request', data: new Uint8Array() });
  record.heard(SHUTDOWN);
  const report = record.report();
  expect([report.sent, report.received]).toMatchObject([
    { open: 1, notification: 1, keepalive: 0 },
    { 'route-refresh': 1, notification: 1 },
  ]);
  const at = clock.wallMilliseconds();
  expect(report.notificationSent).toEqual({ name: 'OPEN Message Error/Bad Peer AS', code: 2, subcode: 2, at });
  expect(report.notificationReceived).toEqual({ name: 'Cease/Administrative Shutdown', code: 6, subcode: 2, at });
});

test('a reason is news once, two that take turns are news once a minute each, and after a session all are', () => {
  const clock = new FakeClock();
  const record = new SessionRecord(clock);
  const fails = (reason: string): boolean => {
    const isNews = record.isNews(reason);
    record.ended(reason, false);
    clock.advance(milliseconds(20_000));
    return isNews;
  };
  expect(['reset', 'reset', 'closed', 'reset', 'closed', 'closed'].map(fails)).toEqual([true, false, true, true, false, false]);
  expect(['reset', 'closed', 'reset', 'closed'].map(fails)).toEqual([true, true, false, false]);
  expect(Array.from({ length: 9 }, () => fails('closed'))).toEqual(Array(9).fill(false));
  record.established(negotiate(ROUTER_OPEN, { ...ROUTER_OPEN, asn: 64_512, holdTime: 9 }));
  expect(fails('closed')).toBe(true);
});
