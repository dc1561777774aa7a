import { describe, expect, test } from '@jest/globals';
import { COMMON_OPTIONS, type CommonOptions, completeCommonOptions } from './common-options.ts';
import { type Environment, parseOptions } from './go-flags.ts';

function optionsOf(argv: readonly string[], env: Environment = {}): CommonOptions {
  const parsed = parseOptions(COMMON_OPTIONS, argv, env);
  if (!parsed.ok || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.value.values;
}

test('nothing given: the documented defaults', () => {
  expect(optionsOf([])).toEqual({
    kubeconfig: '',
    namespace: '',
    podName: '',
    lbClass: '',
    logLevel: 'info',
    port: 9120,
    healthProbePort: 17_472,
    bgpType: 'native',
    pprofBindAddress: '',
    tlsMinVersion: '',
    tlsCipherSuites: [],
    tlsCurvePreferences: [],
    metricsCertDir: '',
  });
});

describe('the namespace', () => {
  test.each<{ argv: readonly string[]; env: Environment; mounted: string | undefined; namespace: string }>([
    { argv: ['--namespace=flag'], env: { METALLB_NAMESPACE: 'env' }, mounted: 'mounted', namespace: 'flag' },
    { argv: [], env: { METALLB_NAMESPACE: 'env' }, mounted: 'mounted', namespace: 'env' },
    { argv: [], env: {}, mounted: 'mounted\n', namespace: 'mounted' },
    { argv: ['--namespace='], env: { METALLB_NAMESPACE: 'env' }, mounted: 'mounted', namespace: 'mounted' },
  ])('$argv, $env, $mounted: $namespace', ({ argv, env, mounted, namespace }) => {
    expect(completeCommonOptions(optionsOf(argv, env), mounted)).toMatchObject({ ok: true, value: { namespace } });
  });

  test.each([undefined, '', ' \n'])('is asked for when nothing tells it (mounted %j)', (mounted) => {
    expect(completeCommonOptions(optionsOf([]), mounted)).toEqual({
      ok: false,
      error: '--namespace: no namespace is given and this is not a pod, want --namespace=NAME or METALLB_NAMESPACE',
    });
  });
});

describe('TLS', () => {
  test.each([
    ['--tls-min-version=VersionTLS12', '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    ['--tls-min-version=VersionTLS13', '--tls-curve-preferences=29,4588'],
    ['--tls-min-version='],
  ])('%s %s is accepted', (...argv) => {
    expect(completeCommonOptions(optionsOf(argv), 'ns').ok).toBe(true);
  });

  test.each([[[]], [['--tls-min-version=VersionTLS13']]])('cipher suites with %j are refused', (argv) => {
    expect(completeCommonOptions(optionsOf(['--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA', ...argv]), 'ns')).toEqual({
      ok: false,
      error: '--tls-cipher-suites: cipher suites cannot be configured with TLS 1.3, want --tls-min-version=VersionTLS12 beside it',
    });
  });
});
