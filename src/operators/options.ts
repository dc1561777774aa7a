import { COMMON_OPTIONS, type CommonOptions, completeCommonOptions, OPTION_GROUPS } from '../lib/common-options.ts';
import {
  booleanOption,
  choiceOption,
  describeOptions,
  type Environment,
  type Invocation,
  type OptionTable,
  parseOptions,
  textOption,
} from '../lib/go-flags.ts';
import { ok, type Result } from '../lib/result.ts';

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
  readonly webhookHttp2: boolean;
}

const { compatibility } = OPTION_GROUPS;
const NO_WEBHOOK = 'no admission webhook is served';
const NO_MEMBERLIST = 'speakers need no memberlist secret';

const OPTIONS: OptionTable<ControllerOptions> = {
  ...COMMON_OPTIONS,
  webhookMode: choiceOption<WebhookMode>(['enabled', 'disabled', 'onlywebhook'], 'enabled', {
    flag: 'webhook-mode',
    group: compatibility,
    help: 'onlywebhook leaves pools and Services to another controller',
    unused: (text) => (text === 'enabled' ? NO_WEBHOOK : undefined),
  }),
  memberlistSecretName: textOption('NAME', {
    flag: 'ml-secret-name',
    env: 'METALLB_ML_SECRET_NAME',
    group: compatibility,
    help: 'memberlist secret to create',
    unused: NO_MEMBERLIST,
  }),
  deployment: textOption('NAME', {
    flag: 'deployment',
    env: 'METALLB_DEPLOYMENT',
    group: compatibility,
    help: 'owner of that secret',
    unused: NO_MEMBERLIST,
  }),
  disableCertRotation: booleanOption({
    flag: 'disable-cert-rotation',
    group: compatibility,
    help: 'webhook certificates come from outside',
    unused: NO_WEBHOOK,
  }),
  certDir: textOption('DIR', { flag: 'cert-dir', group: compatibility, help: 'webhook certificates', unused: NO_WEBHOOK }),
  certServiceName: textOption('NAME', {
    flag: 'cert-service-name',
    group: compatibility,
    help: 'DNS name in the webhook certificate',
    unused: NO_WEBHOOK,
  }),
  webhookSecret: textOption('NAME', {
    flag: 'webhook-secret',
    group: compatibility,
    help: 'secret with the webhook certificate',
    unused: NO_WEBHOOK,
  }),
  webhookHttp2: booleanOption({ flag: 'webhook-http2', group: compatibility, help: 'HTTP/2 on the webhook', unused: NO_WEBHOOK }),
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
  return ok({ kind: 'run', values: values.value, unusedFlags: parsed.value.unusedFlags });
}

/** The text of `controller --help`. */
export function controllerHelp(): string {
  return describeOptions('controller: gives addresses of pools to Services of type LoadBalancer.', OPTIONS);
}
