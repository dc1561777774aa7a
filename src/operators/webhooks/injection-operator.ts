import type { Api } from '../../kubernetes/api.ts';
import { isStatus } from '../../kubernetes/api-error.ts';
import { objectPath, type Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Store } from '../../kubernetes/store.ts';
import type { Clock } from '../../lib/clock.ts';
import { type CertificateSecret, certificateSecret, onlyNamed, SECRETS } from './certificate-secret.ts';
import {
  type Conversion,
  conversionOf,
  type PatchStep,
  planConversion,
  planInjection,
  type WebhookConfiguration,
  type WebhookService,
  webhookConfiguration,
} from './plan.ts';
import { WritePace } from './write-pace.ts';

/** What telling the API server whom to trust needs of the world. */
export interface InjectionWorld {
  readonly secretName: string;
  /** The ValidatingWebhookConfiguration of this installation; there are rights to no other. */
  readonly configuration: string;
  readonly service: WebhookService;
}

const CONFIGURATIONS: Resource = { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingwebhookconfigurations' };
const DEFINITIONS: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };
const PEERS = 'bgppeers.metallb.io';
/** In managedFields, so that it is seen who wrote what. */
const FIELD_MANAGER = 'typemetal';

/**
 * Keeps what the API server knows of the webhooks: the authority to trust in the ValidatingWebhookConfiguration, and no
 * conversion webhook in the definition of BGPPeer. Only these fields are written, and again when somebody resets them.
 */
export class InjectionOperator extends ResourceOperator {
  readonly #world: InjectionWorld;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #paces: ReadonlyMap<string, WritePace>;
  #secrets: Store<CertificateSecret> | undefined;
  #configurations: Store<WebhookConfiguration> | undefined;
  #definitions: Store<Conversion> | undefined;
  #saidForeign: boolean = false;

  constructor(world: InjectionWorld, ports: OperatorPorts) {
    super('WebhookConfiguration', ports);
    this.#world = world;
    this.#api = ports.api;
    this.#clock = ports.clock;
    this.#paces = new Map([world.configuration, PEERS].map((name) => [name, new WritePace()]));
  }

  protected override async init(): Promise<void> {
    const { secretName, service, configuration } = this.#world;
    const secretWatch = { project: certificateSecret, fieldSelector: onlyNamed(secretName), names: () => [configuration] };
    this.#secrets = await this.watchResource('', 'v1', SECRETS.plural, secretWatch, service.namespace);
    const { group, version, plural } = CONFIGURATIONS;
    const configurationWatch = { project: webhookConfiguration, fieldSelector: onlyNamed(configuration) };
    this.#configurations = await this.watchResource(group, version, plural, configurationWatch);
    const definitionWatch = { project: conversionOf, fieldSelector: onlyNamed(PEERS) };
    this.#definitions = await this.watchResource(DEFINITIONS.group, DEFINITIONS.version, DEFINITIONS.plural, definitionWatch);
  }

  override async reconcile(name: string, signal: AbortSignal): Promise<void> {
    if (name === PEERS) await this.#endConversion(signal);
    else await this.#inject(signal);
  }

  async #inject(signal: AbortSignal): Promise<void> {
    const { secretName, service, configuration } = this.#world;
    const found = this.#configurations?.get(configuration);
    const bundle = this.#secrets?.get(`${service.namespace}/${secretName}`)?.bundle ?? '';
    if (found === undefined || bundle === '') return;
    const steps = planInjection(found, bundle, service);
    const others = found.managers.filter((manager) => manager !== FIELD_MANAGER).join(', ');
    const fight = `${configuration} loses its caBundle again and again: whoever replaces it (its field managers: ${others}) must leave /webhooks/*/clientConfig/caBundle alone`;
    if (!(await this.#write(CONFIGURATIONS, configuration, steps, fight, signal))) return;
    this.logger.info(`the authority of Secret ${secretName} is trusted in ${configuration}`, { event: 'caBundleInjected' });
  }

  async #endConversion(signal: AbortSignal): Promise<void> {
    const found = this.#definitions?.get(PEERS);
    if (found === undefined) return;
    const plan = planConversion(found, this.#world.service);
    if (plan.kind === 'foreign' && !this.#saidForeign) {
      this.logger.warn(
        `the definition ${PEERS} converts by a webhook that is not ours, and was left alone: when nobody answers it, apply config/crd or set spec.conversion to {strategy: None}`,
        { op: 'conversion' },
      );
    }
    this.#saidForeign = plan.kind === 'foreign';
    if (plan.kind !== 'patch') return;
    const fight = `${PEERS} gets its conversion webhook again and again: who applies MetalLB's definitions must apply those of config/crd instead`;
    if (!(await this.#write(DEFINITIONS, PEERS, plan.steps, fight, signal))) return;
    this.logger.info(`the definition ${PEERS} had a conversion webhook and needs none: it was taken out`, { event: 'conversionEnded' });
  }

  /** False when nothing was written: there is nothing to write, it is too early, or the object has changed and is decided anew. */
  async #write(resource: Resource, name: string, steps: readonly PatchStep[], fight: string, signal: AbortSignal): Promise<boolean> {
    const pace = this.#paces.get(name);
    if (steps.length === 0 || pace === undefined) return false;
    const wait = pace.waitAt(this.#clock.now());
    if (wait > 0) {
      this.queue.addAfter(name, wait);
      return false;
    }
    const path = objectPath(resource, { name });
    const query = { fieldManager: FIELD_MANAGER };
    try {
      await this.#api.request({ method: 'PATCH', path, query, body: steps, contentType: 'application/json-patch+json' }, signal);
    } catch (thrown) {
      if (isStatus(thrown, 409) || isStatus(thrown, 404)) return false;
      throw thrown;
    }
    if (pace.wrote(this.#clock.now())) this.logger.warn(fight, { op: 'inject' });
    return true;
  }
}
