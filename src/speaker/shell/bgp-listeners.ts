import { assert } from '../../lib/assert.ts';
import { type Clock, milliseconds, type Timer } from '../../lib/clock.ts';
import { type Family, sameAddress } from '../../lib/ip.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import type { TcpAcceptor, TcpIncoming, TcpServer } from '../net/tcp-acceptor.ts';
import type { LogLine } from './outbox.ts';

/** What listening needs of the world. */
export interface BgpListenerPorts {
  readonly clock: Clock;
  readonly acceptor: TcpAcceptor;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
  /** The peer of that name opened a connection. */
  incoming(peer: string, connection: TcpIncoming): void;
  /** Somebody who is no peer was turned away. */
  refused(): void;
}

/** Another program that has the port is stopped by a person; a VRF may yet come. */
const RETRY_EVERY = milliseconds(10_000);

/** One place that is listened at, and who is expected there. */
interface Place {
  readonly family: Family;
  readonly device: string | undefined;
  peers: readonly PlannedPeer[];
  server: TcpServer | undefined;
  retry: Timer | undefined;
  /** What was said last of why nobody is listened to. */
  cause: string;
}

/**
 * Waits for connections of peers, in each address family and VRF that has any. Who is no peer is reset at once, without a word
 * and without a line in the log, and counted.
 */
export class BgpListeners implements Disposable {
  readonly #port: number;
  readonly #ports: BgpListenerPorts;
  readonly #places = new Map<string, Place>();

  constructor(port: number, ports: BgpListenerPorts) {
    this.#port = port;
    this.#ports = ports;
  }

  /** Takes who may connect from now on. */
  setPeers(peers: readonly PlannedPeer[]): void {
    const byPlace = Map.groupBy(peers, ({ address, vrf }) => `${address.family} ${vrf ?? ''}`);
    for (const [key, place] of this.#places) {
      if (byPlace.has(key)) continue;
      close(place);
      this.#places.delete(key);
    }
    for (const [key, those] of byPlace) this.#setPlace(key, those);
  }

  [Symbol.dispose](): void {
    for (const place of this.#places.values()) close(place);
    this.#places.clear();
  }

  #setPlace(key: string, peers: readonly PlannedPeer[]): void {
    const before = this.#places.get(key);
    if (before === undefined) {
      const [first] = peers;
      assert(first !== undefined, 'a place has peers');
      const { address, vrf: device } = first;
      const place: Place = { family: address.family, device, peers, server: undefined, retry: undefined, cause: '' };
      this.#places.set(key, place);
      this.#listen(place);
      return;
    }
    const gone = before.peers.filter(({ address }) => !peers.some((peer) => sameAddress(peer.address, address)));
    for (const { address, password } of gone) if (password !== undefined) before.server?.setPassword(address, undefined);
    const known = new Map(before.peers.map((peer) => [peer.name, peer.password]));
    before.peers = peers;
    this.#setPasswords(
      before,
      peers.filter(({ name, password }) => password !== known.get(name)),
    );
  }

  #listen(place: Place): void {
    const { family, device } = place;
    place.retry = undefined;
    place.server = this.#ports.acceptor.listen(
      { family, device, port: this.#port },
      { incoming: (connection) => this.#take(place, connection), failed: (cause) => this.#failed(place, cause) },
    );
    this.#setPasswords(
      place,
      place.peers.filter(({ password }) => password !== undefined),
    );
  }

  #setPasswords({ server }: Place, peers: readonly PlannedPeer[]): void {
    for (const { name, address, password } of peers) {
      const cause = server?.setPassword(address, password);
      // Without a key to check by the kernel drops what the peer signs, so this is not a way in.
      if (cause !== undefined)
        this.#ports.log('error', 'connections of a peer cannot be checked by its password', { op: 'listen', peer: name, cause });
    }
  }

  #take(place: Place, connection: TcpIncoming): void {
    const peer = place.peers.find(({ address }) => sameAddress(address, connection.remote));
    if (peer !== undefined) {
      this.#ports.incoming(peer.name, connection);
      return;
    }
    connection[Symbol.dispose]();
    this.#ports.refused();
  }

  #failed(place: Place, cause: string): void {
    place.server?.[Symbol.dispose]();
    place.server = undefined;
    if (cause !== place.cause) {
      const fields = { op: 'listen', port: this.#port, family: place.family, vrf: place.device ?? '', cause };
      this.#ports.log('error', 'peers cannot connect to this node: it does not listen', fields);
    }
    place.cause = cause;
    place.retry = this.#ports.clock.startTimer(RETRY_EVERY, () => this.#listen(place));
  }
}

function close({ server, retry }: Place): void {
  server?.[Symbol.dispose]();
  retry?.[Symbol.dispose]();
}
