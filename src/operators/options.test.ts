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
    '--cert-dir',
    '--cert-service-name',
    '--deployment',
    '--disable-cert-rotation',
    '--metrics-cert-dir',
    '--ml-secret-name',
    '--pprof-bind-address',
    '--tls-cipher-suites',
    '--tls-curve-preferences',
    '--tls-min-version',
    '--webhook-http2',
    '--webhook-mode',
    '--webhook-secret',
  ]);
});

describe('what is refused', () => {
  test.each<{ argv: readonly string[]; error: RegExp }>([
    {
      argv: ['--webhook-mode=only webhook'],
      error: /^--webhook-mode: "only webhook" is not allowed, want one of enabled, disabled, onlywebhook$/,
    },
    { argv: ['--log-level=trace'], error: /^--log-level: "trace" is not allowed, want one of all, debug, info, warn, error, none$/ },
    { argv: ['--node-name=a'], error: /^unknown flag "--node-name=a"/ },
  ])('$argv', ({ argv, error }) => {
    const parsed = parseControllerOptions(argv, {}, 'ns');
    expect(parsed.ok ? '' : parsed.error).toMatch(error);
  });
});

test('the help text names each flag', () => {
  for (const flag of UPSTREAM_FLAGS) expect(controllerHelp()).toContain(`\n  ${flag.split('=')[0]}`);
});
