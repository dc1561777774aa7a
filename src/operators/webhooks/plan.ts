import { type JsonObject, listOf, objectOf, textOf } from '../../lib/json.ts';

/** One step of a JSON patch (RFC 6902, Section 4). */
export interface PatchStep {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

/** The Service that the webhooks stand behind. */
export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
}

/** What is kept of the client configuration of one webhook: of admission, or of conversion. */
export interface WebhookClient {
  /** Absent where a URL is called instead. */
  readonly service: WebhookService | undefined;
  /** In base64, as it stands in the object; empty when there is none. */
  readonly caBundle: string;
}

/** What is kept of a ValidatingWebhookConfiguration. */
export interface WebhookConfiguration {
  readonly resourceVersion: string;
  /** In the order of the object. */
  readonly webhooks: readonly WebhookClient[];
  /** Who wrote fields of it, in no order. */
  readonly managers: readonly string[];
}

/** What is kept of a CustomResourceDefinition. */
export interface Conversion {
  readonly resourceVersion: string;
  readonly strategy: string;
  readonly client: WebhookClient;
}

/** The projection of a ValidatingWebhookConfiguration. */
export function webhookConfiguration({ metadata, webhooks }: JsonObject): WebhookConfiguration {
  const { resourceVersion, managedFields } = objectOf(metadata);
  const managers = listOf(managedFields).map((entry) => textOf(objectOf(entry).manager) ?? '');
  return {
    resourceVersion: textOf(resourceVersion) ?? '',
    webhooks: listOf(webhooks).map((webhook) => clientOf(objectOf(webhook).clientConfig)),
    managers: [...new Set(managers)],
  };
}

/** The projection of a CustomResourceDefinition. */
export function conversionOf({ metadata, spec }: JsonObject): Conversion {
  const { strategy, webhook } = objectOf(objectOf(spec).conversion);
  return {
    resourceVersion: textOf(objectOf(metadata).resourceVersion) ?? '',
    strategy: textOf(strategy) ?? 'None',
    client: clientOf(objectOf(webhook).clientConfig),
  };
}

/**
 * Puts `bundle` (in base64) into each webhook that calls `service`, and nothing else: what stands in the manifests of
 * others stays theirs. No step when all have it. The first step makes the server refuse the patch (409) when the object
 * is not the one that was looked at, for the other steps count on its order.
 */
export function planInjection(found: WebhookConfiguration, bundle: string, service: WebhookService): readonly PatchStep[] {
  const lacking = found.webhooks.flatMap(({ caBundle, service: called }, index) =>
    isSame(called, service) && caBundle !== bundle ? [index] : [],
  );
  if (lacking.length === 0) return [];
  return [
    unchangedSince(found.resourceVersion),
    ...lacking.map((index): PatchStep => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: bundle })),
  ];
}

/** What is to be done about the way in which a kind is converted between its versions. */
export type ConversionPlan =
  | { readonly kind: 'fine' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'patch'; readonly steps: readonly PatchStep[] };

/**
 * The versions of our kinds have one structure, so nothing is converted; a section that calls `service` is what MetalLB
 * left there, and nobody answers it. One that calls somebody else is left alone: it is for a person to judge.
 */
export function planConversion({ strategy, client, resourceVersion }: Conversion, service: WebhookService): ConversionPlan {
  if (strategy === 'None') return { kind: 'fine' };
  if (!isSame(client.service, service)) return { kind: 'foreign' };
  const none: PatchStep = { op: 'replace', path: '/spec/conversion', value: { strategy: 'None' } };
  return { kind: 'patch', steps: [unchangedSince(resourceVersion), none] };
}

/** An authority as it was found, with the key that signs for it. */
export interface FoundAuthority {
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** A serving certificate as it was found, with its key. */
export interface FoundCertificate {
  readonly expires: number;
  readonly dnsNames: readonly string[];
  /** Whether the authority beside it has issued it. */
  readonly issuedByAuthority: boolean;
}

/** What a Secret with certificates holds; absent is what is missing or cannot be used. */
export interface FoundCertificates {
  readonly authority: FoundAuthority | undefined;
  readonly certificate: FoundCertificate | undefined;
}

/** What is to be made new, and why, for the log. */
export type CertificatePlan =
  | { readonly kind: 'keep' }
  | { readonly kind: 'certificate'; readonly reason: string }
  | { readonly kind: 'authority'; readonly reason: string };

const DAY_MILLISECONDS = 24 * 3_600_000;
/** As MetalLB does it. */
export const RENEWED_BEFORE_MILLISECONDS: number = 90 * DAY_MILLISECONDS;

/** The names by which the API server calls a Service, the one that certificates must have first. */
export function dnsNamesOf({ namespace, name }: WebhookService): readonly [string, ...string[]] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
}

/** What is good for 90 days and has the name that counts is kept as it is, whoever made it. */
export function planCertificates(found: FoundCertificates, now: number, dnsName: string): CertificatePlan {
  const { authority, certificate } = found;
  const due = now + RENEWED_BEFORE_MILLISECONDS;
  if (authority === undefined) return { kind: 'authority', reason: 'there is no authority yet, or its key does not fit' };
  if (authority.expires < due) return { kind: 'authority', reason: `the authority ${lifeOf(authority.expires, now)}` };
  if (certificate === undefined) return { kind: 'certificate', reason: 'there is no certificate yet, or its key does not fit' };
  if (!certificate.issuedByAuthority) return { kind: 'certificate', reason: 'the certificate is not one of the authority beside it' };
  if (!certificate.dnsNames.includes(dnsName)) return { kind: 'certificate', reason: `the certificate is not for ${dnsName}` };
  if (certificate.expires < due) return { kind: 'certificate', reason: `the certificate ${lifeOf(certificate.expires, now)}` };
  return { kind: 'keep' };
}

function lifeOf(expires: number, now: number): string {
  return expires <= now ? 'has expired' : `expires within ${Math.ceil((expires - now) / DAY_MILLISECONDS)} days`;
}

function isSame(one: WebhookService | undefined, other: WebhookService): boolean {
  return one?.namespace === other.namespace && one.name === other.name;
}

function unchangedSince(resourceVersion: string): PatchStep {
  return { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion };
}

function clientOf(value: unknown): WebhookClient {
  const { service, caBundle } = objectOf(value);
  const { namespace, name } = objectOf(service);
  return {
    service: service === undefined ? undefined : { namespace: textOf(namespace) ?? '', name: textOf(name) ?? '' },
    caBundle: textOf(caBundle) ?? '',
  };
}
