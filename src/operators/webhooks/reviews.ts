import type { AdmissionRequest, Verdict } from '../../admission/admission-review.ts';
import type { ObjectMeta } from '../../crds/meta.ts';
import type { Api } from '../../kubernetes/api.ts';
import { listObjects } from '../../kubernetes/objects.ts';
import { nameOf, type Resource } from '../../kubernetes/resource.ts';
import type { ResourceStores } from '../../kubernetes/resource-stores.ts';
import type { Project, Store } from '../../kubernetes/store.ts';
import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import type { ConfigurationKind, ConfigurationObjects } from '../../model/configuration.ts';
import { type NodeFacts, nodeFacts } from '../../model/node-facts.ts';
import { onlyNamed } from './certificate-secret.ts';
import { reviewRequest } from './change-review.ts';
import { pathOf, REVIEWED_KINDS } from './configuration-kinds.ts';
import { PendingChanges } from './pending-changes.ts';
import { SharedRead } from './shared-read.ts';

/** What reviewing changes needs of the world. */
export interface ReviewsWorld {
  /** Where the configuration lies. */
  readonly namespace: string;
  /** The Service of the webhooks, which each installation has in its own namespace. */
  readonly serviceName: string;
  readonly api: Api;
  readonly stores: ResourceStores;
  readonly clock: Clock;
  /** What caches of a kind keep, so that the cache is shared with who else looks at it. */
  readonly projectionOf: (kind: ConfigurationKind) => Project<{ readonly metadata: ObjectMeta }>;
}

/** Below the deadline of a review, so that the review can still say why there is none. */
const READ_DEADLINE: Micros = milliseconds(3_000);
/** A reading is shared by many, none of whom may end it: its deadline does, and the end of the client. */
const UNTIL_DEADLINE = new AbortController().signal;

const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' };

type Reviewer = (request: AdmissionRequest) => Promise<Verdict>;

/**
 * Who decides about changes, by the path at which the API server asks. Configuration is read from the server for each
 * review, and not from caches: `docs/decisions` says why. Nodes come from a cache: their labels rarely change.
 */
export function changeReviewers({ namespace, serviceName, api, stores, clock, projectionOf }: ReviewsWorld): ReadonlyMap<string, Reviewer> {
  const nodes = stores.open({ group: '', version: 'v1', plural: 'nodes' }, nodeFacts);
  const pending = new PendingChanges();
  for (const { kind, resource } of REVIEWED_KINDS) {
    const store = stores.open({ ...resource, namespace }, projectionOf(kind));
    store.subscribe((key) => pending.seen(kind, nameOf(key).name, store.get(key)?.metadata.uid));
  }
  const reading = new SharedRead(async () => {
    const began = pending.begin(clock.now());
    return { began, objects: await presentConfiguration(api, namespace, nodes) };
  });
  const isOfAnother = async (other: string): Promise<boolean> =>
    (await listObjects(api, { ...SERVICES, namespace: other, fieldSelector: onlyNamed(serviceName) }, READ_DEADLINE, UNTIL_DEADLINE))
      .length > 0;
  const world = { namespace, clock, pending, isOfAnother, present: () => reading.get() };
  return new Map(REVIEWED_KINDS.map((kind) => [pathOf(kind), (request) => reviewRequest(kind, request, world)]));
}

async function presentConfiguration(api: Api, namespace: string, nodes: Store<NodeFacts>): Promise<ConfigurationObjects> {
  const lists = await Promise.all(
    REVIEWED_KINDS.map(async ({ list, resource }) => {
      const objects = await listObjects(api, { ...resource, namespace }, READ_DEADLINE, UNTIL_DEADLINE);
      return [list, objects] as const;
    }),
  );
  // The server vouches for the metadata, the rules check the specs.
  const configuration = Object.fromEntries(lists) as unknown as Omit<ConfigurationObjects, 'nodes' | 'secrets'>;
  return { ...configuration, nodes: [...nodes.entries()].map(([, node]) => node), secrets: [] };
}
