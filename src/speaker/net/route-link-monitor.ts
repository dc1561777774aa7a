import { describeDecodeError } from '../../lib/binary.ts';
import type { LinkListener, LinkMonitor, WatchLinks } from './link-monitor.ts';
import { LinkTable, type LinkTableEffect } from './link-table.ts';
import type { NativeSocket, NativeSockets } from './native.ts';
import { decodeNetlink, encodeDumpRequest, LINK_EVENTS } from './netlink.ts';
import { NetworkError, networkError } from './network-error.ts';

/** What the kernel puts at most into one datagram of a dump, when the reader has the room. */
const SLOT_OCTETS = 32 * 1024;
const SLOTS = 4;

/** Room for the events of some thousand links that change at once; what is lost costs a scan. */
const QUEUE_OCTETS = 1024 * 1024;

/** ENOBUFS of Linux, negative as libuv has it: events were lost. */
const EVENTS_LOST = -105;

const PURPOSE = 'watching the network interfaces';

/** A watch over the links by rtnetlink; needs no capability. */
export function watchLinksWith(native: NativeSockets): WatchLinks {
  return (listener) => new RouteLinkMonitor(native, listener);
}

class RouteLinkMonitor implements LinkMonitor {
  readonly #native: NativeSockets;
  readonly #listener: LinkListener;
  readonly #socket: NativeSocket;
  readonly #table = new LinkTable();
  readonly #slots = new Uint8Array(SLOTS * SLOT_OCTETS);
  readonly #lengths = new Uint32Array(SLOTS);

  constructor(native: NativeSockets, listener: LinkListener) {
    this.#native = native;
    this.#listener = listener;
    const opened = native.openRouteSocket(LINK_EVENTS, QUEUE_OCTETS, this.#slots, this.#lengths, (count) => this.#received(count));
    if (typeof opened === 'number') throw networkError(PURPOSE, opened);
    this.#socket = opened;
    this.rescan();
  }

  rescan(): void {
    this.#carryOut(this.#table.scan());
  }

  [Symbol.dispose](): void {
    this.#native.close(this.#socket);
  }

  #received(count: number): void {
    if (count === EVENTS_LOST) this.rescan();
    else if (count < 0) this.#listener.failed(networkError(PURPOSE, count));
    for (let slot = 0; slot < count; slot++) {
      const start = slot * SLOT_OCTETS;
      const decoded = decodeNetlink(this.#slots.subarray(start, start + (this.#lengths[slot] ?? 0)));
      if (decoded.ok) this.#carryOut(this.#table.take(decoded.value));
      else this.#listener.failed(new NetworkError('EBADMSG', `${PURPOSE}: the kernel's ${describeDecodeError(decoded.error)}`));
    }
  }

  #carryOut(effects: readonly LinkTableEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'request':
          this.#request(effect.what, effect.sequence);
          break;
        case 'changed':
          this.#listener.changed(effect.links);
          break;
        case 'failed':
          this.#listener.failed(networkError(PURPOSE, effect.errno));
          break;
      }
    }
  }

  /** A refusal comes back as a message; one that never gets there ends as a dump that never does. */
  #request(what: 'links' | 'addresses', sequence: number): void {
    this.#native.send(this.#socket, encodeDumpRequest(what, sequence));
  }
}
