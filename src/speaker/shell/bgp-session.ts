import { type Context, decodeMessage, encodeMessage, type Message, type Notification } from '@typemetal/bgp-parser';
import { type Clock, type Micros, micros } from '../../lib/clock.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { SessionReport } from '../../model/bgp-plan.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import type { TcpIncoming } from '../net/tcp-acceptor.ts';
import type { TcpConnection, TcpConnector, TcpListener } from '../net/tcp-connector.ts';
import { AdjRibOut } from '../protocol/bgp/adj-rib-out.ts';
import { describeEnding, type Ending } from '../protocol/bgp/ending.ts';
import { nextHopsOf } from '../protocol/bgp/next-hops.ts';
import type { PeerSettings } from '../protocol/bgp/peer-settings.ts';
import {
  admit,
  type Direction,
  leadingState,
  NO_PEERING,
  type Peering,
  type PeeringEffect,
  type PeeringSettings,
  stepPeering,
  stopPeering,
} from '../protocol/bgp/peering.ts';
import type { RouteKey, RouteTable } from '../protocol/bgp/route-table.ts';
import { routerIdOf } from '../protocol/bgp/router-id.ts';
import {
  contextOf,
  NO_SESSION,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  type SessionTimer,
} from '../protocol/bgp/session.ts';
import { BgpTransport } from './bgp-transport.ts';
import { sessionKeyOf } from './held-sessions.ts';
import type { LogLine } from './outbox.ts';
import { settingsOf } from './peer-settings-of.ts';
import type { SessionHistory } from './session-history.ts';
import { SessionRecord } from './session-record.ts';

/** What the sessions of a node share. */
export interface BgpSessionPorts {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly connector: TcpConnector;
  readonly table: RouteTable;
  readonly history: SessionHistory;
  /** The name of this node. */
  readonly node: string;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
  /** The state of a session is another one now, or something was counted. */
  changed(): void;
}

/** A jittered timer is shortened by up to this share (RFC 4271, Section 10). */
const JITTER = 0.25;

/** What may wait for a peer that does not read: all routes many times over. A peer that asks for them again and again gets no more. */
const MOST_PENDING_OCTETS = 16 * 1024 * 1024;

/** Of a connection that is turned away nothing is heard. */
const NOBODY: TcpListener = { connected: () => undefined, received: () => undefined, drained: () => undefined, closed: () => undefined };

/** Where the type is in a message (RFC 4271, Section 4.1). */
const TYPE_OFFSET = 18;

/** Drives one session: its machine, its connections and their timers, and what the peer is told. */
export class BgpSession implements Disposable {
  readonly peer: PlannedPeer;
  readonly #ports: BgpSessionPorts;
  readonly #out: AdjRibOut;
  readonly #key: string;
  readonly #record: SessionRecord;
  readonly #transports: Readonly<Record<Direction, BgpTransport>>;
  #peering: Peering = NO_PEERING;
  /** Over which the peer is told of routes; `undefined` while there is no session. */
  #established: BgpTransport | undefined;
  #saidTooLong = 0;

  constructor(peer: PlannedPeer, ports: BgpSessionPorts) {
    this.peer = peer;
    this.#key = sessionKeyOf({ peer: peer.name, address: addressOf(peer), vrf: peer.vrf });
    this.#ports = ports;
    this.#out = new AdjRibOut(peer.name, ports.table);
    this.#record = new SessionRecord(ports.clock);
    const transport = (direction: Direction): BgpTransport => new BgpTransport(direction, this.#settingsWith(0), ports.clock);
    this.#transports = { outgoing: transport('outgoing'), incoming: transport('incoming') };
  }

  /** Begins to connect, and goes on trying. */
  start(): void {
    this.#log('info', 'peer configured, starting BGP session', { event: 'peerAdded' });
    this.#step(this.#transports.outgoing, { kind: 'started' });
  }

  /** Ends the session because the plan has it no more, or otherwise; the peer is told why. */
  remove(cease: Notification): void {
    this.#log('info', 'peer deconfigured, closing BGP session', { event: 'peerRemoved' });
    this.stop(cease, false);
  }

  /** Ends the session for good; the peer is told why, or nothing when it is to keep the routes until this node `comesAgain`. */
  stop(cease: Notification, comesAgain: boolean): void {
    this.#move(...stopPeering(this.#settings, this.#peering, { kind: 'stopped', cease, comesAgain }));
  }

  /** Takes a connection that the peer opened, or ends it with a word. */
  accept(incoming: TcpIncoming): void {
    const { local, siblings } = incoming.ends;
    const transport = this.#transports.incoming;
    const settings = this.#settingsWith(routerIdOf(local, siblings, this.#ports.node));
    const admission = admit({ ...this.#settings, incoming: settings }, this.#peering);
    if (admission.kind === 'turned-away') {
      this.#turnAway(incoming, admission.cease);
      return;
    }
    for (const effect of admission.first) this.#carryOut(effect);
    transport.settings = settings;
    transport.ends = incoming.ends;
    transport.attach(incoming.take(this.#listenerOf(transport, () => undefined)));
    this.#move(admission.peering, admission.effects);
  }

  /** Tells the peer what changed among these routes. */
  routesChanged(keys: Iterable<RouteKey>): void {
    this.#sendAll(this.#out.changed(keys));
  }

  /** How the session is at this moment. */
  report(): SessionReport {
    const { name, vrf } = this.peer;
    const routes = { announced: this.#out.announced, prefixes: this.#out.announcedByFamily(), wanted: this.#out.wanted };
    return { peer: name, address: addressOf(this.peer), vrf, ...routes, ...this.#record.report() };
  }

  /** Ends everything at once and without a word. */
  [Symbol.dispose](): void {
    for (const transport of Object.values(this.#transports)) transport[Symbol.dispose]();
  }

  get #settings(): PeeringSettings {
    const { outgoing, incoming } = this.#transports;
    return { outgoing: outgoing.settings, incoming: incoming.settings };
  }

  #settingsWith(routerId: number): PeerSettings {
    return settingsOf(this.peer, routerId, this.#ports.node, this.#ports.history.of(this.#key));
  }

  #step(transport: BgpTransport, event: SessionEvent): void {
    this.#move(...stepPeering(this.#settings, this.#peering, transport.direction, event));
  }

  #move(peering: Peering, effects: readonly PeeringEffect[]): void {
    const before = this.#peering;
    this.#peering = peering;
    for (const effect of effects) {
      if (effect.kind !== 'send') this.#carryOut(effect);
      else this.#say(this.#transports[effect.direction], effect.message, contextOf(before[effect.direction] ?? NO_SESSION));
    }
    const { name } = leadingState(peering);
    if (name === leadingState(before).name) return;
    this.#record.became(name);
    this.#ports.changed();
  }

  #carryOut(effect: PeeringEffect): void {
    const transport = this.#transports[effect.direction];
    switch (effect.kind) {
      case 'connect':
        this.#connect(transport);
        break;
      case 'disconnect':
        transport.end();
        if (this.#established === transport) this.#close();
        break;
      case 'start-timer':
        this.#startTimer(transport, effect.timer, effect.jittered ? this.#jittered(effect.after) : effect.after);
        break;
      case 'stop-timer':
        transport.stopTimer(effect.timer);
        break;
      case 'established':
        this.#establish(transport, effect);
        break;
      case 'ended':
        this.#ended(effect);
        break;
      case 'refresh':
        this.#sendAll(this.#out.refresh(effect.family));
        break;
      case 'send': // whoever has the context to write it in says it
      case 'routes': // what routers tell us is for nobody: counted as a message, and dropped
        break;
    }
  }

  #connect(transport: BgpTransport): void {
    const { address, port, sourceAddress: source, vrf: device, password } = this.peer;
    const connected: TcpListener['connected'] = (ends) => {
      transport.ends = ends;
      transport.settings = this.#settingsWith(routerIdOf(ends.local, ends.siblings, this.#ports.node));
      this.#step(transport, { kind: 'connected' });
    };
    transport.attach(this.#ports.connector.connect({ address, port, source, device, password }, this.#listenerOf(transport, connected)));
  }

  #listenerOf(transport: BgpTransport, connected: TcpListener['connected']): TcpListener {
    const stateOf = (): SessionState => this.#peering[transport.direction] ?? NO_SESSION;
    const maximumLength = (): number => contextOf(stateOf()).maximumReceivedLength;
    return {
      connected,
      // One read of the socket holds at most 64 KiB, so this is never long.
      received: (octets) =>
        transport.receive(octets, maximumLength, (next) => {
          if (next.ok) this.#take(transport, next.value, contextOf(stateOf()));
          else this.#step(transport, { kind: 'received', message: undefined, faults: [next.error] });
        }),
      drained: () => this.#step(transport, { kind: 'drained' }),
      closed: (cause) => {
        transport.detach();
        const kind = stateOf().name === 'connect' ? 'connect-failed' : 'disconnected';
        this.#step(transport, { kind, cause });
      },
    };
  }

  #take(transport: BgpTransport, octets: Uint8Array, context: Context): void {
    const { message, faults } = decodeMessage(octets, context);
    if (message !== undefined) this.#record.heard(message);
    for (const { treatment, reason, attribute } of faults) {
      if (treatment === 'session-reset') continue;
      this.#log('debug', 'a path attribute of the peer is at fault', { treatment, reason, attribute: attribute ?? 0 });
    }
    this.#step(transport, { kind: 'received', message, faults });
  }

  /** Says why a connection is not taken, as the first and last word on it. */
  #turnAway(incoming: TcpIncoming, cease: Notification): void {
    const connection: TcpConnection = incoming.take(NOBODY);
    this.#record.sent('notification');
    this.#record.notified(cease);
    connection.send(encodeMessage(cease, contextOf(NO_SESSION)));
    connection.end();
  }

  #establish(transport: BgpTransport, { agreement }: Extract<SessionEffect, { kind: 'established' }>): void {
    this.#established = transport;
    this.#record.established(agreement);
    this.#saidTooLong = 0;
    this.#ports.history.established(this.#key);
    this.#log('info', 'BGP session established', { event: 'sessionUp', peerASN: agreement.peerAsn });
    const { local, siblings } = transport.ends;
    const session = { agreement, localAsn: transport.settings.localAsn, nextHops: nextHopsOf(local, siblings) };
    this.#sendAll(this.#out.open(session));
  }

  /** Each reason is said when it comes; a router that is away for a day is no news each minute. */
  #ended({ ending, wasEstablished, retryAfter }: Extract<SessionEffect, { kind: 'ended' }>): void {
    if (ending.kind === 'stopped') return;
    const reason = describeEnding(ending);
    const retrySeconds = retryAfter === undefined ? 0 : retryAfter / 1_000_000;
    if (wasEstablished) this.#log('warn', 'BGP session down', { event: 'sessionDown', reason, retrySeconds });
    else if (this.#record.isNews(reason)) this.#log('error', 'no BGP session', { op: 'connect', reason, ...codeOf(ending) });
    this.#record.ended(reason, wasEstablished);
  }

  /** There is no session any more to tell of routes over. */
  #close(): void {
    this.#established = undefined;
    this.#out.close();
  }

  #say(transport: BgpTransport, message: Message, context: Context): void {
    if (message.type === 'notification') this.#record.notified(message);
    this.#record.sent(message.type);
    transport.send(encodeMessage(message, context));
  }

  #sendAll(messages: readonly Uint8Array[]): void {
    for (const octets of messages) {
      this.#record.sent(typeOf(octets));
      this.#established?.send(octets);
    }
    if (messages.length > 0) this.#ports.changed();
    this.#tellTooLong();
    if (this.#established !== undefined && this.#established.pendingOctets > MOST_PENDING_OCTETS) this.#giveUp(this.#established);
  }

  #tellTooLong(): void {
    const before = this.#saidTooLong;
    this.#saidTooLong = this.#out.tooLong;
    if (this.#saidTooLong <= before) return;
    const message = 'routes have more communities than a message of the session holds and are not announced: use fewer';
    this.#log('error', message, { op: 'announce' });
  }

  /** Ends a connection that takes nothing, before what waits for it takes all memory. */
  #giveUp(transport: BgpTransport): void {
    transport.reset();
    this.#step(transport, { kind: 'disconnected', cause: 'the peer does not read what is sent to it' });
  }

  #jittered(after: Micros): Micros {
    return micros(after * (1 - JITTER * this.#ports.random()));
  }

  #startTimer(transport: BgpTransport, timer: SessionTimer, after: Micros): void {
    transport.startTimer(timer, after, () => {
      const isConnecting = timer === 'open' && this.#peering[transport.direction]?.name === 'connect';
      this.#step(transport, isConnecting ? { kind: 'connect-failed', cause: this.#noAnswer() } : { kind: 'expired', timer });
    });
  }

  /**
   * A kernel drops what is not signed as it should be without a word, so a wrong password looks like this. Like every reason it leaves out
   * the peer's address, which stands beside it in the line of the log, the event and the status.
   */
  #noAnswer(): string {
    const password = this.peer.password === undefined ? 'does it ask for a password' : 'is the password the same on both sides';
    return `no answer: is the router reachable, and ${password}?`;
  }

  #log(level: LogLine['level'], message: string, fields: LogLine['fields']): void {
    this.#ports.log(level, message, { peer: this.peer.name, address: addressOf(this.peer), localASN: this.peer.localAsn, ...fields });
  }
}

function typeOf(octets: Uint8Array): Message['type'] {
  return TYPES[octets[TYPE_OFFSET] ?? 0] ?? 'keepalive';
}

const TYPES: readonly (Message['type'] | undefined)[] = [undefined, 'open', 'update', 'notification', 'keepalive', 'route-refresh'];

function addressOf({ address, port }: PlannedPeer): string {
  const text = formatAddress(address);
  return address.family === 'IPv6' ? `[${text}]:${port}` : `${text}:${port}`;
}

function codeOf(ending: Ending): LogLine['fields'] {
  if (ending.kind === 'notified') return { code: ending.received.code, subcode: ending.received.subcode };
  return ending.kind === 'refused' ? { code: ending.sent.code, subcode: ending.sent.subcode } : {};
}
