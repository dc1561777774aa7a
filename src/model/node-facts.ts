import { listOf, objectOf, type TextMap, textMapOf, textOf } from '../lib/json.ts';

/** What the speaker needs from a Node. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: TextMap;
  /** Whether the condition NetworkUnavailable is True: its routes are not set up. */
  readonly networkUnavailable: boolean;
  /** Whether it carries the label that keeps load balancers away, with whatever value. */
  readonly excluded: boolean;
  /** Whether it carries the annotation that takes its routes away, with whatever value. */
  readonly drained: boolean;
}

/** The label by which people and cloud providers keep load balancers off a node (Kubernetes, well-known labels). */
export const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The annotation by which people take the routes of a node away, and nothing else. */
export const DRAIN_ANNOTATION = 'metallb.io/bgp-drain';

/** Reads a Node as the API gives it. Never throws; a field that is missing or of a wrong type counts as absent. */
export function nodeFacts(node: unknown): NodeFacts {
  const { metadata, status } = objectOf(node);
  const labels = textMapOf(objectOf(metadata).labels);
  const conditions = listOf(objectOf(status).conditions).map(objectOf);
  return {
    name: textOf(objectOf(metadata).name) ?? '',
    labels,
    networkUnavailable: conditions.some(({ type, status: value }) => type === 'NetworkUnavailable' && value === 'True'),
    excluded: Object.hasOwn(labels, EXCLUDE_LABEL),
    drained: Object.hasOwn(objectOf(objectOf(metadata).annotations), DRAIN_ANNOTATION),
  };
}

/** Whether a node is to announce no routes though it could. */
export function leavesBgp(node: NodeFacts, ignoreExcludeLabel: boolean): boolean {
  return node.drained || (node.excluded && !ignoreExcludeLabel);
}

/** Whether a node may announce at all; `ignoreExcludeLabel` is the flag `--ignore-exclude-lb`. */
export function mayAnnounce(node: NodeFacts, ignoreExcludeLabel: boolean): boolean {
  return !node.networkUnavailable && (ignoreExcludeLabel || !node.excluded);
}
