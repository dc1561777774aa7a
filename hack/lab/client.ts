import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './agent-messages.ts';
import type { Host } from './host.ts';

/** One line of the client's neighbour table (ip-neighbour(8)). */
export interface Neighbour {
  /** Absent while the client still asks, and when nobody answered. */
  readonly mac: string | undefined;
  /** `REACHABLE`, `STALE`, `FAILED` and so on. */
  readonly state: string;
}

/** Where and how long to ask. */
export interface Exchange {
  readonly port?: number;
  readonly path?: string;
  readonly withinMilliseconds?: number;
}

/** The kernel asks three times, a second apart, before it gives up (arp(7), mcast_solicit and retrans_time_ms). */
const RESOLVE_MILLISECONDS = 4_000;
const LOOK_MILLISECONDS = 10;

/** An answer over a few namespaces takes a millisecond; both ends are processes of a machine that may have other things to do. */
const EXCHANGE_MILLISECONDS = 10_000;

/** Entries in these states carry an address that somebody has claimed. */
const RESOLVED = new Set(['REACHABLE', 'STALE', 'DELAY', 'PROBE', 'PERMANENT']);

/** A machine on the segment that is no part of the cluster: what it sees is what a user sees. */
export class Client {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** One HTTP exchange with an address, on a connection of its own. Throws an AgentError when nothing answers in time. */
  http(address: string, exchange: Exchange = {}): Promise<Answer> {
    const host = address.includes(':') ? `[${address}]` : address;
    const url = `http://${host}:${exchange.port ?? 80}${exchange.path ?? '/'}`;
    return this.host.agent.ask({ kind: 'http', url, withinMilliseconds: exchange.withinMilliseconds ?? EXCHANGE_MILLISECONDS });
  }

  /** One datagram there and one back. Throws an AgentError when nothing answers in time. */
  udp(address: string, exchange: Omit<Exchange, 'path'> & { text?: string } = {}): Promise<Answer> {
    const withinMilliseconds = exchange.withinMilliseconds ?? EXCHANGE_MILLISECONDS;
    return this.host.agent.ask({ kind: 'udp', address, port: exchange.port ?? 80, text: exchange.text ?? '', withinMilliseconds });
  }

  /** What the client's kernel knows of an address; `undefined` when it has not asked lately. */
  async neighbour(address: string): Promise<Neighbour | undefined> {
    const printed = await this.host.run(['ip', '-json', 'neighbour', 'show', 'to', address, 'dev', 'eth0']);
    const [entry] = JSON.parse(printed || '[]') as { lladdr?: string; state?: string[] }[];
    return entry === undefined ? undefined : { mac: entry.lladdr, state: entry.state?.join(' ') ?? 'NONE' };
  }

  /**
   * Makes the client's kernel ask anew who has an address, by ARP or by neighbour discovery, and gives the MAC that was
   * claimed; `undefined` when nobody answered.
   */
  async resolve(address: string, withinMilliseconds: number = RESOLVE_MILLISECONDS): Promise<string | undefined> {
    await this.forget(address);
    await this.host.agent.ask({ kind: 'provoke', address });
    const deadline = performance.now() + withinMilliseconds;
    while (performance.now() < deadline) {
      const entry = await this.neighbour(address);
      if (entry?.mac !== undefined && RESOLVED.has(entry.state)) return entry.mac;
      if (entry?.state === 'FAILED') return undefined;
      await sleep(LOOK_MILLISECONDS);
    }
    return undefined;
  }

  /** Removes an address from the client's neighbour table. */
  async forget(address: string): Promise<void> {
    await this.host.run(['ip', 'neighbour', 'flush', 'to', address, 'dev', 'eth0']);
  }

  /** Tells the client's kernel for good which MAC an address has, in place of an answer on the wire. */
  async pin(address: string, mac: string): Promise<void> {
    await this.host.run(['ip', 'neighbour', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent']);
  }
}
