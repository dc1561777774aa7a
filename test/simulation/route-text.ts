import { findAttribute, isUnicast, meaningOf, type Update } from '@typemetal/bgp-parser';
import type { IpAddress, Prefix } from '../../src/lib/ip.ts';
import type { CommunityValue } from '../../src/model/community.ts';
import type { RouteWeight } from '../../src/model/route-weight.ts';

/** What a route says, but for its prefix and its next hop. */
export interface RouteSays {
  readonly asPath: readonly number[];
  readonly localPreference: number | undefined;
  readonly communities: readonly string[];
  /** `undefined` where it is not weighed. */
  readonly weight: RouteWeight | undefined;
}

/** What a route says in a form that two can compare. */
export function textOf({ asPath, localPreference, communities, weight }: RouteSays): string {
  const weighed =
    weight === undefined ? '' : `; weight ${Math.max(weight.endpoints, LEAST_WEIGHT).toFixed(2)}, transitive ${weight.transitive}`;
  return `path ${asPath.join(' ')}; preference ${localPreference ?? 'none'}; communities ${communities.toSorted().join(' ')}${weighed}`;
}

/** What a node without endpoints counts as. */
const LEAST_WEIGHT = 0.01;
const BYTES_PER_SECOND_OF_ONE = 125_000_000;

/** A community, in the same form from both sides. */
export function communityText(community: CommunityValue): string {
  const { kind, ...numbers } = community;
  return [kind, ...Object.values(numbers)].join(':');
}

/** What the routes of an UPDATE say. */
export function routeText({ attributes }: Update, internal: boolean): string {
  const path = findAttribute(attributes, 'as4-path')?.value ?? findAttribute(attributes, 'as-path')?.value ?? [];
  const standard = findAttribute(attributes, 'communities')?.value ?? [];
  const large = findAttribute(attributes, 'large-communities')?.value ?? [];
  const extended = findAttribute(attributes, 'extended-communities')?.value ?? [];
  const localPreference = findAttribute(attributes, 'local-pref')?.value;
  if (internal === (localPreference === undefined)) return 'a preference where none belongs, or none where one does';
  const [bandwidth] = extended.map(meaningOf).filter((meaning) => meaning !== undefined && 'bytesPerSecond' in meaning);
  return textOf({
    asPath: path.flatMap(({ asns }) => asns),
    localPreference,
    communities: [
      ...standard.map((value) => communityText({ kind: 'standard', value })),
      ...large.map((each) => communityText({ kind: 'large', ...each })),
    ],
    weight:
      bandwidth === undefined
        ? undefined
        : { endpoints: bandwidth.bytesPerSecond / BYTES_PER_SECOND_OF_ONE, transitive: bandwidth.transitive },
  });
}

/** The routes that an UPDATE announces and takes back. */
export function routesIn({ withdrawn, attributes, nlri }: Update): { readonly come: readonly Prefix[]; readonly gone: readonly Prefix[] } {
  const reach = findAttribute(attributes, 'mp-reach-nlri')?.value;
  const unreach = findAttribute(attributes, 'mp-unreach-nlri')?.value;
  return {
    come: [...nlri, ...(reach !== undefined && isUnicast(reach) ? reach.nlri : [])],
    gone: [...withdrawn, ...(unreach !== undefined && isUnicast(unreach) ? unreach.nlri : [])],
  };
}

/** Where they lead to. */
export function nextHopsIn({ attributes }: Update): readonly IpAddress[] {
  const own = findAttribute(attributes, 'next-hop')?.value;
  const reach = findAttribute(attributes, 'mp-reach-nlri')?.value;
  return [...(own === undefined ? [] : [own]), ...(reach !== undefined && isUnicast(reach) ? reach.nextHops : [])];
}
