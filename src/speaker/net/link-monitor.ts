import type { IpAddress } from '../../lib/ip.ts';
import type { Mac } from '../../lib/mac.ts';
import type { NetworkError } from './network-error.ts';

/** An address of this node on one of its links. */
export interface LinkAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** One network interface of this node, as it is now. */
export interface Link {
  /** The kernel's number; a link that went and came back has another one. */
  readonly index: number;
  readonly name: string;
  /** Zero for a link without a 48-bit address. */
  readonly mac: Mac;
  /** The administrator wants it up. */
  readonly up: boolean;
  /** There is a signal: without one nothing is received, whatever `up` says. */
  readonly carrier: boolean;
  /** The link reaches all its stations at once. */
  readonly broadcast: boolean;
  /** Stations are found without ARP or NDP (flag NOARP). */
  readonly noArp: boolean;
  /** It is a part of another link, of a bridge, a bond or a VRF, and carries nothing of its own. */
  readonly enslaved: boolean;
  readonly addresses: readonly LinkAddress[];
}

/** Who watches the links. Called from the event loop, never from within `watch`. */
export interface LinkListener {
  /** The links of this node are these, by number: said once at first, then after anything of them has changed. */
  changed(links: readonly Link[]): void;
  /** The monitor works no more and must be disposed of. */
  failed(error: NetworkError): void;
}

/** A watch over the links of this node; disposing of it ends it. */
export interface LinkMonitor extends Disposable {
  /** Reads everything anew, against events that were lost; `changed` follows only if something is different. */
  rescan(): void;
}

/** The port to the links of this node. Throws a {@link NetworkError}. */
export type WatchLinks = (listener: LinkListener) => LinkMonitor;
