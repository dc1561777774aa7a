import { expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { SegmentMetrics } from './segment-metrics.ts';

const NOTHING = { sent: {}, received: {}, refused: {}, verdicts: {} };

test('counts grow by what is new, also when a thread was started anew', () => {
  const metrics = new RecordingMetrics();
  const segment = new SegmentMetrics(metrics);
  for (const hello of [10, 25, 3]) segment.take({ ...NOTHING, sent: { hello }, refused: { key: 2 }, verdicts: { dead: 1 } });
  expect(metrics.value('typemetal_layer2_frames_sent_total', { kind: 'hello' })).toBe(28);
  expect(metrics.value('typemetal_layer2_frames_refused_total', { reason: 'key' })).toBe(2);
  expect(metrics.value('typemetal_layer2_verdicts_total', { verdict: 'dead' })).toBe(1);
  expect(metrics.series('typemetal_layer2_frames_received_total').size).toBe(0);
});

test('of an address that was taken from a silent node it is told how long that was silent', () => {
  const metrics = new RecordingMetrics();
  const segment = new SegmentMetrics(metrics);
  segment.taken({ ip: '10.0.0.1', from: 'a', reason: 'gone', silentMilliseconds: 305 });
  segment.taken({ ip: '10.0.0.2', from: 'a', reason: 'left' });
  expect(metrics.value('typemetal_layer2_fail_over_seconds_sum')).toBe(0.305);
  expect(metrics.value('typemetal_layer2_fail_over_seconds_count')).toBe(1);
});
