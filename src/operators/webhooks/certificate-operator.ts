import type { KeyPair } from '../../admission/serving-certificate.ts';
import type { Api } from '../../kubernetes/api.ts';
import { isStatus } from '../../kubernetes/api-error.ts';
import { createObject } from '../../kubernetes/objects.ts';
import { OwnDeployment } from '../../kubernetes/own-deployment.ts';
import { objectPath } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Store } from '../../kubernetes/store.ts';
import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { type CertificateSecret, certificateData, certificateSecret, onlyNamed, SECRETS } from './certificate-secret.ts';
import { type CertificatePlan, dnsNamesOf, type FoundCertificates, planCertificates, type WebhookService } from './plan.ts';

/** Understands and makes certificates; all in PEM, all instants in milliseconds since 1970. */
export interface CertificateMaker {
  /** What is missing or unusable is absent; never throws. */
  inspect(secret: CertificateSecret): FoundCertificates;
  /** An authority of 10 years. */
  newAuthority(now: number): Promise<KeyPair>;
  /** A serving certificate of a year, no longer than its authority. */
  newCertificate(authority: KeyPair, dnsNames: readonly [string, ...string[]], now: number): Promise<KeyPair>;
  /** `bundle` without what has expired, each certificate once. */
  stillTrusted(bundle: string, now: number): string;
}

/** What keeping the certificates needs of the world. */
export interface CertificateWorld {
  /** The Secret, in the namespace of the Service. */
  readonly secretName: string;
  readonly service: WebhookService;
  readonly maker: CertificateMaker;
  /** The own Deployment, which is to own the Secret; empty for none. */
  readonly deployment: string;
}

/** How often the time that is left is looked at; a change of the Secret is looked at when it comes. */
const CHECKED_EVERY: Micros = milliseconds(12 * 3_600_000);

/**
 * Keeps the Secret of the webhooks: makes authority and certificate when they are missing or of no use, and renews them
 * in time. Every write counts on the Secret being as it was read, so that two who do this make one certificate.
 */
export class CertificateOperator extends ResourceOperator {
  readonly #world: CertificateWorld;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #deployment: OwnDeployment;
  #secrets: Store<CertificateSecret> | undefined;

  constructor(world: CertificateWorld, ports: OperatorPorts) {
    super('WebhookCertificate', ports);
    this.#world = world;
    this.#api = ports.api;
    this.#clock = ports.clock;
    this.#key = `${world.service.namespace}/${world.secretName}`;
    this.#deployment = new OwnDeployment({ api: ports.api, namespace: world.service.namespace, name: world.deployment });
  }

  protected override async init(): Promise<void> {
    const { secretName, service } = this.#world;
    const watch = { project: certificateSecret, fieldSelector: onlyNamed(secretName) };
    this.#secrets = await this.watchResource('', 'v1', SECRETS.plural, watch, service.namespace);
  }

  /** A Secret that is missing has no event. */
  protected override async prepare(): Promise<void> {
    this.queue.add(this.#key);
  }

  override async reconcile(_key: string, signal: AbortSignal): Promise<void> {
    const { maker, service } = this.#world;
    // Asked before it is needed: where the product is being removed the Deployment is gone when the Secret is missing.
    await this.#deployment.references(signal);
    const now = this.#clock.wallMilliseconds();
    const present = this.#secrets?.get(this.#key);
    const found = present === undefined ? { authority: undefined, certificate: undefined } : maker.inspect(present);
    const plan = planCertificates(found, now, dnsNamesOf(service)[0]);
    this.queue.addAfter(this.#key, CHECKED_EVERY);
    if (plan.kind === 'keep') return;
    const data = certificateData(await this.#renewed(plan, present, now));
    const written = present === undefined ? await this.#create(data, signal) : await this.#replace(present, data, signal);
    if (!written) return;
    this.logger.info(`the webhooks have a new ${plan.kind}: ${plan.reason}`, { event: 'certificateRenewed', secret: this.#key });
  }

  async #renewed(
    plan: Exclude<CertificatePlan, { kind: 'keep' }>,
    present: CertificateSecret | undefined,
    now: number,
  ): Promise<Parameters<typeof certificateData>[0]> {
    const { maker, service } = this.#world;
    const old = present?.authority ?? '';
    const kept = { certificate: old, privateKey: present?.authorityKey ?? '' };
    const signer = plan.kind === 'authority' ? await maker.newAuthority(now) : kept;
    const serving = await maker.newCertificate(signer, dnsNamesOf(service), now);
    // Those who still show a certificate of the old authority are believed until they have the new one.
    const authority = plan.kind === 'authority' ? maker.stillTrusted(`${signer.certificate}\n${old}`, now) : old;
    return { authority, authorityKey: signer.privateKey, certificate: serving.certificate, certificateKey: serving.privateKey };
  }

  /** False when somebody else was faster: what he wrote is looked at when it comes by. */
  async #create(data: object, signal: AbortSignal): Promise<boolean> {
    const { secretName: name, service } = this.#world;
    const { namespace } = service;
    const ownerReferences = await this.#deployment.references(signal);
    const metadata = { name, namespace, labels: { app: 'metallb' }, ...(ownerReferences.length > 0 && { ownerReferences }) };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
    return await unlessChanged(createObject(this.#api, { ...SECRETS, namespace }, secret, signal));
  }

  async #replace({ uid, resourceVersion }: CertificateSecret, data: object, signal: AbortSignal): Promise<boolean> {
    const { secretName: name, service } = this.#world;
    const path = objectPath(SECRETS, { namespace: service.namespace, name });
    const body = { metadata: { uid, resourceVersion }, data };
    return await unlessChanged(this.#api.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }, signal));
  }
}

async function unlessChanged(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (thrown) {
    if (isStatus(thrown, 409) || isStatus(thrown, 404)) return false;
    throw thrown;
  }
}
