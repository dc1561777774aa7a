/** How much a fault costs, the least first (RFC 7606, Section 2). */
export type Treatment = 'attribute-discard' | 'treat-as-withdraw' | 'session-reset';

interface FaultPlace {
  /** Type code of the path attribute that is at fault; absent when it is none. */
  readonly attribute?: number;
  /** In octets from the beginning of the message, its header included. */
  readonly offset: number;
  /** What is wrong there, as a sentence without a full stop. */
  readonly reason: string;
}

/** The attribute, or the part of it that is at fault, is left out of the message; its routes stay. */
export interface AttributeDiscard extends FaultPlace {
  readonly treatment: 'attribute-discard';
}

/** The routes that the message announces are to be taken as withdrawn. */
export interface TreatAsWithdraw extends FaultPlace {
  readonly treatment: 'treat-as-withdraw';
}

/** The session cannot go on: send a NOTIFICATION with this code, subcode and data (RFC 4271, Section 6), and close. */
export interface SessionReset extends FaultPlace {
  readonly treatment: 'session-reset';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/** Something in a message that its RFC forbids, and what RFC 7606 wants done about it. */
export type Fault = AttributeDiscard | TreatAsWithdraw | SessionReset;

const STRENGTH: Readonly<Record<Treatment, number>> = { 'attribute-discard': 0, 'treat-as-withdraw': 1, 'session-reset': 2 };

/** The treatment that a message deserves for all its faults (RFC 7606, Section 3, item h); undefined for none. */
export function strongestTreatment(faults: readonly Fault[]): Treatment | undefined {
  let strongest: Treatment | undefined;
  for (const { treatment } of faults) if (strongest === undefined || STRENGTH[treatment] > STRENGTH[strongest]) strongest = treatment;
  return strongest;
}

/** The first fault that ends the session, which is what the NOTIFICATION has to say; undefined when none does. */
export function sessionReset(faults: readonly Fault[]): SessionReset | undefined {
  return faults.find((fault) => fault.treatment === 'session-reset');
}
