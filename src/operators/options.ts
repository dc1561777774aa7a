import { type Micros, milliseconds } from '../lib/clock.ts';
import { COMMON_OPTIONS, type CommonOptions, completeCommonOptions, OPTION_GROUPS } from '../lib/common-options.ts';
import {
  booleanOption,
  choiceOption,
  describeOptions,
  durationOption,
  type Environment,
  type Invocation,
  integerOption,
  type OptionTable,
  parseOptions,
  textOption,
} from '../lib/go-flags.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** Which parts of the controller run: all, all but admission, or admission alone. */
export type WebhookMode = 'enabled' | 'disabled' | 'onlywebhook';

/** What the controller is told by flags and environment. */
export interface ControllerOptions extends CommonOptions {
  readonly webhookMode: WebhookMode;
  readonly memberlistSecretName: string;
  readonly deployment: string;
  readonly disableCertRotation: boolean;
  readonly certDir: string;
  readonly certServiceName: string;
  readonly webhookSecret: string;
  readonly webhookConfiguration: string;
  readonly webhookHttp2: boolean;
  readonly webhookPort: number;
  /** Whether this replica asks who leads, before it gives addresses. */
  readonly leaderElect: boolean;
  readonly leaderElectLeaseDuration: Micros;
  readonly leaderElectRenewDeadline: Micros;
  readonly leaderElectRetryPeriod: Micros;
}

const { compatibility } = OPTION_GROUPS;
const ADMISSION = 'Admission webhooks';
const REPLICAS = 'Replicas';
/** A network needs this long at times. */
const SHORTEST_PERIOD = milliseconds(100);
const WEBHOOK_PORT = 9443;

const OPTIONS: OptionTable<ControllerOptions> = {
  ...COMMON_OPTIONS,
  webhookMode: choiceOption<WebhookMode>(['enabled', 'disabled', 'onlywebhook'], 'enabled', {
    flag: 'webhook-mode',
    group: ADMISSION,
    help: 'onlywebhook leaves pools and Services to another controller',
  }),
  webhookPort: integerOption(
    WEBHOOK_PORT,
    { least: 1, most: 65_535 },
    { flag: 'webhook-port', group: ADMISSION, help: 'port of the webhooks' },
  ),
  webhookHttp2: booleanOption({ flag: 'webhook-http2', group: ADMISSION, help: 'offer HTTP/2 beside HTTP/1.1' }),
  webhookSecret: textOption(
    'NAME',
    { flag: 'webhook-secret', group: ADMISSION, help: 'secret with authority and certificate, made and renewed by the controller' },
    'metallb-webhook-cert',
  ),
  webhookConfiguration: textOption(
    'NAME',
    {
      flag: 'webhook-configuration',
      group: ADMISSION,
      help: 'ValidatingWebhookConfiguration that is told whom to trust; another installation in the cluster has its own',
    },
    'metallb-webhook-configuration',
  ),
  certServiceName: textOption(
    'NAME',
    { flag: 'cert-service-name', group: ADMISSION, help: 'service of the webhooks, whose DNS names the certificate has' },
    'metallb-webhook-service',
  ),
  disableCertRotation: booleanOption({
    flag: 'disable-cert-rotation',
    group: ADMISSION,
    help: 'make no certificates: tls.crt and tls.key of --cert-dir are used and followed, and others see to the caBundle',
  }),
  certDir: textOption(
    'DIR',
    { flag: 'cert-dir', group: ADMISSION, help: 'where certificates from outside lie' },
    '/tmp/k8s-webhook-server/serving-certs',
  ),
  memberlistSecretName: textOption('NAME', {
    flag: 'ml-secret-name',
    env: 'METALLB_ML_SECRET_NAME',
    group: compatibility,
    help: "Secret to create for the memberlist of MetalLB's speakers; our own need none",
  }),
  deployment: textOption('NAME', {
    flag: 'deployment',
    env: 'METALLB_DEPLOYMENT',
    group: compatibility,
    help: 'own Deployment, the owner of that Secret',
  }),
  leaderElect: booleanOption(
    { flag: 'leader-elect', group: REPLICAS, help: 'one of several replicas gives addresses, the others wait [default true]' },
    true,
  ),
  leaderElectLeaseDuration: durationOption('15s', SHORTEST_PERIOD, {
    flag: 'leader-elect-lease-duration',
    group: REPLICAS,
    help: 'how long the others let a leader be silent; rounded up to seconds',
  }),
  leaderElectRenewDeadline: durationOption('10s', SHORTEST_PERIOD, {
    flag: 'leader-elect-renew-deadline',
    group: REPLICAS,
    help: 'how long a leader goes on without a renewal',
  }),
  leaderElectRetryPeriod: durationOption('2s', SHORTEST_PERIOD, {
    flag: 'leader-elect-retry-period',
    group: REPLICAS,
    help: 'time between renewals',
  }),
};

/**
 * Reads the controller's command line. `serviceAccountNamespace` is what Kubernetes mounts into a pod, undefined
 * elsewhere. The error is one line for the person who started it.
 */
export function parseControllerOptions(
  argv: readonly string[],
  env: Environment,
  serviceAccountNamespace: string | undefined,
): Result<Invocation<ControllerOptions>, string> {
  const parsed = parseOptions(OPTIONS, argv, env);
  if (!parsed.ok || parsed.value.kind !== 'run') return parsed;
  const values = completeCommonOptions(parsed.value.values, serviceAccountNamespace);
  if (!values.ok) return values;
  const { leaderElectLeaseDuration, leaderElectRenewDeadline, leaderElectRetryPeriod } = values.value;
  if (leaderElectRenewDeadline >= leaderElectLeaseDuration) {
    return err(
      '--leader-elect-renew-deadline: a leader must give up before others take its place, want less than --leader-elect-lease-duration',
    );
  }
  if (leaderElectRetryPeriod * 2 > leaderElectRenewDeadline) {
    return err('--leader-elect-retry-period: one lost renewal must not cost the lease, want at most half of --leader-elect-renew-deadline');
  }
  return ok({ kind: 'run', values: values.value, unusedFlags: parsed.value.unusedFlags });
}

/** The text of `controller --help`. */
export function controllerHelp(): string {
  return describeOptions('controller: gives addresses of pools to Services of type LoadBalancer.', OPTIONS);
}
