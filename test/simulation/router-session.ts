import {
  type Agreement,
  asnOf,
  type Context,
  decodeMessage,
  encodeMessage,
  endOfRibOf,
  Framer,
  INITIAL_CONTEXT,
  type Message,
  negotiate,
  type Open,
  type Update,
} from '@typemetal/bgp-parser';
import { formatPrefix } from '../../src/lib/ip.ts';
import type { TcpListener } from '../../src/speaker/net/tcp-connector.ts';
import { nextHopsIn, routesIn, routeText } from './route-text.ts';
import type { SimulatedRouter } from './simulated-router.ts';
import type { SimulatedConnection, SimulatedHost } from './simulated-tcp.ts';

const HOLD_TIMES = [3, 9, 30, 90, 180];
const KEEPALIVE: Message = { type: 'keepalive' };
const CEASE = 6;
const HARD_RESET = 9;
const COLLISION = 7;
const HOLD_TIMER_EXPIRED = 4;
const NO_OCTETS: Uint8Array = new Uint8Array();

/** One session of a router with a node: strict in what it takes, and with whims that a seed decides. */
export class RouterSession {
  readonly node: SimulatedHost;
  readonly routes: Map<string, string> = new Map();
  readonly marks: Set<string> = new Set();
  agreement: Agreement | undefined;
  established: boolean = false;
  over: boolean = false;
  /** UPDATE messages that came. */
  updates = 0;
  readonly #router: SimulatedRouter;
  readonly #connection: SimulatedConnection;
  readonly #framer = new Framer();
  #context: Context = INITIAL_CONTEXT;
  #ours: Open | undefined;
  #theirs: Open | undefined;
  #asked = 0;
  #hold: Disposable | undefined;

  constructor(router: SimulatedRouter, connection: SimulatedConnection, node: SimulatedHost) {
    this.#router = router;
    this.#connection = connection;
    this.node = node;
  }

  get listener(): TcpListener {
    return {
      connected: () => this.#greet(),
      received: (octets) => this.#receive(octets),
      drained: () => undefined,
      closed: () => this.#ended(true),
    };
  }

  /** Ends it, with a word or without. */
  quit(cease: boolean): void {
    if (this.over) return;
    if (cease) this.say({ type: 'notification', code: CEASE, subcode: 4, data: NO_OCTETS });
    this.#ended(false);
    this.#connection.end();
  }

  /** Sends a message, whether it is in place or not. */
  say(message: Message): void {
    this.#connection.send(encodeMessage(message, this.#context));
  }

  /** Sends octets that are no message. */
  sayOctets(octets: Uint8Array): void {
    this.#connection.send(octets);
  }

  /** Asks for all routes of a family again, as a router does that has none of them left. */
  ask(afi: number): void {
    this.#asked++;
    const answered = this.agreement?.routeRefresh === true && this.agreement.families.some((family) => family.afi === afi);
    if (answered) for (const prefix of this.routes.keys()) if (prefix.includes(':') === (afi === 2)) this.routes.delete(prefix);
    this.say({ type: 'route-refresh', afi, safi: 1, subtype: 'request', data: NO_OCTETS });
  }

  /** Reads nothing any more, or reads again. */
  read(reads: boolean): void {
    this.#connection.unread = !reads;
  }

  #greet(): void {
    const { mood, asn, routerId, world } = this.#router;
    const capabilities = this.#router.capabilities();
    const holdTime = mood === 'wrong-hold-time' ? 2 : (HOLD_TIMES[Math.floor(world.random() * HOLD_TIMES.length)] ?? 3);
    const strange = mood === 'wrong-as' ? asn + 7 : asn;
    const offered = capabilities.map((each) => (each.name === 'four-octet-asn' ? { ...each, asn: strange } : each));
    this.#ours = {
      type: 'open',
      version: mood === 'wrong-version' ? 3 : 4,
      asn: strange > 0xffff ? 23_456 : strange,
      holdTime,
      routerId,
      capabilities: mood === 'no-families' ? [{ code: 1, name: 'multiprotocol', afi: 25, safi: 70 }] : offered,
    };
    if (mood === undefined || mood === 'leaves-later' || mood === 'accepts-and-ceases') this.#greetWell();
    else this.#greetIll();
  }

  #greetWell(): void {
    if (!this.#router.admits(this)) {
      this.say({ type: 'notification', code: CEASE, subcode: COLLISION, data: NO_OCTETS });
      this.over = true;
      this.#connection.end();
    } else if (this.#ours !== undefined) {
      this.#restartHold(240);
      this.say(this.#ours);
    }
  }

  #greetIll(): void {
    const { mood, world } = this.#router;
    this.over = true;
    const octets = Uint8Array.from({ length: 1 + Math.floor(world.random() * 60) }, () => Math.floor(world.random() * 256));
    if (mood === 'leaves') this.#connection.end();
    else if (mood === 'keepalive-first') this.say(KEEPALIVE);
    else if (mood === 'garbage') this.sayOctets(octets);
    else if (mood === 'notification')
      this.say({ type: 'notification', code: octets[0] ?? 0, subcode: octets[1] ?? 0, data: octets.subarray(2) });
    else if (mood !== 'silent' && this.#ours !== undefined) this.say(this.#ours);
  }

  #receive(octets: Uint8Array): void {
    if (this.over) return;
    this.#framer.push(octets);
    while (!this.over) {
      this.#framer.maximumLength = this.#context.maximumReceivedLength;
      const next = this.#framer.next();
      if (next === undefined) return;
      if (!next.ok) {
        this.#violated(`what no message is: ${next.error.reason}`);
        return;
      }
      const { message, faults } = decodeMessage(next.value, this.#context);
      if (faults.length > 0) this.#violated(`a bad message: ${faults.map(({ reason }) => reason).join()}`);
      if (message !== undefined) this.#take(message);
    }
  }

  #take(message: Message): void {
    if (message.type === 'notification') this.#notified(message.code, message.subcode);
    else if (this.established) {
      if (message.type === 'open') this.#violated('a second OPEN');
      if (message.type === 'update') this.#update(message);
      this.#restartHold(this.agreement?.holdTimeSeconds ?? 0);
    } else if (message.type === 'open') this.#agree(message);
    else if (message.type === 'keepalive' && this.#theirs !== undefined) this.#establish();
    else this.#violated(`a message of type ${message.type} before the session is there`);
  }

  #agree(theirs: Open): void {
    if (this.#ours === undefined || this.#theirs !== undefined) {
      this.#violated('two OPENs');
      return;
    }
    this.#theirs = theirs;
    this.agreement = negotiate(this.#ours, theirs);
    this.#context = this.agreement;
    this.#restartHold(this.agreement.holdTimeSeconds);
    this.say(KEEPALIVE);
    if (this.#router.mood === 'leaves-later') this.quit(false);
  }

  #establish(): void {
    this.established = true;
    const { mood } = this.#router;
    if (mood === 'accepts-and-ceases') {
      this.quit(true);
      return;
    }
    const { gracefulRestart, families = [] } = this.agreement ?? {};
    for (const family of ['IPv4', 'IPv6'] as const) {
      const afi = family === 'IPv4' ? 1 : 2;
      const keeps = gracefulRestart?.families.some((each) => each.afi === afi && each.forwarding) === true;
      if (!(keeps && families.some((each) => each.afi === afi))) this.#router.reconsider(this.node, family);
    }
    this.#connection.agreed((this.agreement?.holdTimeSeconds ?? 0) * 1_000_000);
    this.#keepAlive();
  }

  #keepAlive(): void {
    const seconds = this.agreement?.holdTimeSeconds ?? 0;
    this.#router.world.timeline.after((seconds / 3) * 1_000_000, () =>
      this.#router.host.run(() => {
        if (this.over) return;
        this.say(KEEPALIVE);
        this.#keepAlive();
      }),
    );
  }

  #update(update: Update): void {
    this.updates++;
    const end = endOfRibOf(update);
    if (end === undefined) this.#apply(update);
    else this.#mark(end.afi === 1 ? 'IPv4' : 'IPv6');
  }

  #apply(update: Update): void {
    const { come, gone } = routesIn(update);
    for (const prefix of gone) {
      if (!this.routes.delete(formatPrefix(prefix)) && this.#asked === 0)
        this.#violated(`takes back ${formatPrefix(prefix)}, which it never announced`);
    }
    const text = routeText(update, this.agreement?.internal === true);
    for (const prefix of come) {
      const key = formatPrefix(prefix);
      if (this.routes.get(key) === text && this.#asked === 0) this.#violated(`says ${key} again`);
      this.routes.set(key, text);
    }
    const own = [this.node.address, ...this.node.siblings].map(({ value }) => value);
    if (nextHopsIn(update).some(({ value }) => !own.includes(value))) this.#violated('a next hop that is not the node');
  }

  #mark(family: 'IPv4' | 'IPv6'): void {
    if (this.marks.has(family)) this.#violated(`a second End-of-RIB of ${family}`);
    this.marks.add(family);
    this.#router.reconsider(this.node, family);
    if (this.#asked === 0) this.#router.world.marked(this.#router, this, family);
  }

  #notified(code: number, subcode: number): void {
    const softly = this.agreement?.notificationRestart === true && !(code === CEASE && subcode === HARD_RESET);
    this.#ended(softly);
    if (!softly) this.#router.reconsider(this.node, undefined);
    this.#connection.end();
  }

  /** It is over; routes may be kept where that was agreed. */
  #ended(softly: boolean): void {
    if (this.over) return;
    this.over = true;
    this.#hold?.[Symbol.dispose]();
    const kept = softly && this.established ? (this.agreement?.gracefulRestart?.restartTimeSeconds ?? 0) : 0;
    this.#router.forget(this, Math.min(kept, 60));
  }

  #restartHold(seconds: number): void {
    this.#hold?.[Symbol.dispose]();
    this.#hold = this.#router.world.timeline.after(seconds * 1_000_000, () =>
      this.#router.host.run(() => {
        if (this.over) return;
        this.say({ type: 'notification', code: HOLD_TIMER_EXPIRED, subcode: 0, data: NO_OCTETS });
        this.#ended(true);
        this.#connection.end();
      }),
    );
  }

  #violated(what: string): void {
    const asn = this.#theirs === undefined ? '' : ` of AS ${asnOf(this.#theirs)}`;
    this.#router.world.violated(`${this.#router.name} hears from a node${asn}: ${what}`);
  }
}
