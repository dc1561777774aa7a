import type { Resource } from './resource.ts';

/** Something that a process must be allowed to do. */
export interface Right {
  readonly process: 'controller' | 'speaker';
  readonly verb: string;
  readonly group: string;
  /** With a subresource behind a slash. */
  readonly resource: string;
  /** Whether it is needed in the namespace of the configuration only. */
  readonly namespaced: boolean;
}

const CONFIGURATION = ['ipaddresspools', 'l2advertisements', 'bgpadvertisements', 'bgppeers', 'bfdprofiles', 'communities'];

function of(process: Right['process'], verbs: string, group: string, resources: readonly string[], namespaced: boolean): readonly Right[] {
  return resources.flatMap((resource) => verbs.split(' ').map((verb) => ({ process, verb, group, resource, namespaced })));
}

/** The rights of config/rbac without which no address is given or announced; those for one name only are left to the log. */
export const RIGHTS: readonly Right[] = [
  ...of('controller', 'get list watch', '', ['services'], false),
  ...of('controller', 'list watch', '', ['namespaces', 'nodes'], false),
  ...of('controller', 'patch', '', ['services/status'], false),
  ...of('controller', 'create patch', '', ['events'], false),
  ...of('controller', 'list watch', 'metallb.io', CONFIGURATION, true),
  ...of(
    'controller',
    'patch',
    'metallb.io',
    CONFIGURATION.map((plural) => `${plural}/status`),
    true,
  ),
  ...of('controller', 'list watch', '', ['secrets'], true),
  ...of('speaker', 'list watch', '', ['services', 'nodes'], false),
  ...of('speaker', 'list watch', 'discovery.k8s.io', ['endpointslices'], false),
  ...of('speaker', 'create patch', '', ['events'], false),
  ...of('speaker', 'list watch', 'metallb.io', CONFIGURATION, true),
  ...of('speaker', 'list watch', '', ['secrets'], true),
  ...of('speaker', 'list watch create', 'metallb.io', ['configurationstates', 'servicel2statuses', 'servicebgpstatuses'], true),
];

/** What a right is about. */
export function resourceOf({ group, resource, namespaced }: Right, namespace: string): Resource {
  return { group, version: 'v1', plural: resource, ...(namespaced && { namespace }) };
}
