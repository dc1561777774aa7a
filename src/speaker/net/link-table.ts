import { formatAddress } from '../../lib/ip.ts';
import type { Link, LinkAddress } from './link-monitor.ts';
import type { NetlinkBody, NetlinkMessage } from './netlink.ts';

/** What has to be done, in order. */
export type LinkTableEffect =
  /** Ask the kernel for a dump whose messages carry this sequence number. */
  | { readonly kind: 'request'; readonly what: 'links' | 'addresses'; readonly sequence: number }
  | { readonly kind: 'changed'; readonly links: readonly Link[] }
  /** The dump was refused, or never ended: nothing here can be relied on. */
  | { readonly kind: 'failed'; readonly errno: number };

interface Content {
  readonly links: Map<number, Omit<Link, 'addresses'>>;
  readonly addresses: Map<string, { readonly link: number; readonly address: LinkAddress }>;
}

interface Dump {
  readonly phase: 'links' | 'addresses';
  readonly sequence: number;
  readonly fresh: Content;
  interrupted: boolean;
}

/** A dump that the kernel interrupts so often is taken as it is: events correct it, and so does the next scan. */
const MAX_INTERRUPTIONS = 3;

/** ETIMEDOUT of Linux. */
const TIMED_OUT = -110;

const empty = (): Content => ({ links: new Map(), addresses: new Map() });

/**
 * The links of this node as the messages of the kernel tell them: a dump of everything, and events in between. Says what
 * changed only when it knows everything. No I/O: it is given messages and returns what to do.
 */
export class LinkTable {
  #content = empty();
  #dump: Dump | undefined;
  #sequence = 0;
  #interruptions = 0;
  #scanWanted: boolean = false;
  #known: boolean = false;
  #said = '';

  /** Reads everything anew; while a dump is under way, after it. A dump that outlasts two calls has failed. */
  scan(): readonly LinkTableEffect[] {
    if (this.#dump === undefined) return [this.#begin('links', empty())];
    if (this.#scanWanted) return [{ kind: 'failed', errno: TIMED_OUT }];
    this.#scanWanted = true;
    return [];
  }

  /** Takes the messages of one datagram. */
  take(messages: readonly NetlinkMessage[]): readonly LinkTableEffect[] {
    const effects: LinkTableEffect[] = [];
    for (const message of messages) effects.push(...this.#takeOne(message));
    return [...effects, ...this.#changes()];
  }

  #takeOne({ sequence, interrupted, body }: NetlinkMessage): readonly LinkTableEffect[] {
    const dump = this.#dump?.sequence === sequence ? this.#dump : undefined;
    if (dump !== undefined && interrupted) dump.interrupted = true;
    if (body.kind !== 'done' && body.kind !== 'error') {
      // An event that comes while a dump is under way may be missing in it.
      apply(this.#content, body);
      if (this.#dump !== undefined) apply(this.#dump.fresh, body);
      return [];
    }
    if (dump === undefined) return [];
    return body.errno === 0 ? this.#finish(dump) : [{ kind: 'failed', errno: body.errno }];
  }

  #begin(phase: Dump['phase'], fresh: Content, interrupted = false): LinkTableEffect {
    this.#sequence++;
    this.#dump = { phase, sequence: this.#sequence, fresh, interrupted };
    return { kind: 'request', what: phase, sequence: this.#sequence };
  }

  #finish(dump: Dump): readonly LinkTableEffect[] {
    if (dump.phase === 'links') return [this.#begin('addresses', dump.fresh, dump.interrupted)];
    if (dump.interrupted && ++this.#interruptions < MAX_INTERRUPTIONS) return [this.#begin('links', empty())];
    this.#interruptions = 0;
    this.#dump = undefined;
    this.#content = dump.fresh;
    this.#known = true;
    const again = this.#scanWanted;
    this.#scanWanted = false;
    return again ? this.scan() : [];
  }

  #changes(): readonly LinkTableEffect[] {
    if (!this.#known) return [];
    const links = linksOf(this.#content);
    const said = links.map(textOf).join('\n');
    if (said === this.#said) return [];
    this.#said = said;
    return [{ kind: 'changed', links }];
  }
}

function apply(content: Content, body: NetlinkBody): void {
  switch (body.kind) {
    case 'link':
      content.links.set(body.link.index, body.link);
      break;
    case 'link-gone':
      content.links.delete(body.index);
      for (const [key, { link }] of content.addresses) if (link === body.index) content.addresses.delete(key);
      break;
    case 'address':
      content.addresses.set(keyOf(body.index, body.address), { link: body.index, address: body.address });
      break;
    case 'address-gone':
      content.addresses.delete(keyOf(body.index, body.address));
      break;
    default:
  }
}

function keyOf(link: number, { address, prefixLength }: LinkAddress): string {
  return `${link} ${formatAddress(address)}/${prefixLength}`;
}

function linksOf(content: Content): readonly Link[] {
  const addresses = new Map<number, LinkAddress[]>();
  for (const { link, address } of content.addresses.values()) {
    const present = addresses.get(link);
    if (present === undefined) addresses.set(link, [address]);
    else present.push(address);
  }
  const links = Array.from(content.links.values(), (link): Link => ({ ...link, addresses: addresses.get(link.index) ?? [] }));
  return links.sort((left, right) => left.index - right.index);
}

/** Everything of a link in one line: two links are the same if their lines are. */
function textOf(link: Link): string {
  const addresses = link.addresses.map((address) => keyOf(link.index, address)).sort((left, right) => (left < right ? -1 : 1));
  return JSON.stringify([link.index, link.name, link.mac, link.up, link.carrier, link.broadcast, link.noArp, link.enslaved, addresses]);
}
