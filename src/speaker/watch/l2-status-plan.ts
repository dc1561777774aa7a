import { compareTexts } from '../../lib/order.ts';
import type { InterfaceScope } from '../../model/plan.ts';
import type { L2StatusFacts } from './projections.ts';

/** What one node sees of the ServiceL2Status objects of one Service. */
export interface ObservedStatuses {
  readonly node: string;
  /** Where this node announces the Service; `undefined` when it does not. */
  readonly announcedOn: InterfaceScope | undefined;
  /** All objects about the Service, whoever wrote them. */
  readonly statuses: readonly L2StatusFacts[];
  /** Objects (uid) of other nodes that were there when this node took the Service over: what a dead owner left behind. */
  readonly inherited: ReadonlySet<string>;
}

/** What is to be done about the objects of one Service. */
export type L2StatusAction =
  | { readonly kind: 'create'; readonly interfaces: readonly string[] }
  | { readonly kind: 'write'; readonly target: L2StatusFacts; readonly interfaces: readonly string[] }
  | { readonly kind: 'delete'; readonly target: L2StatusFacts };

/**
 * Brings the objects to one of this node's if it announces the Service, none of its own if it does not. Of other
 * nodes' objects it deletes only those it inherited: a node that lives keeps its own in order, and two that disagree
 * must not delete each other's without end. The fields of a status are immutable, so an object that says another node
 * is replaced.
 */
export function planL2Status({ node, announcedOn, statuses, inherited }: ObservedStatuses): L2StatusAction[] {
  const own = statuses.filter((status) => status.node === node).sort((left, right) => compareTexts(left.name, right.name));
  if (announcedOn === undefined) return own.map((target) => ({ kind: 'delete', target }));
  const usable = own.find(({ status }) => status === undefined || status.node === node);
  const surplus = statuses.filter((status) => (status.node === node ? status !== usable : inherited.has(status.uid)));
  const interfaces = announcedOn.all ? [] : announcedOn.names;
  return [...surplus.map((target) => ({ kind: 'delete' as const, target })), ...keep(usable, interfaces)];
}

function keep(own: L2StatusFacts | undefined, interfaces: readonly string[]): L2StatusAction[] {
  if (own === undefined) return [{ kind: 'create', interfaces }];
  const right = own.readySince !== undefined && own.status !== undefined && own.status.interfaces.join() === interfaces.join();
  return right ? [] : [{ kind: 'write', target: own, interfaces }];
}
