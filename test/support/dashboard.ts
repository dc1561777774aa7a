import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '../../config/grafana/typemetal.json');

/** One panel of a Grafana dashboard, as far as it is read here. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat?: string }[];
}

/** The dashboard, as far as it is read here. */
export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

/** One query of the dashboard. */
export interface DashboardQuery {
  /** Where it is, for people. */
  readonly of: string;
  readonly expression: string;
  /** Labels that its legend shows. */
  readonly labels: readonly string[];
}

/** The dashboard that users import. */
export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(FILE, 'utf8')) as Dashboard;
}

/** All queries, with what Grafana puts in: all jobs, and this span of time for rates. */
export function queriesOf({ panels }: Dashboard, interval: string): readonly DashboardQuery[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr, legendFormat = '' }) => ({
      of: `${title} ${refId}`,
      expression: expr.replaceAll('$job', '.+').replaceAll('$__rate_interval', interval),
      labels: [...legendFormat.matchAll(/{{\s*(\w+)\s*}}/g)].map(([, label = '']) => label),
    })),
  );
}
