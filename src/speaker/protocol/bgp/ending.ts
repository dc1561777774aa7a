import { ERROR_CODE, errorName, errorSubcodeName, hardResetReason, type Notification, shutdownText } from '@typemetal/bgp-parser';

/** Why a session ended or an attempt at one failed. */
export type Ending =
  /** There is no connection: refused, no answer, no route. */
  | { readonly kind: 'not-connected'; readonly cause: string }
  /** The connection broke without a word. */
  | { readonly kind: 'connection-lost'; readonly cause: string }
  /** We ended it, and said so; `why` is a sentence without a full stop. */
  | { readonly kind: 'refused'; readonly sent: Notification; readonly why: string }
  /** The peer ended it. */
  | { readonly kind: 'notified'; readonly received: Notification }
  /** It was our will. */
  | { readonly kind: 'stopped' };

/** Longest text of a peer that is repeated, in characters. */
const MOST_TEXT = 128;

/** Name of a NOTIFICATION as routers print it: `Cease/Administrative Shutdown`. */
export function nameOf({ code, subcode }: Pick<Notification, 'code' | 'subcode'>): string {
  const name = errorName(code) ?? `code ${code}`;
  const detail = errorSubcodeName(code, subcode);
  if (detail !== undefined) return `${name}/${detail}`;
  return subcode === 0 ? name : `${name}/subcode ${subcode}`;
}

/** Says an ending as a network engineer would, without a full stop. */
export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'not-connected':
    case 'connection-lost':
      return ending.cause;
    case 'refused':
      return `${ending.why} (NOTIFICATION ${nameOf(ending.sent)} sent)`;
    case 'notified':
      return describeReceived(ending.received);
    case 'stopped':
      return 'stopped';
  }
}

function describeReceived(received: Notification): string {
  const inner = hardResetReason(received) ?? received;
  const text = shutdownText(inner);
  const said = text === undefined ? '' : `: "${printable(text)}"`;
  const hard = inner === received ? '' : ' (hard reset)';
  return `the peer closed the session with NOTIFICATION ${nameOf(inner)}${hard}${said}${hintOf(inner)}`;
}

/** Where the peer's word says little to whoever looks for the cause. */
function hintOf({ code }: Notification): string {
  return code === ERROR_CODE.holdTimerExpired
    ? ': it heard nothing for the whole hold time; does it drop what this node sends (TTL security, a packet filter)?'
    : '';
}

/** What a peer wrote goes into logs of ours: on one line, and without what moves a terminal's cursor. */
function printable(text: string): string {
  return text.replace(/\p{C}+/gu, ' ').slice(0, MOST_TEXT);
}
