import { expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { ConfigurationReport } from './configuration-report.ts';

const gauges = (metrics: RecordingMetrics): unknown[] =>
  ['loaded', 'stale'].map((name) => metrics.value(`metallb_k8s_client_config_${name}_bool`));

test('nothing is known until every part has read; then all faults are, in the order of the parts', () => {
  const metrics = new RecordingMetrics();
  const report = new ConfigurationReport(metrics, ['pools', 'objects']);
  expect([report.faults, ...gauges(metrics)]).toEqual([undefined, 0, 0]);
  report.set('objects', ['b']);
  expect([report.faults, ...gauges(metrics)]).toEqual([undefined, 0, 1]);
  report.set('pools', ['a']);
  expect([report.faults, ...gauges(metrics)]).toEqual([['a', 'b'], 1, 1]);
  report.set('objects', []);
  expect([report.faults, ...gauges(metrics)]).toEqual([['a'], 1, 1]);
  report.set('pools', []);
  expect([report.faults, ...gauges(metrics)]).toEqual([[], 1, 0]);
});

test('what is forgotten is unknown again, but was loaded', () => {
  const metrics = new RecordingMetrics();
  const report = new ConfigurationReport(metrics, ['pools']);
  report.set('pools', ['a']);
  report.clear();
  expect([report.faults, ...gauges(metrics)]).toEqual([undefined, 1, 0]);
});

test('a replica that holds the configuration without reading it counts as one that has loaded it', () => {
  const metrics = new RecordingMetrics();
  let held = false;
  const report = new ConfigurationReport(metrics, ['pools'], () => held);
  expect(gauges(metrics)).toEqual([0, 0]);
  held = true;
  expect([report.faults, ...gauges(metrics)]).toEqual([undefined, 1, 0]);
  held = false;
  expect(gauges(metrics)).toEqual([1, 0]);
});

test('who listens hears of each finding, until disposed of', () => {
  const report = new ConfigurationReport(new RecordingMetrics(), ['pools']);
  let heard = 0;
  const subscription = report.subscribe(() => heard++);
  report.set('pools', []);
  report.clear();
  subscription[Symbol.dispose]();
  report.set('pools', []);
  expect(heard).toBe(2);
});
