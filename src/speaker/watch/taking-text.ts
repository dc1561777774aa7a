import type { Taking } from '../../model/plan.ts';

/** Why an address has come to a node from another one; `self` is what the node is called there. */
export function causeOf({ from, reason }: Taking, self: string): string {
  return CAUSES[reason](from, self);
}

const CAUSES: Readonly<Record<Taking['reason'], (from: string, self: string) => string>> = {
  gone: (from) => `node "${from}" is gone`,
  left: (from) => `node "${from}" has handed it over`,
  stale: (from) => `node "${from}" may not announce it, and has not heard of that`,
  unheard: (from) => `node "${from}" is not heard any more where it announces it`,
  preferred: (from, self) => `${self} is preferred to node "${from}"`,
};
