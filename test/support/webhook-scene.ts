import { inspectCertificates, newAuthority, newCertificate, stillTrusted } from '../../src/admission/certificate-maker.ts';
import type { Resource } from '../../src/kubernetes/resource.ts';
import type { OperatorPorts, ResourceOperator } from '../../src/kubernetes/resource-operator.ts';
import { reconcileCounters } from '../../src/kubernetes/work-queue.ts';
import { type Micros, milliseconds } from '../../src/lib/clock.ts';
import type { CertificateMaker } from '../../src/operators/webhooks/certificate-operator.ts';
import { type CertificateSecret, certificateData, certificateSecret, SECRETS } from '../../src/operators/webhooks/certificate-secret.ts';
import { eventually } from './eventually.ts';
import type { StoredObject } from './fake-api-server/object-store.ts';
import { RecordingMetrics } from './recording-metrics.ts';
import { RuntimeScene } from './runtime-scene.ts';

/** The Service of the manifests. */
export const WEBHOOK_SERVICE = { namespace: 'metallb-system', name: 'metallb-webhook-service' } as const;

/** The Secret's name in MetalLB's manifests. */
export const WEBHOOK_SECRET = 'metallb-webhook-cert';

/** The DNS names of that Service. */
export const WEBHOOK_NAMES = [
  'metallb-webhook-service.metallb-system.svc',
  'metallb-webhook-service.metallb-system.svc.cluster.local',
] as const;

/** The real one. */
export const MAKER: CertificateMaker = { inspect: inspectCertificates, newAuthority, newCertificate, stillTrusted };

/** What a Secret of the webhooks holds. */
export type CertificatePems = Parameters<typeof certificateData>[0];

/** Long enough for everything that is going to be written. */
const WHILE: Micros = milliseconds(30_000);

/** Authority and certificate, made at some moment. */
export async function certificatesMadeAt(now: number): Promise<CertificatePems> {
  const authority = await newAuthority(now);
  const { certificate, privateKey } = await newCertificate(authority, WEBHOOK_NAMES, now);
  return { authority: authority.certificate, authorityKey: authority.privateKey, certificate, certificateKey: privateKey };
}

/** Operators of the webhooks, and the fake API server they look at. */
export class WebhookScene implements AsyncDisposable {
  readonly runtime: RuntimeScene;
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];

  private constructor(runtime: RuntimeScene) {
    this.runtime = runtime;
  }

  static async open(): Promise<WebhookScene> {
    return new WebhookScene(await RuntimeScene.open());
  }

  /** Starts an operator; another one may be started beside it. */
  start(make: (ports: OperatorPorts) => ResourceOperator): void {
    const { api, stores, clock, log } = this.runtime;
    const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(new RecordingMetrics()) };
    this.#running.push(make(ports).start(this.#end.signal));
  }

  happens(what: string, holds: () => boolean, step?: Micros): Promise<void> {
    return eventually(this.runtime.clock, what, holds, step);
  }

  /** So much time that everything which is going to be written has been. */
  async rest(time: Micros = WHILE): Promise<void> {
    const { clock } = this.runtime;
    const until = clock.now() + time;
    await this.happens('time passes', () => clock.now() >= until);
  }

  put(resource: Resource, object: object): void {
    this.runtime.server.put(resource, object as StoredObject);
  }

  /** Writes the Secret, without any data when there are no `pems`. */
  putSecret(pems?: CertificatePems): void {
    const metadata = { name: WEBHOOK_SECRET, namespace: WEBHOOK_SERVICE.namespace };
    this.put(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, ...(pems && { data: certificateData(pems) }) });
  }

  /** The Secret as it is stored. */
  get secret(): CertificateSecret | undefined {
    const found = this.runtime.server.list(SECRETS).find(({ metadata }) => metadata.name === WEBHOOK_SECRET);
    return found && certificateSecret(found);
  }

  /** How many requests changed something. */
  get writes(): number {
    return this.runtime.server.requests.filter(({ method }) => method === 'PATCH' || method === 'POST').length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
    await this.runtime[Symbol.asyncDispose]();
  }
}
