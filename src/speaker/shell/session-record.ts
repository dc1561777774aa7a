import type { Agreement, Message, Notification } from '@typemetal/bgp-parser';
import type { Clock } from '../../lib/clock.ts';
import type { AgreedTerms, MessageCounts, NotificationNote, SessionReport } from '../../model/bgp-plan.ts';
import { agreedCapabilities } from '../protocol/bgp/agreed-capabilities.ts';
import { nameOf } from '../protocol/bgp/ending.ts';

type Counts = { -readonly [Type in keyof MessageCounts]: number };

/** A router that refuses now in this way and now in that one is news once in so many milliseconds for each. */
const SAID_AGAIN_AFTER = 60_000;

/** What is remembered of one session: how it is, since when, why the last one ended, and what went over it. */
export class SessionRecord {
  readonly #clock: Clock;
  readonly #sent: Counts = noMessages();
  readonly #received: Counts = noMessages();
  #state: SessionReport['state'] = 'idle';
  #since: number;
  #lastError = '';
  /** When each reason was last said, for those of the last minute. */
  readonly #said = new Map<string, number>();
  #flaps = 0;
  #notificationSent: NotificationNote | undefined;
  #notificationReceived: NotificationNote | undefined;
  #agreed: AgreedTerms | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.wallMilliseconds();
  }

  /** Whether an attempt that failed for this reason is worth a line, which it then has had: not like the last one, nor said lately. */
  isNews(reason: string): boolean {
    const now = this.#clock.wallMilliseconds();
    for (const [said, at] of this.#said) if (now - at >= SAID_AGAIN_AFTER) this.#said.delete(said);
    if (reason === this.#lastError || this.#said.has(reason)) return false;
    this.#said.set(reason, now);
    return true;
  }

  /** Takes the state that it came into. */
  became(state: SessionReport['state']): void {
    // Attempts come and go: what counts is how long there has been a session, or none.
    if ((state === 'established') !== (this.#state === 'established')) this.#since = this.#clock.wallMilliseconds();
    this.#state = state;
  }

  /** Routes may be sent. */
  established(agreement: Agreement): void {
    const { peerAsn, holdTimeSeconds } = agreement;
    this.#agreed = { peerAsn, holdTimeSeconds, capabilities: agreedCapabilities(agreement) };
    this.#lastError = '';
    this.#said.clear();
  }

  /** Takes why a session or an attempt at one ended. */
  ended(reason: string, wasEstablished: boolean): void {
    this.#lastError = reason;
    if (wasEstablished) this.#flaps++;
  }

  /** Counts a message that went out. */
  sent(type: Message['type']): void {
    this.#sent[type]++;
  }

  /** Notes the NOTIFICATION that goes out. */
  notified(notification: Notification): void {
    this.#notificationSent = this.#noteOf(notification);
  }

  /** Counts a message that came, and notes it where it is a NOTIFICATION. */
  heard(message: Message): void {
    this.#received[message.type]++;
    if (message.type === 'notification') this.#notificationReceived = this.#noteOf(message);
  }

  /** All of it. */
  report(): Omit<SessionReport, 'peer' | 'address' | 'vrf' | 'announced' | 'prefixes' | 'wanted'> {
    return {
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      flaps: this.#flaps,
      notificationSent: this.#notificationSent,
      notificationReceived: this.#notificationReceived,
      agreed: this.#agreed,
      sent: { ...this.#sent },
      received: { ...this.#received },
    };
  }

  #noteOf(notification: Notification): NotificationNote {
    const { code, subcode } = notification;
    return { name: nameOf(notification), code, subcode, at: this.#clock.wallMilliseconds() };
  }
}

function noMessages(): Counts {
  return { open: 0, update: 0, notification: 0, keepalive: 0, 'route-refresh': 0 };
}
