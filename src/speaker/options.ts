import { COMMON_OPTIONS, type CommonOptions, completeCommonOptions, OPTION_GROUPS } from '../lib/common-options.ts';
import {
  booleanOption,
  describeOptions,
  type Environment,
  type Invocation,
  integerOption,
  type Option,
  type OptionTable,
  parseOptions,
  textOption,
  type Wording,
} from '../lib/go-flags.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** What the speaker is told by flags and environment. */
export interface SpeakerOptions extends CommonOptions {
  /** The node whose wire this speaker serves. */
  readonly nodeName: string;
  /** Announce also from nodes labelled `node.kubernetes.io/exclude-from-external-load-balancers`. */
  readonly ignoreExcludeLb: boolean;
  readonly host: string;
  readonly memberlistBindAddress: string;
  readonly memberlistBindPort: number;
  readonly memberlistLabels: string;
  readonly memberlistSecretKeyPath: string;
  readonly memberlistWanConfig: boolean;
  /** Between two hellos of a speaker that announces something; 0 when speakers do not watch each other. */
  readonly helloMilliseconds: number;
  readonly idleHelloMilliseconds: number;
  readonly speakerGraceSeconds: number;
  readonly restartGraceSeconds: number;
  /** Where kube-proxy of this node says that it is well, `HOST:PORT`; empty when it is not asked. */
  readonly kubeProxyHealth: string;
  /** How long routers have to move their traffic from a node that is to leave. */
  readonly bgpDrainSeconds: number;
  /** Where BGP peers may connect to this node; 0 for nowhere. */
  readonly bgpListenPort: number;
  /** What is kept there outlives the process, and not the kernel. Empty for none. */
  readonly stateDirectory: string;
  readonly bgpDebounceMilliseconds: number;
  readonly frrk8sNamespace: string;
  readonly frrk8sSecretPassthrough: boolean;
  readonly frrConfigFile: string;
  readonly frrReloaderPidFile: string;
  readonly frrLoggingLevel: string;
}

const { kubernetes, compatibility } = OPTION_GROUPS;
const MEMBERLIST_PORT = 7946;
const DEBOUNCE_MILLISECONDS = 3_000;
/** Go keeps the number in a signed 64-bit integer; a day is more than anybody waits for a route. */
const DEBOUNCE_RANGE = { least: 1, most: 86_400_000 };
const PORT_RANGE = { least: 0, most: 65_535 };

const memberlist: Pick<Wording<never>, 'group' | 'unused'> = { group: compatibility, unused: 'speakers hear each other on the segment' };
const LAYER_2 = 'Layer 2';
/** A hello says its pause in 16 bits; below 50 ms a busy machine would be taken for a dead one. */
const HELLO_RANGE = { least: 50, most: 10_000 };
/** Longer than anybody waits for a node. */
const DRAIN_RANGE = { least: 0, most: 3_600 };
const GRACE_RANGE = { least: 0, most: 86_400 };
const frr: Pick<Wording<never>, 'group' | 'unused'> = { group: compatibility, unused: 'routes are announced without FRR' };

const OPTIONS: OptionTable<SpeakerOptions> = {
  ...COMMON_OPTIONS,
  nodeName: textOption('NAME', { flag: 'node-name', env: 'METALLB_NODE_NAME', group: kubernetes, help: 'own node, required' }),
  ignoreExcludeLb: booleanOption({
    flag: 'ignore-exclude-lb',
    group: kubernetes,
    help: 'announce from nodes labelled exclude-from-external-load-balancers too',
  }),
  host: textOption('ADDRESS', {
    flag: 'host',
    env: 'METALLB_HOST',
    group: compatibility,
    help: 'own address',
    unused: 'it was deprecated, the node object tells the address',
  }),
  memberlistBindAddress: textOption('ADDRESS', {
    ...memberlist,
    flag: 'ml-bindaddr',
    env: 'METALLB_ML_BIND_ADDR',
    help: 'memberlist address',
  }),
  memberlistBindPort: integerOption(MEMBERLIST_PORT, PORT_RANGE, {
    ...memberlist,
    flag: 'ml-bindport',
    env: 'METALLB_ML_BIND_PORT',
    help: 'memberlist port',
  }),
  memberlistLabels: textOption('SELECTOR', {
    ...memberlist,
    flag: 'ml-labels',
    env: 'METALLB_ML_LABELS',
    help: 'pods of the other speakers',
  }),
  memberlistSecretKeyPath: textOption('DIR', {
    flag: 'ml-secret-key-path',
    env: 'METALLB_ML_SECRET_KEY_PATH',
    group: LAYER_2,
    help: 'folder of the file secretkey, which signs what speakers say to each other',
  }),
  helloMilliseconds: helloOption(100, {
    flag: 'hello-interval',
    env: 'TYPEMETAL_HELLO_INTERVAL',
    group: LAYER_2,
    help: 'milliseconds between two hellos of a speaker that announces addresses; a dead node is replaced after three; 0 for none',
  }),
  idleHelloMilliseconds: integerOption(1_000, HELLO_RANGE, {
    flag: 'idle-hello-interval',
    env: 'TYPEMETAL_IDLE_HELLO_INTERVAL',
    group: LAYER_2,
    help: 'the same for a speaker that announces none',
  }),
  speakerGraceSeconds: integerOption(30, GRACE_RANGE, {
    flag: 'speaker-grace',
    env: 'TYPEMETAL_SPEAKER_GRACE',
    group: LAYER_2,
    help: 'seconds for which a node keeps its addresses while its kernel answers and its speaker does not',
  }),
  restartGraceSeconds: integerOption(300, GRACE_RANGE, {
    flag: 'restart-grace',
    env: 'TYPEMETAL_RESTART_GRACE',
    group: LAYER_2,
    help: 'the same after the speaker was told to end, as in a roll-out',
  }),
  kubeProxyHealth: healthOption('127.0.0.1:10256', {
    flag: 'kube-proxy-health',
    env: 'TYPEMETAL_KUBE_PROXY_HEALTH',
    group: LAYER_2,
    help: 'HOST:PORT at which kube-proxy says that it is well: a node that was just started waits for that, half a minute at most; 0 for not',
  }),
  bgpDrainSeconds: integerOption(5, DRAIN_RANGE, {
    flag: 'bgp-drain',
    env: 'TYPEMETAL_BGP_DRAIN',
    group: 'BGP',
    help: 'seconds for which routers are told to prefer other nodes before the routes of one that is to leave are taken back',
  }),
  bgpListenPort: integerOption(0, PORT_RANGE, {
    flag: 'bgp-listen-port',
    env: 'TYPEMETAL_BGP_LISTEN_PORT',
    group: 'BGP',
    help: 'port at which BGP peers may connect to this node, as a rule 179; 0 to connect to them only',
  }),
  stateDirectory: textOption(
    'DIR',
    {
      flag: 'state-directory',
      env: 'TYPEMETAL_STATE_DIRECTORY',
      group: kubernetes,
      help: 'folder of what a restarted speaker has to know of the last one; a restart of the node empties it',
    },
    '/run/typemetal',
  ),
  memberlistWanConfig: booleanOption({ ...memberlist, flag: 'ml-wan-config', help: 'memberlist timers for slow networks' }),
  bgpDebounceMilliseconds: integerOption(DEBOUNCE_MILLISECONDS, DEBOUNCE_RANGE, {
    ...frr,
    flag: 'bgp-debounce-timeout',
    env: 'METALLB_BGP_DEBOUNCE_TIMEOUT',
    help: 'milliseconds between two reloads of FRR',
  }),
  frrk8sNamespace: textOption('NAME', { ...frr, flag: 'frrk8s-namespace', env: 'FRRK8S_NAMESPACE', help: 'namespace of frr-k8s' }),
  frrk8sSecretPassthrough: booleanOption({ ...frr, flag: 'frrk8s-secret-passthrough', help: 'hand secrets to frr-k8s' }),
  frrConfigFile: textOption('PATH', { ...frr, env: 'FRR_CONFIG_FILE', help: 'configuration of FRR' }),
  frrReloaderPidFile: textOption('PATH', { ...frr, env: 'FRR_RELOADER_PID_FILE', help: 'process that reloads FRR' }),
  frrLoggingLevel: textOption('LEVEL', { ...frr, env: 'FRR_LOGGING_LEVEL', help: 'log level of FRR' }),
};

/** Where a server of health probes listens; `0`, as nothing at all, for nowhere. */
function healthOption(fallback: string, wording: Wording<string>): Option<string> {
  const option = textOption('HOST:PORT', wording, fallback);
  const read: Option<string>['read'] = (text) => {
    if (text === '0' || text === '') return ok('');
    const port = Number(/^(?:[\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})$/.exec(text)?.[1]);
    return port > 0 && port <= PORT_RANGE.most ? ok(text) : err('HOST:PORT, or 0');
  };
  return { ...option, read };
}

/** A pause between hellos, or 0. */
function helloOption(fallback: number, wording: Wording<number>): Option<number> {
  const option = integerOption(fallback, HELLO_RANGE, wording);
  return { ...option, read: (text) => (text === '0' ? ok(0) : option.read(text)) };
}

/**
 * Reads the speaker's command line. `serviceAccountNamespace` is what Kubernetes mounts into a pod, undefined
 * elsewhere. The error is one line for the person who started it.
 */
export function parseSpeakerOptions(
  argv: readonly string[],
  env: Environment,
  serviceAccountNamespace: string | undefined,
): Result<Invocation<SpeakerOptions>, string> {
  const parsed = parseOptions(OPTIONS, argv, env);
  if (!parsed.ok || parsed.value.kind !== 'run') return parsed;
  const values = completeCommonOptions(parsed.value.values, serviceAccountNamespace);
  if (!values.ok) return values;
  if (values.value.nodeName === '') return err('--node-name: no node name is given, want --node-name=NAME or METALLB_NODE_NAME');
  return ok({ kind: 'run', values: values.value, unusedFlags: parsed.value.unusedFlags });
}

/** The text of `speaker --help`. */
export function speakerHelp(): string {
  return describeOptions('speaker: makes the network send traffic for the addresses of Services to this node.', OPTIONS);
}
