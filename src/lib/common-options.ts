import { choiceOption, integerOption, listOption, type OptionTable, textOption } from './go-flags.ts';
import { err, ok, type Result } from './result.ts';
import { CIPHER_SUITES, GROUP_NUMBERS } from './tls-names.ts';

/** The words that `--log-level` takes. */
export type LogLevelOption = 'all' | 'debug' | 'info' | 'warn' | 'error' | 'none';

/** The BGP implementations between which upstream chooses. */
export type BgpType = 'native' | 'frr' | 'frr-k8s';

/** The least TLS version that a server of this program accepts; empty means the default, 1.3. */
export type TlsMinVersion = '' | 'VersionTLS12' | 'VersionTLS13';

/** What the controller and the speaker are both told by flags and environment. */
export interface CommonOptions {
  /** Path of one kubeconfig; empty means what the environment and the pod offer. */
  readonly kubeconfig: string;
  /** Where configuration and status objects live. */
  readonly namespace: string;
  /** The own pod; empty when the program does not run in one. */
  readonly podName: string;
  /** Services of this load-balancer class are served; empty means those without a class. */
  readonly lbClass: string;
  readonly logLevel: LogLevelOption;
  /** Port of the metrics; 0 means none. */
  readonly port: number;
  /** Port of the health probes; 0 means none. */
  readonly healthProbePort: number;
  readonly bgpType: BgpType;
  readonly pprofBindAddress: string;
  readonly tlsMinVersion: TlsMinVersion;
  readonly tlsCipherSuites: readonly string[];
  readonly tlsCurvePreferences: readonly string[];
  readonly metricsCertDir: string;
}

/** The headings of the help text. */
export const OPTION_GROUPS: Readonly<Record<'kubernetes' | 'serving' | 'compatibility', string>> = {
  kubernetes: 'Kubernetes',
  serving: 'Logs, metrics and health',
  compatibility: 'Accepted for compatibility',
};

const PORT_RANGE = { least: 0, most: 65_535 };
const DEFAULT_METRICS_PORT = 9120;
const DEFAULT_HEALTH_PORT = 17_472;
const LOG_LEVELS: readonly LogLevelOption[] = ['all', 'debug', 'info', 'warn', 'error', 'none'];
const BGP_TYPES: readonly BgpType[] = ['native', 'frr', 'frr-k8s'];
const TLS_VERSIONS: readonly TlsMinVersion[] = ['', 'VersionTLS12', 'VersionTLS13'];

const { kubernetes, serving, compatibility } = OPTION_GROUPS;

/** The definitions of {@link CommonOptions}; each program spreads them into its own table. */
export const COMMON_OPTIONS: OptionTable<CommonOptions> = {
  kubeconfig: textOption('PATH', {
    flag: 'kubeconfig',
    group: kubernetes,
    help: 'how to reach the API server; without it the files of KUBECONFIG, then the service account of the pod',
  }),
  namespace: textOption('NAME', {
    flag: 'namespace',
    env: 'METALLB_NAMESPACE',
    group: kubernetes,
    help: 'namespace of the configuration; in a pod, its own',
  }),
  podName: textOption('NAME', { flag: 'pod-name', env: 'METALLB_POD_NAME', group: kubernetes, help: 'own pod' }),
  lbClass: textOption('CLASS', {
    flag: 'lb-class',
    group: kubernetes,
    help: 'serve Services of this load-balancer class instead of those without one',
  }),
  logLevel: choiceOption(LOG_LEVELS, 'info', { flag: 'log-level', group: serving, help: 'least severe level that is logged' }),
  port: integerOption(DEFAULT_METRICS_PORT, PORT_RANGE, {
    flag: 'port',
    group: serving,
    help: 'port of /metrics over HTTPS, on all addresses; 0 for none',
  }),
  healthProbePort: integerOption(DEFAULT_HEALTH_PORT, PORT_RANGE, {
    flag: 'health-probe-port',
    group: serving,
    help: 'port of /healthz and /readyz, 0 for none',
  }),
  bgpType: choiceOption(BGP_TYPES, 'native', {
    env: 'METALLB_BGP_TYPE',
    group: compatibility,
    help: 'BGP implementation',
    unused: 'one BGP implementation does what all of them do',
  }),
  pprofBindAddress: textOption('HOST:PORT', {
    flag: 'pprof-bind-address',
    group: compatibility,
    help: 'Go profiles',
    unused: 'this is no Go program; start Node with --cpu-prof for a profile',
  }),
  tlsMinVersion: choiceOption(TLS_VERSIONS, '', {
    flag: 'tls-min-version',
    group: serving,
    help: 'least TLS version of the servers; VersionTLS13 unless told',
  }),
  tlsCipherSuites: listOption('NAMES', CIPHER_SUITES, {
    flag: 'tls-cipher-suites',
    group: serving,
    help: 'cipher suites of the servers, for TLS 1.2',
  }),
  tlsCurvePreferences: listOption('NUMBERS', GROUP_NUMBERS, {
    flag: 'tls-curve-preferences',
    group: serving,
    help: 'TLS groups of the servers, by number, such as 29,4588',
  }),
  metricsCertDir: textOption('DIR', {
    flag: 'metrics-cert-dir',
    group: serving,
    help: 'where tls.crt and tls.key of the metrics lie, read anew each minute; without it a certificate is made at the start',
  }),
};

/**
 * Checks what single options cannot say, and fills in the namespace: the flag, then the environment, then
 * `serviceAccountNamespace`, the content of the file that Kubernetes mounts into a pod (undefined outside of one).
 */
export function completeCommonOptions<Values extends CommonOptions>(
  values: Values,
  serviceAccountNamespace: string | undefined,
): Result<Values, string> {
  const namespace = values.namespace !== '' ? values.namespace : (serviceAccountNamespace ?? '').trim();
  if (namespace === '') return err('--namespace: no namespace is given and this is not a pod, want --namespace=NAME or METALLB_NAMESPACE');
  if (values.tlsCipherSuites.length > 0 && values.tlsMinVersion !== 'VersionTLS12') {
    return err('--tls-cipher-suites: cipher suites cannot be configured with TLS 1.3, want --tls-min-version=VersionTLS12 beside it');
  }
  return ok({ ...values, namespace });
}
