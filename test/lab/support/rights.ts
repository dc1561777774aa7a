import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Write } from '../../../hack/lab/audit-log.ts';

const RIGHTS = join(import.meta.dirname, '../../../config/rbac');

interface Role {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Each right that the manifests give an account, as `verb resource.group`. */
export function grantedRights(account: string): ReadonlySet<string> {
  const roles = parseAllDocuments(readFileSync(join(RIGHTS, `${account}.yaml`), 'utf8')).map((document) => document.toJS() as Role);
  const rules = roles.flatMap(({ rules = [] }) => rules);
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => right(verb, group, resource)))),
    ),
  );
}

/** Each right that an account made use of. Who watches lists too, by the same request; a server that is too old for that needs two. */
export function usedRights(requests: readonly Write[], account: string): ReadonlySet<string> {
  const own = requests.filter(({ by }) => by === account);
  const verbs = (verb: string): readonly string[] => (verb === 'watch' ? ['list', 'watch'] : [verb]);
  return new Set(own.flatMap(({ verb, group, resource }) => verbs(verb).map((one) => right(one, group, resource))));
}

function right(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? resource : `${resource}.${group}`}`;
}

/** Rights that the story of an installation has no use for, and what makes use of them. */
export const USED_ELSEWHERE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  controller: {
    'get services': 'a write of which it is not known whether it arrived: src/operators/services/operator.test.ts',
    'create leases.coordination.k8s.io':
      'asked of the server when a replacement creates the Lease; the request is called update: test/lab/leader.test.ts',
    'patch secrets': 'the renewal of certificates: test/lab/webhook-certificates.test.ts',
    'patch events': 'an event that repeats: src/kubernetes/event-recorder.test.ts',
    'patch configurationstates.metallb.io': 'an object that another Pod owned: src/kubernetes/configuration-state-operator.test.ts',
    'patch customresourcedefinitions.apiextensions.k8s.io': 'a conversion webhook that MetalLB left: test/lab/conversion.test.ts',
  },
  speaker: {
    'patch events': 'an event that repeats: src/kubernetes/event-recorder.test.ts',
    'get servicel2statuses.metallb.io': 'a name that is taken by an object without its labels: src/speaker/watch/operators.test.ts',
    'get servicebgpstatuses.metallb.io': 'the same',
    'create servicebgpstatuses.metallb.io': 'a session with a router: test/lab/bgp.test.ts',
    'delete servicebgpstatuses.metallb.io': 'a session with a router: test/lab/bgp.test.ts',
    'patch servicebgpstatuses/status.metallb.io': 'a session with a router: test/lab/bgp.test.ts',
    'patch configurationstates.metallb.io': 'an object that another Pod owned: src/kubernetes/configuration-state-operator.test.ts',
  },
};
