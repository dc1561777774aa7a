import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NetworkError } from './network-error.ts';

/** A socket of the addon. */
export type NativeSocket = object & { readonly native: unique symbol };

/** Called with how many slots are filled, or with a negative errno; the slots are its own until it returns. */
export type NativeReceived = (count: number) => void;

/**
 * The compiled part, `native/typemetal_net.c`. Each call returns a negative errno when the kernel refuses; an open call
 * returns the socket otherwise, the others 0. `slots` is divided evenly into as many slots as `lengths` has elements.
 */
export interface NativeSockets {
  openPacketSocket(
    ifindex: number,
    etherType: number,
    queueOctets: number,
    filter: Uint8Array,
    slots: Uint8Array,
    lengths: Uint32Array,
    received: NativeReceived,
  ): NativeSocket | number;
  openRouteSocket(
    groups: number,
    queueOctets: number,
    slots: Uint8Array,
    lengths: Uint32Array,
    received: NativeReceived,
  ): NativeSocket | number;
  send(socket: NativeSocket, octets: Uint8Array): number;
  setFilter(socket: NativeSocket, program: Uint8Array): number;
  /** What the kernel lets wait in the receive queue, in octets by its own count. */
  queueOctets(socket: NativeSocket): number;
  /** How many frames were lost to a full queue since the last call. */
  takeDrops(socket: NativeSocket): number;
  close(socket: NativeSocket): void;
}

/** Where the Makefile puts it, seen from this file. */
const BUILT = new URL('../../../build/typemetal_net.node', import.meta.url);

/** Loads the compiled part; throws a {@link NetworkError} that says how to get it. `path` is for a bundle that moved it. */
export function loadNativeSockets(path: string = fileURLToPath(BUILT)): NativeSockets {
  try {
    return createRequire(import.meta.url)(path) as NativeSockets;
  } catch (cause) {
    throw new NetworkError('NO_ADDON', `the compiled part ${path} cannot be loaded: run "make addon"`, { cause });
  }
}
