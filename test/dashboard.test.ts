import { describe, expect, test } from '@jest/globals';
import { type Dashboard, type Panel, queriesOf, readDashboard } from './support/dashboard.ts';

const dashboard: Dashboard = await readDashboard();
const shown: readonly Panel[] = dashboard.panels.filter(({ type }) => type !== 'row');

/** Two panels where one covers a part of the other. */
function overlapping(panels: readonly Panel[]): readonly string[] {
  return panels.flatMap((one, index) =>
    panels.slice(index + 1).flatMap((other) => {
      const [a, b] = [one.gridPos, other.gridPos];
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      return apart ? [] : [`${one.title} and ${other.title}`];
    }),
  );
}

describe('the dashboard', () => {
  test('has each panel once, beside the others, on a grid of 24', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(overlapping(panels)).toEqual([]);
    expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
  });

  test('says of a number what it means: whoever looks at it was asleep a minute ago', () => {
    const silent = shown.filter(({ type, description = '' }) => type !== 'timeseries' && description.length < 10);
    expect(silent.map(({ title }) => title)).toEqual([]);
  });

  test('asks for nothing but what the chosen jobs have, and for alerts', () => {
    const everything = shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const selectors = everything.flatMap((expr) => expr.match(/\b[a-zA-Z]+(_[a-z0-9]+)+(?![\w(])({[^}]*})?/g) ?? []);
    const metrics = selectors.filter((selector) => /^(metallb|typemetal|frrk8s|process|nodejs)_/.test(selector));
    expect(metrics.length).toBeGreaterThan(everything.length / 2);
    expect(metrics.filter((selector) => !selector.includes('{job=~"$job"'))).toEqual([]);
  });

  test('leaves no variable behind that Grafana would have to know', () => {
    expect(queriesOf(dashboard, '1m').filter(({ expression }) => expression.includes('$'))).toEqual([]);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job']);
  });
});
