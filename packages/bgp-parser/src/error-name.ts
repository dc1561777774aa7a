import { ERROR_CODE } from './error-code.ts';

interface Named {
  readonly name: string;
  readonly subcodes: Readonly<Record<number, string>>;
}

/** Names as IANA has them in "BGP Error (Notification) Codes" and the registries of their subcodes. */
const NAMES: Readonly<Record<number, Named>> = {
  [ERROR_CODE.messageHeader]: {
    name: 'Message Header Error',
    subcodes: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  },
  [ERROR_CODE.open]: {
    name: 'OPEN Message Error',
    subcodes: {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
      11: 'Role Mismatch',
    },
  },
  [ERROR_CODE.update]: {
    name: 'UPDATE Message Error',
    subcodes: {
      1: 'Malformed Attribute List',
      2: 'Unrecognized Well-known Attribute',
      3: 'Missing Well-known Attribute',
      4: 'Attribute Flags Error',
      5: 'Attribute Length Error',
      6: 'Invalid ORIGIN Attribute',
      8: 'Invalid NEXT_HOP Attribute',
      9: 'Optional Attribute Error',
      10: 'Invalid Network Field',
      11: 'Malformed AS_PATH',
    },
  },
  [ERROR_CODE.holdTimerExpired]: { name: 'Hold Timer Expired', subcodes: {} },
  [ERROR_CODE.finiteStateMachine]: {
    name: 'Finite State Machine Error',
    subcodes: { 1: 'Unexpected Message in OpenSent', 2: 'Unexpected Message in OpenConfirm', 3: 'Unexpected Message in Established' },
  },
  [ERROR_CODE.cease]: {
    name: 'Cease',
    subcodes: {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
      10: 'BFD Down',
    },
  },
  [ERROR_CODE.routeRefresh]: { name: 'ROUTE-REFRESH Message Error', subcodes: { 1: 'Invalid Message Length' } },
  [ERROR_CODE.sendHoldTimerExpired]: { name: 'Send Hold Timer Expired', subcodes: {} },
};

/** The name of an error code, as in `Cease`; undefined for one that nobody assigned. */
export function errorName(code: number): string | undefined {
  return NAMES[code]?.name;
}

/** The name of a subcode, as in `Hard Reset`; undefined for 0, which says nothing more, and for one that nobody assigned. */
export function errorSubcodeName(code: number, subcode: number): string | undefined {
  return NAMES[code]?.subcodes[subcode];
}
