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
  /** A rest of -1: nobody is woken, and `received` is never called; see `receive`. */
  openPacketSocket(
    ifindex: number,
    etherType: number,
    queueOctets: number,
    restMilliseconds: number,
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
  /** Fills the slots with what waits; how many, or a negative errno. */
  receive(socket: NativeSocket): number;
  /** Another rest, from the next reading on. */
  setRest(socket: NativeSocket, milliseconds: number): number;
  setFilter(socket: NativeSocket, program: Uint8Array): number;
  /** What the kernel lets wait in the receive queue, in octets by its own count. */
  queueOctets(socket: NativeSocket): number;
  /** How many frames were lost to a full queue since the last call. */
  takeDrops(socket: NativeSocket): number;
  close(socket: NativeSocket): void;
}

/** The compiled part for TCP, `native/typemetal_tcp.c`. */
export interface NativeTcp {
  /**
   * Makes a socket for connections to `peer`, of four or sixteen octets; a descriptor, or a negative errno when the
   * kernel refuses. `password` has up to 80 octets, none for no signatures; `device` is empty or the name of a device.
   */
  openTcpSocket(peer: Uint8Array, password: Uint8Array, ttl: number, device: string): number;
  /** Makes a socket that listens at `address`, or at all of its family for zeros; a descriptor, or a negative errno. */
  openTcpListener(address: Uint8Array, port: number, ttl: number, device: string): number;
  /** Has connections of `peer` to a listening socket be signed, or no more for an empty password; 0 or a negative errno. */
  setTcpPassword(descriptor: number, peer: Uint8Array, password: Uint8Array): number;
}

/** Where the Makefile puts them, seen from this file; a bundle has them beside it. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../build/' : './', import.meta.url);
const SOCKETS = new URL('typemetal_net.node', FOLDER);
const TCP = new URL('typemetal_tcp.node', FOLDER);

/** Loads the compiled part; throws a {@link NetworkError} that says how to get it. */
export function loadNativeSockets(path: string = fileURLToPath(SOCKETS)): NativeSockets {
  return load(path) as NativeSockets;
}

/** The same for TCP. */
export function loadNativeTcp(path: string = fileURLToPath(TCP)): NativeTcp {
  return load(path) as NativeTcp;
}

function load(path: string): unknown {
  try {
    return createRequire(import.meta.url)(path);
  } catch (cause) {
    throw new NetworkError('NO_ADDON', `the compiled part ${path} cannot be loaded: run "make addon"`, { cause });
  }
}
