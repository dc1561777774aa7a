import type { Clock } from '../../src/lib/clock.ts';
import type { TcpConnection, TcpConnector } from '../../src/speaker/net/tcp-connector.ts';
import type { Order } from '../../src/speaker/shell/messages.ts';

/** A fault that is built into a speaker at its edges, to see that the simulation finds it. */
export interface Sabotage {
  readonly clock: (clock: Clock) => Clock;
  readonly connector: (connector: TcpConnector, clock: Clock) => TcpConnector;
  readonly order: (order: Order) => Order;
}

/** A speaker as it is. */
export const NO_SABOTAGE: Sabotage = { clock: (clock) => clock, connector: (connector) => connector, order: (order) => order };

const UPDATE = 2;
const KEEPALIVE = 4;
const TYPE_OFFSET = 18;
const WITHDRAWN_OFFSET = 19;
const END_OF_RIB_OCTETS = 23;

/** Sends what `change` makes of each message. */
function sends(change: (octets: Uint8Array) => readonly Uint8Array[]): Sabotage {
  const connector = (real: TcpConnector): TcpConnector => ({
    connect: (target, listener) => altered(real.connect(target, listener), change),
  });
  return { ...NO_SABOTAGE, connector };
}

function altered(real: TcpConnection, change: (octets: Uint8Array) => readonly Uint8Array[]): TcpConnection {
  return {
    send: (octets) => {
      for (const each of change(octets)) real.send(each);
    },
    end: () => real.end(),
    get pendingOctets() {
      return real.pendingOctets;
    },
    [Symbol.dispose]: () => real[Symbol.dispose](),
  };
}

function isUpdate(octets: Uint8Array): boolean {
  return octets[TYPE_OFFSET] === UPDATE;
}

function withdraws(octets: Uint8Array): boolean {
  return isUpdate(octets) && (octets[WITHDRAWN_OFFSET + 1] ?? 0) > 0;
}

/** Timers of a span that `forgets` says never end. */
function forgets(spans: (delay: number) => boolean): Sabotage {
  const clock = (real: Clock): Clock => ({
    now: () => real.now(),
    wallMilliseconds: () => real.wallMilliseconds(),
    startTimer: (delay, fire) => real.startTimer(delay, spans(delay) ? () => undefined : fire),
  });
  return { ...NO_SABOTAGE, clock };
}

/** Faults, and words of the complaint that each has to lead to. */
export const SABOTAGES: readonly { readonly what: string; readonly sabotage: Sabotage; readonly found: RegExp }[] = [
  { what: 'withdrawals are not sent', sabotage: sends((octets) => (withdraws(octets) ? [] : [octets])), found: /has not the routes/ },
  {
    what: 'End-of-RIB is sent twice',
    sabotage: sends((octets) => (octets.length === END_OF_RIB_OCTETS && isUpdate(octets) ? [octets, octets.slice()] : [octets])),
    found: /second End-of-RIB/,
  },
  {
    what: 'End-of-RIB is not sent',
    sabotage: sends((octets) => (octets.length === END_OF_RIB_OCTETS && isUpdate(octets) ? [] : [octets])),
    found: /was not told that these are all/,
  },
  {
    what: 'messages are sent twice',
    sabotage: sends((octets) => (isUpdate(octets) ? [octets, octets.slice()] : [octets])),
    found: /again|a second/,
  },
  {
    what: 'an octet of a message is another one',
    sabotage: sends((octets) => [isUpdate(octets) ? octets.with(octets.length - 1, 33 ^ (octets.at(-1) ?? 0)) : octets]),
    found: /bad message|has not|never were/,
  },
  {
    what: 'KEEPALIVEs are forgotten',
    sabotage: sends((octets) => (octets[TYPE_OFFSET] === KEEPALIVE ? [] : [octets])),
    found: /no session|before the session is there/,
  },
  {
    what: 'the hold timer is forgotten',
    sabotage: forgets((delay) => [3, 9, 30, 90].includes(delay / 1_000_000)),
    found: /is silent and not given up/,
  },
  { what: 'the wait for the OPEN has no end', sabotage: forgets((delay) => delay === 30_000_000), found: /no session/ },
  {
    what: 'the pauses between attempts are left out',
    sabotage: {
      ...NO_SABOTAGE,
      clock: (real) => ({
        now: () => real.now(),
        wallMilliseconds: () => real.wallMilliseconds(),
        startTimer: (delay, fire) => real.startTimer((delay % 1_000_000 === 0 ? delay : delay / 10) as typeof delay, fire),
      }),
    },
    found: /attempts to reach/,
  },
  {
    what: 'a change of the plan is lost',
    sabotage: {
      ...NO_SABOTAGE,
      order: (order) =>
        order.kind === 'changes' && order.changes.every(({ kind }) => kind === 'route')
          ? { ...order, changes: order.changes.slice(1) }
          : order,
    },
    found: /has not the routes|never were/,
  },
];
