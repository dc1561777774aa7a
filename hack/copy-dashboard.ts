// Copies the dashboard of config/grafana into the chart: Helm reads nothing outside of a chart. With --check it only tells whether that is so.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { difference } from './generate-crds.ts';

const ROOT = join(import.meta.dirname, '..');
const COPY = join(ROOT, 'charts/typemetal/files/dashboards/typemetal.json');

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const text = readFileSync(join(ROOT, 'config/grafana/typemetal.json'), 'utf8');
if (check) {
  const found = difference(COPY, text);
  for (const line of found)
    process.stderr.write(`${line}\nthe dashboard differs from config/grafana: run make generate and commit the result\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  mkdirSync(dirname(COPY), { recursive: true });
  writeFileSync(COPY, text);
}
