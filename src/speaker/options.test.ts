import { describe, expect, test } from '@jest/globals';
import { parseSpeakerOptions, speakerHelp } from './options.ts';

/** Each flag of upstream's speaker, beyond those it shares with the controller, with a value that it takes. */
const UPSTREAM_FLAGS = [
  '--node-name=node-1',
  '--host=192.0.2.1',
  '--ml-bindaddr=192.0.2.1',
  '--ml-bindport=7946',
  '--ml-labels=app=metallb,component=speaker',
  '--ml-secret-key-path=/etc/ml_secret_key',
  '--ml-wan-config',
  '--ignore-exclude-lb',
  '--bgp-debounce-timeout=10',
  '--frrk8s-namespace=frr-k8s-system',
  '--frrk8s-secret-passthrough=false',
];

/** What upstream's manifests put into the environment of the speaker. */
const MANIFEST_ENV = {
  METALLB_NODE_NAME: 'node-1',
  METALLB_POD_NAME: 'speaker-abcde',
  METALLB_HOST: '192.0.2.1',
  METALLB_ML_BIND_ADDR: '192.0.2.1',
  METALLB_ML_LABELS: 'app=metallb,component=speaker',
  METALLB_ML_SECRET_KEY_PATH: '/etc/ml_secret_key',
};

test('upstream manifests start it as they are', () => {
  const parsed = parseSpeakerOptions(['--port=7472', '--log-level=info'], MANIFEST_ENV, 'metallb-system');
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      kind: 'run',
      values: { nodeName: 'node-1', podName: 'speaker-abcde', namespace: 'metallb-system', port: 7472 },
      unusedFlags: [
        'METALLB_HOST has no effect: it was deprecated, the node object tells the address',
        'METALLB_ML_BIND_ADDR has no effect: speakers hear each other on the segment',
        'METALLB_ML_LABELS has no effect: speakers hear each other on the segment',
      ],
    },
  });
});

test('each flag of upstream is accepted', () => {
  const parsed = parseSpeakerOptions(UPSTREAM_FLAGS, {}, 'ns');
  if (!parsed.ok || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  expect(parsed.value.values).toMatchObject({ nodeName: 'node-1', ignoreExcludeLb: true, bgpDebounceMilliseconds: 10 });
  expect(parsed.value.unusedFlags).toHaveLength(UPSTREAM_FLAGS.length - 3);
});

test.each<{ argv: string[]; env: Readonly<Record<string, string>>; is: object }>([
  {
    argv: [],
    env: {},
    is: { helloMilliseconds: 100, idleHelloMilliseconds: 1_000, speakerGraceSeconds: 30, restartGraceSeconds: 300, bgpDrainSeconds: 5 },
  },
  { argv: [], env: {}, is: { kubeProxyHealth: '127.0.0.1:10256' } },
  { argv: ['--kube-proxy-health=0'], env: { TYPEMETAL_KUBE_PROXY_HEALTH: '[::1]:10256' }, is: { kubeProxyHealth: '' } },
  { argv: ['--kube-proxy-health='], env: {}, is: { kubeProxyHealth: '' } },
  { argv: [], env: { TYPEMETAL_KUBE_PROXY_HEALTH: '[::1]:10256' }, is: { kubeProxyHealth: '[::1]:10256' } },
  { argv: ['--hello-interval=0'], env: {}, is: { helloMilliseconds: 0 } },
  { argv: ['--hello-interval=250', '--speaker-grace=0'], env: {}, is: { helloMilliseconds: 250, speakerGraceSeconds: 0 } },
  {
    argv: [],
    env: { TYPEMETAL_HELLO_INTERVAL: '50', TYPEMETAL_RESTART_GRACE: '60' },
    is: { helloMilliseconds: 50, restartGraceSeconds: 60 },
  },
])('$argv $env: $is', ({ argv, env, is }) => {
  expect(parseSpeakerOptions(['--node-name=a', ...argv], env, 'ns')).toMatchObject({ ok: true, value: { values: is } });
});

describe('what is refused', () => {
  test.each<{ argv: readonly string[]; env: Readonly<Record<string, string>>; error: string }>([
    { argv: [], env: {}, error: '--node-name: no node name is given, want --node-name=NAME or METALLB_NODE_NAME' },
    {
      argv: ['--node-name=a'],
      env: { METALLB_BGP_DEBOUNCE_TIMEOUT: '-1' },
      error: 'METALLB_BGP_DEBOUNCE_TIMEOUT: "-1" is not allowed, want a whole number from 1 to 86400000',
    },
    {
      argv: ['--node-name=a', '--hello-interval=10'],
      env: {},
      error: '--hello-interval: "10" is not allowed, want a whole number from 50 to 10000',
    },
    {
      argv: ['--node-name=a'],
      env: { METALLB_BGP_TYPE: 'bird' },
      error: 'METALLB_BGP_TYPE: "bird" is not allowed, want one of native, frr, frr-k8s',
    },
  ])('$argv $env', ({ argv, env, error }) => expect(parseSpeakerOptions(argv, env, 'ns')).toEqual({ ok: false, error }));
});

test('the help text names each flag', () => {
  for (const flag of UPSTREAM_FLAGS) expect(speakerHelp()).toContain(`\n  ${flag.split('=')[0]}`);
});
