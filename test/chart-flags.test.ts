import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { controllerHelp, parseControllerOptions } from '../src/operators/options.ts';
import { parseSpeakerOptions, speakerHelp } from '../src/speaker/options.ts';

/** What the chart lets people tell the programs, without Helm: that the templates do it is for lab/chart.test.ts. */

const CHART = join(import.meta.dirname, '../charts/typemetal');

/** A value of the chart as its schema has it. */
interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

function readChart(path: string): string {
  return readFileSync(join(CHART, path), 'utf8');
}

const VALUES = parse(readChart('values.yaml')) as Readonly<Record<string, unknown>>;
const SCHEMA = JSON.parse(readChart('values.schema.json')) as Described;
const HELPERS = readChart('templates/_helpers.tpl');

function valueAt(path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>>)[name], VALUES);
}

function describedAt(path: string): Described {
  return path.split('.').reduce<Described>((described, name) => described.properties?.[name] ?? {}, SCHEMA);
}

/** Flags that no value sets, because the chart decides what they say or the pod does; those without effect are none. */
const NOT_A_VALUE: readonly string[] = [
  // The pod says it.
  ...['kubeconfig', 'namespace', 'pod-name', 'node-name', 'deployment', 'ml-secret-name', 'ml-secret-key-path'],
  // The chart's volumes, Services and ports are made for what the programs do unless told otherwise.
  ...['state-directory', 'webhook-port', 'webhook-secret', 'cert-service-name'],
  // Who makes certificates by other means has MetalLB's manifests in mind, not its chart, which has no value for it either.
  ...['disable-cert-rotation', 'cert-dir', 'webhook-http2'],
  // Two that both give addresses would contradict each other; one alone leads at once.
  'leader-elect',
];

describe.each([
  { program: 'controller', help: controllerHelp() },
  { program: 'speaker', help: speakerHelp() },
])('the $program', ({ program, help }) => {
  const flags = help
    .split('\n')
    .filter((line) => !line.includes('[no effect: '))
    .flatMap((line) => /^ {2}--([a-z0-9-]+)/.exec(line)?.[1] ?? []);
  const template = readChart(`templates/${program}.yaml`) + HELPERS;

  test('can be told by values whatever its flags can', () => {
    const missing = flags.filter((flag) => !template.includes(`--${flag}`) && !template.includes(`"${flag}" .Values.`));
    expect(missing.filter((flag) => !NOT_A_VALUE.includes(flag))).toEqual([]);
    expect(flags.length).toBeGreaterThan(15);
  });

  test('is told nothing that it does not know', () => {
    const told = [...template.matchAll(/^ *(?:- --([a-z0-9-]+)|"([a-z0-9-]+)" \.Values\.)/gm)].map(
      ([, plain, listed]) => plain ?? listed ?? '',
    );
    expect(told.filter((flag) => !help.includes(`--${flag}`))).toEqual([]);
  });
});

const ENVIRONMENT = { METALLB_NAMESPACE: 'ns', METALLB_NODE_NAME: 'node' };

/** Numbers, and the word that comes behind them in the flag. */
const NUMBERS = [
  { value: 'speaker.bgpDrain', flag: 'bgp-drain', unit: '' },
  { value: 'speaker.bgpListenPort', flag: 'bgp-listen-port', unit: '' },
  { value: 'speaker.helloInterval', flag: 'hello-interval', unit: '' },
  { value: 'speaker.idleHelloInterval', flag: 'idle-hello-interval', unit: '' },
  { value: 'speaker.speakerGrace', flag: 'speaker-grace', unit: '' },
  { value: 'speaker.restartGrace', flag: 'restart-grace', unit: '' },
  { value: 'prometheus.metricsPort', flag: 'port', unit: '' },
  { value: 'controller.leaderElection.leaseDurationSeconds', flag: 'leader-elect-lease-duration', unit: 's' },
  { value: 'controller.leaderElection.renewDeadlineSeconds', flag: 'leader-elect-renew-deadline', unit: 's' },
  { value: 'controller.leaderElection.retryPeriodSeconds', flag: 'leader-elect-retry-period', unit: 's' },
];

test.each(NUMBERS)('$value is what --$flag is unless told', ({ value, flag, unit }) => {
  const line = [controllerHelp(), speakerHelp()].join('\n').match(new RegExp(`^ {2}--${flag}=.*\\[default ([^\\]]+)\\]$`, 'm'));
  expect(`${valueAt(value)}${unit}`).toBe(line?.[1]);
});

test.each(NUMBERS.filter(({ value }) => value.startsWith('speaker.')))('$value ends where --$flag does', ({ value, flag }) => {
  const { minimum = Number.NaN, maximum = Number.NaN } = describedAt(value);
  const isTaken = (number: number): boolean => parseSpeakerOptions([`--${flag}=${number}`], ENVIRONMENT, undefined).ok;
  expect([minimum - 1, minimum, maximum, maximum + 1].map(isTaken)).toEqual([false, true, true, false]);
});

test('who installs config/speaker gives a speaker more time to end than it drains unless told', () => {
  const { spec } = parse(readFileSync(join(CHART, '../../config/speaker/daemonset.yaml'), 'utf8')) as {
    readonly spec: { readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number } } };
  };
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(valueAt('speaker.bgpDrain')));
});

test('where kube-proxy is asked is what it is unless told, and taken where the speaker takes it', () => {
  const { pattern = '', minimum, maximum } = describedAt('speaker.kubeProxyHealth');
  expect(speakerHelp()).toContain(`[env TYPEMETAL_KUBE_PROXY_HEALTH] [default ${String(valueAt('speaker.kubeProxyHealth'))}]`);
  // A number of --set is none, or it has no port.
  expect([minimum, maximum]).toEqual([0, 0]);
  const rows = ['0', '127.0.0.1:10256', '[::1]:10256', 'localhost:1', '127.0.0.1', ':10256', '::1:10256', '[::1]', 'a b:1', 'http://a:1'];
  const isTaken = (text: string): boolean => parseSpeakerOptions([`--kube-proxy-health=${text}`], ENVIRONMENT, undefined).ok;
  expect(rows.map((text) => [text, new RegExp(pattern).test(text)])).toEqual(rows.map((text) => [text, isTaken(text)]));
});

test('the election as the values have it is one that the controller takes', () => {
  const argv = NUMBERS.filter(({ unit }) => unit === 's').map(({ value, flag, unit }) => `--${flag}=${String(valueAt(value))}${unit}`);
  expect(parseControllerOptions(argv, ENVIRONMENT, undefined)).toMatchObject({ ok: true, value: { kind: 'run' } });
});
