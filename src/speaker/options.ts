import { COMMON_OPTIONS, type CommonOptions, completeCommonOptions, OPTION_GROUPS } from '../lib/common-options.ts';
import {
  booleanOption,
  describeOptions,
  type Environment,
  type Invocation,
  integerOption,
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

const memberlist: Pick<Wording<never>, 'group' | 'unused'> = { group: compatibility, unused: 'speakers form no memberlist' };
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
    ...memberlist,
    flag: 'ml-secret-key-path',
    env: 'METALLB_ML_SECRET_KEY_PATH',
    help: 'memberlist key',
  }),
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
