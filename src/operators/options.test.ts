import { describe, expect, test } from '@jest/globals';
import { controllerHelp, parseControllerOptions } from './options.ts';

/** Each flag of upstream's controller with a value that it takes. */
const UPSTREAM_FLAGS = [
  '--port=7472',
  '--namespace=metallb-system',
  '--ml-secret-name=memberlist',
  '--deployment=controller',
  '--log-level=debug',
  '--pprof-bind-address=127.0.0.1:6060',
  '--health-probe-port=17473',
  '--disable-cert-rotation=true',
  '--cert-dir=/certs',
  '--cert-service-name=metallb-webhook-service',
  '--lb-class=example.com/metal',
  '--webhook-mode=enabled',
  '--webhook-secret=metallb-webhook-cert',
  '--webhook-http2',
  '--pod-name=controller-0',
  '--tls-min-version=VersionTLS12',
  '--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  '--tls-curve-preferences=29,4588',
  '--metrics-cert-dir=/metrics-certs',
  '--kubeconfig=/kubeconfig',
];

test('a checkout needs a namespace and nothing else', () => {
  const parsed = parseControllerOptions([], { METALLB_NAMESPACE: 'ns' }, undefined);
  expect(parsed).toMatchObject({
    ok: true,
    value: { kind: 'run', values: { namespace: 'ns', podName: '' }, unusedFlags: [] },
  });
  expect(parseControllerOptions([], {}, undefined).ok).toBe(false);
});

test('each flag of upstream is accepted, and what has no meaning says so once', () => {
  const parsed = parseControllerOptions(UPSTREAM_FLAGS, { METALLB_BGP_TYPE: 'frr' }, undefined);
  if (!parsed.ok || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  expect(parsed.value.values).toMatchObject({
    port: 7472,
    lbClass: 'example.com/metal',
    webhookHttp2: true,
    bgpType: 'frr',
    podName: 'controller-0',
  });
  expect(parsed.value.unusedFlags.map((line) => line.split(' ')[0]).sort((left = '', right = '') => left.localeCompare(right))).toEqual([
    '--pprof-bind-address',
    'METALLB_BGP_TYPE',
  ]);
});

test.each<{ argv: readonly string[]; values: object }>([
  {
    argv: [],
    values: {
      leaderElect: true,
      leaderElectLeaseDuration: 15_000_000,
      leaderElectRenewDeadline: 10_000_000,
      leaderElectRetryPeriod: 2_000_000,
    },
  },
  { argv: ['--leader-elect=false'], values: { leaderElect: false } },
  {
    argv: ['--leader-elect-lease-duration=1m', '--leader-elect-renew-deadline=40s', '--leader-elect-retry-period=1500ms'],
    values: { leaderElectLeaseDuration: 60_000_000, leaderElectRenewDeadline: 40_000_000, leaderElectRetryPeriod: 1_500_000 },
  },
])('who leads is decided as the flags say: $argv', ({ argv, values }) => {
  expect(parseControllerOptions(argv, {}, 'ns')).toMatchObject({ value: { values } });
});

describe('what is refused', () => {
  test.each<{ argv: readonly string[]; error: RegExp }>([
    {
      argv: ['--webhook-mode=only webhook'],
      error: /^--webhook-mode: "only webhook" is not allowed, want one of enabled, disabled, onlywebhook$/,
    },
    { argv: ['--log-level=trace'], error: /^--log-level: "trace" is not allowed, want one of all, debug, info, warn, error, none$/ },
    {
      argv: ['--leader-elect-lease-duration=10s'],
      error:
        /^--leader-elect-renew-deadline: a leader must give up before others take its place, want less than --leader-elect-lease-duration$/,
    },
    {
      argv: ['--leader-elect-renew-deadline=3s'],
      error: /^--leader-elect-retry-period: one lost renewal must not cost the lease, want at most half of --leader-elect-renew-deadline$/,
    },
    {
      argv: ['--leader-elect-retry-period=50ms'],
      error: /^--leader-elect-retry-period: "50ms" is not allowed, want a duration of at least 100 ms, such as 15s or 500ms$/,
    },
    { argv: ['--node-name=a'], error: /^unknown flag "--node-name=a"/ },
  ])('$argv', ({ argv, error }) => {
    const parsed = parseControllerOptions(argv, {}, 'ns');
    expect(parsed.ok ? '' : parsed.error).toMatch(error);
  });
});

test('the help text names each flag', () => {
  for (const flag of UPSTREAM_FLAGS) expect(controllerHelp()).toContain(`\n  ${flag.split('=')[0]}`);
});
