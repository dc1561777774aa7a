import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { run } from '../../../hack/lab/command.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
/** The job of all series in the file of tests. */
const JOB_OF_TESTS = 'metallb-job';

/** One rule that makes an alert (Prometheus, alerting rules). */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
}

/** What a PrometheusRule holds: a file of rules. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

/** An object of a kind of the operator of Prometheus, as far as it is read here. */
export interface MonitoringObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** One row of a file of tests for promtool, as far as it is read here. */
interface TestGroup {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: readonly object[] }[];
}

/** The objects in a text of YAML documents. */
export function objectsIn(text: string): readonly MonitoringObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as MonitoringObject | null)
    .filter((object) => object !== null);
}

/** The objects of `config/prometheus`. */
export async function configuredMonitoring(): Promise<readonly MonitoringObject[]> {
  const files = await Promise.all(
    ['monitors.yaml', 'rules.yaml'].map((name) => readFile(join(CHECKOUT, 'config/prometheus', name), 'utf8')),
  );
  return files.flatMap(objectsIn);
}

/** The rules of the one PrometheusRule among these objects. */
export function rulesOf(objects: readonly MonitoringObject[]): RuleFile {
  const found = objects.filter(({ kind }) => kind === 'PrometheusRule').map(({ spec }) => spec as unknown as RuleFile);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} objects of the kind PrometheusRule`);
  return found[0];
}

/** The alerts of a file of rules, each once. */
export function alertsOf({ groups }: RuleFile): readonly AlertRule[] {
  return groups.flatMap(({ rules }) => rules);
}

/** The metrics that an expression names. All that the product has begin with one of a few words. */
export function metricsIn(expression: string): readonly string[] {
  return [...new Set(expression.match(/\b(metallb|typemetal|frrk8s|process|nodejs)_\w+/g))];
}

/**
 * The job that Prometheus gives to what a ServiceMonitor or PodMonitor finds: the label of the Service or pod that `jobLabel` names, or the Service's name
 * (Prometheus operator, ServiceMonitorSpec). The pods of the chart carry the labels that tell them apart.
 */
export function jobsOf(objects: readonly MonitoringObject[]): readonly string[] {
  const monitors = objects.filter(({ kind }) => kind === 'ServiceMonitor' || kind === 'PodMonitor');
  return monitors.map(({ kind, metadata, spec }) => {
    const { selector, jobLabel } = spec as { readonly selector: Selector; readonly jobLabel?: string };
    const service = objects.find((object) => object.kind === 'Service' && chosen(selector, object.metadata.labels ?? {}));
    const labels = kind === 'PodMonitor' ? selector.matchLabels : service?.metadata.labels;
    return (jobLabel === undefined ? undefined : labels?.[jobLabel]) ?? service?.metadata.name ?? metadata.name;
  });
}

interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

function chosen({ matchLabels }: Selector, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

/** The file of tests: which alerts it has fire, and which it looks at while they are quiet. */
export async function testedAlerts(): Promise<{ readonly firing: ReadonlySet<string>; readonly quiet: ReadonlySet<string> }> {
  const { tests } = parse(await testFile()) as { readonly tests: readonly TestGroup[] };
  const rows = tests.flatMap((group) => group.alert_rule_test);
  const names = (fires: boolean): ReadonlySet<string> =>
    new Set(rows.filter(({ exp_alerts = [] }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname));
  return { firing: names(true), quiet: names(false) };
}

/** Has promtool run the file of tests over rules, for series of this job; throws with what it found. */
export async function runRuleTests(folder: string, rules: RuleFile, job: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rules.yaml'), stringify(rules));
  await writeFile(join(folder, 'rules.test.yaml'), (await testFile()).replaceAll(JOB_OF_TESTS, job));
  await run(['sh', '-c', 'promtool test rules "$1" 1>&2', 'promtool', join(folder, 'rules.test.yaml')]);
}

function testFile(): Promise<string> {
  return readFile(join(CHECKOUT, 'test/prometheus/rules.test.yaml'), 'utf8');
}
