import type { KeyPair, SetOutcome } from '../../admission/serving-certificate.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Store } from '../../kubernetes/store.ts';
import { type CertificateSecret, certificateSecret, onlyNamed, SECRETS } from './certificate-secret.ts';

/** What showing the certificate needs of the world. */
export interface ServingWorld {
  readonly secretName: string;
  readonly namespace: string;
  /** Shows a pair from now on, if it can be shown. */
  readonly show: (pair: KeyPair) => SetOutcome;
}

/** Shows the certificate of the Secret, in every replica: who made it, and when, does not matter. */
export class ServingOperator extends ResourceOperator {
  readonly #world: ServingWorld;
  #secrets: Store<CertificateSecret> | undefined;
  #saidUnusable: boolean = false;

  constructor(world: ServingWorld, ports: OperatorPorts) {
    super('WebhookServing', ports, { worksOffline: true });
    this.#world = world;
  }

  protected override async init(): Promise<void> {
    const { secretName, namespace } = this.#world;
    const watch = { project: certificateSecret, fieldSelector: onlyNamed(secretName) };
    this.#secrets = await this.watchResource('', 'v1', SECRETS.plural, watch, namespace);
  }

  override async reconcile(key: string): Promise<void> {
    const secret = this.#secrets?.get(key);
    if (secret === undefined) return;
    const outcome = this.#world.show({ certificate: secret.certificate, privateKey: secret.certificateKey });
    if (outcome === 'shown') this.logger.info('the webhooks show another certificate', { event: 'certificateLoaded', secret: key });
    if (outcome === 'unusable' && !this.#saidUnusable) {
      this.logger.info(`Secret ${key} holds no certificate with its key yet; the leader makes them`, { event: 'certificateMissing' });
    }
    this.#saidUnusable = outcome === 'unusable';
  }
}
