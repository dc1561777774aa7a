import type { AdmissionRequest, Verdict } from '../../admission/admission-review.ts';
import type { Clock } from '../../lib/clock.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { type Change, type ConfigurationObject, reviewChange } from '../../model/admission.ts';
import type { ConfigurationObjects } from '../../model/configuration.ts';
import type { ReviewedKind } from './configuration-kinds.ts';
import type { PendingChanges, ReadingBegan } from './pending-changes.ts';

/** What reviewing needs of the world. */
export interface ReviewWorld {
  /** Where the configuration lies. */
  readonly namespace: string;
  readonly clock: Clock;
  /** What is there, by a reading that began after this was called. Rejects when it cannot be read. */
  readonly present: () => Promise<{ readonly objects: ConfigurationObjects; readonly began: ReadingBegan }>;
  readonly pending: PendingChanges;
  /** Whether this namespace, which is not ours, has another installation, whose webhooks are asked too. Rejects when nobody can tell. */
  readonly isOfAnother: (namespace: string) => Promise<boolean>;
}

/**
 * Reviews one change against what is there and against the changes that were let in just before. Rejects when nobody can
 * tell what is there.
 */
export async function reviewRequest(kind: ReviewedKind, request: AdmissionRequest, world: ReviewWorld): Promise<Verdict> {
  const { namespace, clock, pending } = world;
  if (request.operation === 'CONNECT') return { warnings: [] };
  // What another installation uses is not ours to judge; what nobody would use is refused below.
  if (request.namespace !== namespace && (await world.isOfAnother(request.namespace))) return { warnings: [] };
  const change: Change = {
    operation: request.operation,
    kind: kind.kind,
    namespace: request.namespace,
    name: request.name,
    object: objectAs(request.object),
    oldObject: objectAs(request.oldObject),
  };
  const { objects, began } = await world.present();
  const present = withAssumedSecrets(pending.over(objects, began), change);
  const { allowed, message, warnings } = reviewChange(change, present, namespace);
  if (!allowed) return { refusal: message, warnings };
  if (!request.dryRun) pending.add(change, clock.now());
  return { warnings };
}

/** Nobody reads Secrets for a review: each that a peer names is taken for one that fits, and a condition tells later. */
function withAssumedSecrets(present: ConfigurationObjects, { object }: Change): ConfigurationObjects {
  const specs = [...present.peers, object].map((peer) => objectOf(peer?.spec));
  const names = specs.flatMap(({ passwordSecret }) => textOf(objectOf(passwordSecret).name) ?? []);
  return { ...present, secrets: [...new Set(names)].map((name) => ({ name, type: 'kubernetes.io/basic-auth', hasPassword: true })) };
}

/** The server vouches for the metadata, the rules check the spec. */
function objectAs(object: AdmissionRequest['object']): ConfigurationObject | undefined {
  return object as ConfigurationObject | undefined;
}
