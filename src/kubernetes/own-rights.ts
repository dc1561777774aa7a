import { milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { type JsonObject, listOf, objectOf, textsOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Api } from './api.ts';
import { collectionPath } from './resource.ts';
import { RIGHTS, type Right } from './rights.ts';

/** What {@link checkOwnRights} needs. */
export interface OwnRightsPorts {
  readonly api: Pick<Api, 'request'>;
  readonly log: Logger;
}

/** Which process asks, and where its configuration lies. */
export interface RightsHolder {
  readonly process: Right['process'];
  readonly namespace: string;
}

const REVIEWS = collectionPath({ group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectrulesreviews' });
/** In a namespace in which nobody gives us anything we have what we have everywhere. There is one in each cluster. */
const ELSEWHERE = 'kube-public';
const DEADLINE = milliseconds(10_000);

/**
 * Asks the API server what this process may do, by one question for its namespace and one for all, and names in one line of the log
 * whatever it lacks. It goes on all the same: rights can be given later. Where the server does not tell all it knows, nothing is
 * said, for those who need a right say so when it is refused. Never throws.
 */
export async function checkOwnRights(
  { api, log }: OwnRightsPorts,
  { process, namespace }: RightsHolder,
  signal: AbortSignal,
): Promise<void> {
  try {
    const [within, everywhere] = await Promise.all([namespace, ELSEWHERE].map((place) => rulesIn(api, place, signal)));
    if (within === undefined || everywhere === undefined) return;
    const missing = RIGHTS.filter(
      (right) => right.process === process && !(right.namespaced ? within : everywhere).some((rule) => covers(rule, right)),
    );
    if (missing.length === 0) return;
    const text = rightsText(missing, namespace);
    log.error(`permissions are missing: ${text}; apply config/rbac, or correct the rights of this service account`, { op: 'startup' });
  } catch (thrown) {
    if (!signal.aborted)
      log.debug('the API server does not tell what this process may do', { op: 'startup', error: describeError(thrown) });
  }
}

/** The rules that hold for this process in a namespace; `undefined` when there may be others. */
async function rulesIn(api: OwnRightsPorts['api'], namespace: string, signal: AbortSignal): Promise<readonly JsonObject[] | undefined> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const answer = objectOf(await api.request({ method: 'POST', path: REVIEWS, body, deadline: DEADLINE }, signal));
  const { incomplete, resourceRules } = objectOf(answer.status);
  return incomplete === true ? undefined : listOf(resourceRules).map(objectOf);
}

/** A rule for some names only gives none of the {@link RIGHTS}. */
function covers({ verbs, apiGroups, resources, resourceNames }: JsonObject, { verb, group, resource }: Right): boolean {
  const has = (list: unknown, ...words: readonly string[]): boolean => textsOf(list).some((word) => word === '*' || words.includes(word));
  const [, subresource] = resource.split('/');
  const names = subresource === undefined ? [resource] : [resource, `*/${subresource}`];
  return textsOf(resourceNames).length === 0 && has(verbs, verb) && has(apiGroups, group) && has(resources, ...names);
}

/** By what they are about: `list, watch services in all namespaces; patch services/status in all namespaces`. */
function rightsText(rights: readonly Right[], namespace: string): string {
  const verbs = new Map<string, string[]>();
  for (const { verb, group, resource, namespaced } of rights) {
    const place = namespaced ? `in namespace ${namespace}` : 'in all namespaces';
    const what = `${group === '' ? resource : `${resource}.${group}`} ${place}`;
    verbs.set(what, [...(verbs.get(what) ?? []), verb]);
  }
  return Array.from(verbs, ([what, list]) => `${list.join(', ')} ${what}`).join('; ');
}
