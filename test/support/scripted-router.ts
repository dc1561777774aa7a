import {
  type Capability,
  type Context,
  decodeMessage,
  encodeMessage,
  INITIAL_CONTEXT,
  type Message,
  negotiate,
  type Open,
} from '@typemetal/bgp-parser';
import type { FakeTcp, FarEnd } from './fake-tcp.ts';

const CAPABILITIES: readonly Capability[] = [
  { code: 1, name: 'multiprotocol', afi: 1, safi: 1 },
  { code: 1, name: 'multiprotocol', afi: 2, safi: 1 },
  { code: 2, name: 'route-refresh' },
  { code: 65, name: 'four-octet-asn', asn: 64_600 },
];

/** What a router says first, unless a test says otherwise. */
export const ROUTER_OPEN: Open = {
  type: 'open',
  version: 4,
  asn: 64_600,
  holdTime: 90,
  routerId: 0xc6_33_64_01,
  capabilities: CAPABILITIES,
};

/** The router at the other end of the connections of a {@link FakeTcp}: says what the test tells it to, and reads what comes. */
export class ScriptedRouter {
  readonly #tcp: FakeTcp;
  #context: Context = INITIAL_CONTEXT;
  #dialled: FarEnd | undefined;
  #opened: Open = ROUTER_OPEN;

  constructor(tcp: FakeTcp) {
    this.#tcp = tcp;
  }

  /** The connection that was asked for last. */
  get connection(): FarEnd {
    return this.#dialled ?? this.#tcp.last;
  }

  /** Connects to this node instead; from then on that is its connection. Throws when it is not let in. */
  dial(from: string, local: string = '198.51.100.11'): void {
    this.#context = INITIAL_CONTEXT;
    this.#dialled = this.#tcp.dial(from, local);
    if (this.#dialled === undefined) throw new Error('the connection was reset');
  }

  /** Says who it is, on a connection that is there, and that it agrees; gives what came after the OPEN. */
  greet(open: Partial<Open> = {}): readonly Message[] {
    const [first] = this.read();
    if (first?.type !== 'open') throw new Error('no OPEN came');
    this.#opened = first;
    const theirs = { ...ROUTER_OPEN, ...open };
    this.say(theirs);
    this.#context = negotiate(theirs, first);
    this.say({ type: 'keepalive' });
    return this.read();
  }

  /** The OPEN that came last. */
  get opened(): Open {
    return this.#opened;
  }

  /** Takes the connection and goes through the OPENs; gives what came after them. */
  establish(open: Partial<Open> = {}, local: string = '198.51.100.11', siblings: readonly string[] = []): readonly Message[] {
    this.connection.accept(local, siblings);
    return this.greet(open);
  }

  /** Sends a message. */
  say(message: Message): void {
    this.connection.deliver(encodeMessage(message, this.#context));
  }

  /** What came since the last call; throws when it has a fault. */
  read(): readonly Message[] {
    return this.connection.take().map((octets) => {
      const { message, faults } = decodeMessage(octets, octets[18] === 1 ? INITIAL_CONTEXT : this.#context);
      if (message === undefined || faults.length > 0) throw new Error(`a bad message came: ${faults[0]?.reason}`);
      if (message.type === 'open') this.#context = INITIAL_CONTEXT;
      return message;
    });
  }
}
