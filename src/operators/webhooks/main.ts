import { followCertificateFiles } from '../../admission/certificate-files.ts';
import { inspectCertificates, newAuthority, newCertificate, stillTrusted } from '../../admission/certificate-maker.ts';
import { ServingCertificate } from '../../admission/serving-certificate.ts';
import { WebhookServer } from '../../admission/webhook-server.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { OperatorPorts } from '../../kubernetes/resource-operator.ts';
import type { Project } from '../../kubernetes/store.ts';
import { tlsSettingsOf } from '../../lib/tls-names.ts';
import type { ConfigurationKind } from '../../model/configuration.ts';
import type { ProgramPorts, Task, Work } from '../../program/work.ts';
import { type KeptObject, keptObject } from '../configuration/projection.ts';
import type { ControllerOptions } from '../options.ts';
import { poolObject } from '../pools/projection.ts';
import { CertificateOperator } from './certificate-operator.ts';
import { InjectionOperator } from './injection-operator.ts';
import { changeReviewers } from './reviews.ts';
import { ServingOperator } from './serving-operator.ts';

const MAKER = { inspect: inspectCertificates, newAuthority, newCertificate, stillTrusted };

/** The part of the controller that reviews changes of the configuration before they are taken: every replica does. */
export function reviewChanges(options: ControllerOptions, ports: ProgramPorts): Pick<Work, 'always' | 'ready'> {
  const { namespace, webhookPort: port, webhookHttp2: http2, certServiceName: serviceName } = options;
  const { log, clock } = ports;
  const certificate = new ServingCertificate();
  const reviewers = changeReviewers({ ...ports, namespace, serviceName, projectionOf });
  const server = new WebhookServer({ port, http2, tls: tlsSettingsOf(options), certificate, reviewers, clock, log });
  const showCertificate = options.disableCertRotation
    ? (signal: AbortSignal) => followCertificateFiles({ folder: options.certDir, certificate, clock, log }, signal)
    : (signal: AbortSignal) => servingOperator(options, ports, certificate).start(signal);
  return {
    ready: [{ name: 'admission webhooks', check: async () => server.fault }],
    always: async (signal) => {
      await Promise.all([server.run(signal), showCertificate(signal)]);
    },
  };
}

/** The leader keeps these caches too. */
function projectionOf(kind: ConfigurationKind): Project<KeptObject | IPAddressPool> {
  return kind === 'IPAddressPool' ? poolObject : keptObject;
}

/**
 * The part that makes and renews the certificates and tells the API server whom to trust. One does that at a time; where
 * two do, each of their writes counts on what it was decided by, so that one of them wins.
 */
export function keepCertificates(options: ControllerOptions, ports: OperatorPorts): Task {
  if (options.disableCertRotation) return async () => undefined;
  const { namespace, certServiceName: name, webhookSecret: secretName, webhookConfiguration: configuration, deployment } = options;
  const service = { namespace, name };
  const certificates = new CertificateOperator({ secretName, service, maker: MAKER, deployment }, ports);
  const injection = new InjectionOperator({ secretName, service, configuration }, ports);
  return async (signal) => {
    await Promise.all([certificates.start(signal), injection.start(signal)]);
  };
}

function servingOperator(
  { namespace, webhookSecret }: ControllerOptions,
  ports: OperatorPorts,
  certificate: ServingCertificate,
): ServingOperator {
  return new ServingOperator({ secretName: webhookSecret, namespace, show: (pair) => certificate.set(pair) }, ports);
}
