import { formatMac } from '../../lib/mac.ts';
import type { Absence, StandInEnd, StandInsEffect } from '../protocol/layer2/stand-ins-events.ts';
import type { LogLine } from './outbox.ts';

const REASON: Readonly<Record<Absence | StandInEnd, string>> = {
  silent: 'its speaker is silent while its kernel answers',
  restarting: 'its speaker restarts',
  back: 'its speaker is back',
  gone: 'the node is dead, or its speaker did not come back in time',
  released: 'another node does it, or it has no addresses any more',
};

/** What the log says when this node begins to answer for another one on the link of that name, or ends it. */
export function standInLine(
  effect: StandInsEffect & { readonly kind: 'begun' | 'ended' },
  link: string,
): { readonly message: string; readonly fields: LogLine['fields'] } {
  const { node, addresses, why } = effect;
  const fields = { node, interface: link, addresses, reason: why };
  if (effect.kind === 'begun') {
    const message = `${addresses} addresses of node "${node}" are answered for here, with its MAC: ${REASON[why]}`;
    return { message, fields: { event: 'standInBegun', ...fields, mac: formatMac(effect.mac) } };
  }
  const message = `the addresses of node "${node}" are not answered for here any more: ${REASON[why]}`;
  return { message, fields: { event: 'standInEnded', ...fields, milliseconds: Math.round(effect.lasted / 1_000) } };
}
