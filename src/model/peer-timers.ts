import { parseGoDuration } from '../lib/go-duration.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** The hold and keepalive times that a peer asks for. */
export interface PeerTimers {
  /** Whole seconds, as the OPEN message carries them: 0, or 3 to 65535 (RFC 4271, Section 4.2). */
  readonly holdTimeSeconds: number;
  /** At most the hold time; 0 with a hold time of 0, and then no keepalive is sent. */
  readonly keepaliveTimeMilliseconds: number;
}

/** A duration, and its text for messages. */
interface Span {
  readonly milliseconds: number;
  readonly text: string;
}

/** Keepalives go out three times in a hold time (RFC 4271, Section 4.4). */
const KEEPALIVES_A_HOLD_TIME = 3;
const LEAST_HOLD_SECONDS = 3;
/** The field of the OPEN message has 16 bits. */
const MOST_HOLD_SECONDS = 0xffff;
const MOST_CONNECT_SECONDS = 65_535;

/**
 * Reads both times. Where one is given the other follows from it; where none is, there are none. Hold times are cut to
 * whole seconds. The error is upstream's text.
 */
export function parseTimers(holdTime: string | undefined, keepaliveTime: string | undefined): Result<PeerTimers | undefined, string> {
  const hold = spanOf('hold time', holdTime);
  if (!hold.ok) return hold;
  const keepalive = spanOf('keepaliveTime', keepaliveTime);
  if (!keepalive.ok) return keepalive;
  const given = hold.value ?? times(keepalive.value);
  if (given === undefined) return ok(undefined);
  const holdTimeSeconds = Math.trunc(given.milliseconds / 1_000);
  if (holdTimeSeconds !== 0 && holdTimeSeconds < LEAST_HOLD_SECONDS) {
    return err(`invalid hold time ${JSON.stringify(given.text)}: must be 0 or >=${LEAST_HOLD_SECONDS}s`);
  }
  if (holdTimeSeconds > MOST_HOLD_SECONDS) {
    return err(`invalid hold time ${JSON.stringify(given.text)}: must be at most ${MOST_HOLD_SECONDS}s`);
  }
  const wanted = keepalive.value ?? { milliseconds: given.milliseconds / KEEPALIVES_A_HOLD_TIME, text: '' };
  if (wanted.milliseconds > given.milliseconds) {
    return err(`invalid keepaliveTime ${JSON.stringify(wanted.text)}, must be lower than holdTime ${JSON.stringify(given.text)}`);
  }
  return ok({ holdTimeSeconds, keepaliveTimeMilliseconds: Math.min(Math.floor(wanted.milliseconds), holdTimeSeconds * 1_000) });
}

/** Reads the time between attempts to connect: whole seconds, 1 to 65535. The error is the text of the CRD's own rule. */
export function parseConnectTime(text: string | undefined): Result<number | undefined, string> {
  const span = spanOf('connectTime', text);
  if (!span.ok || span.value === undefined) return span.ok ? ok(undefined) : span;
  const seconds = span.value.milliseconds / 1_000;
  if (seconds < 1 || seconds > MOST_CONNECT_SECONDS) return err(`connect time should be between 1 seconds to ${MOST_CONNECT_SECONDS}`);
  return Number.isInteger(seconds) ? ok(seconds) : err('connect time should contain a whole number of seconds');
}

function spanOf(what: string, text: string | undefined): Result<Span | undefined, string> {
  if (text === undefined) return ok(undefined);
  const milliseconds = parseGoDuration(text);
  if (milliseconds === undefined) return err(`invalid ${what} ${JSON.stringify(text)}: not a duration such as 90s`);
  if (milliseconds < 0) return err(`invalid ${what} ${JSON.stringify(text)}: must not be negative`);
  return ok({ milliseconds, text });
}

function times(keepalive: Span | undefined): Span | undefined {
  if (keepalive === undefined) return undefined;
  const milliseconds = keepalive.milliseconds * KEEPALIVES_A_HOLD_TIME;
  return { milliseconds, text: `${milliseconds / 1_000}s` };
}
