import { compareTexts } from '../../lib/order.ts';
import type { BgpStatusFacts } from './projections.ts';

/** What one node sees of the ServiceBGPStatus objects of one Service. */
export interface ObservedBgpStatuses {
  readonly node: string;
  /** Names of the peers that this node announces the Service to, sorted; none when it does not. */
  readonly peers: readonly string[];
  /** All objects about the Service, whoever wrote them. */
  readonly statuses: readonly BgpStatusFacts[];
}

/** What is to be done about the objects of one Service. */
export type BgpStatusAction =
  | { readonly kind: 'create' }
  | { readonly kind: 'write'; readonly target: BgpStatusFacts }
  | { readonly kind: 'delete'; readonly target: BgpStatusFacts };

/**
 * Brings this node's objects about a Service to one while it announces the Service to somebody, to none otherwise. The
 * objects of other nodes are theirs. What a status says of node and Service is immutable: one that says another is replaced.
 */
export function planBgpStatus({ node, peers, statuses }: ObservedBgpStatuses): readonly BgpStatusAction[] {
  const own = statuses.filter((status) => status.node === node).sort((left, right) => compareTexts(left.name, right.name));
  const usable = peers.length === 0 ? undefined : own.find(({ status }) => status === undefined || status.node === node);
  const surplus = own.filter((target) => target !== usable).map((target) => ({ kind: 'delete' as const, target }));
  const right = usable?.readySince !== undefined && usable.status?.peers.join() === peers.join();
  if (peers.length === 0 || right) return surplus;
  return [...surplus, usable === undefined ? { kind: 'create' } : { kind: 'write', target: usable }];
}
