import type { Micros } from '../../lib/clock.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import { compareTexts } from '../../lib/order.ts';
import type { Link } from '../net/link-monitor.ts';
import type { PeersEffect } from '../protocol/layer2/peers-events.ts';
import { type LinksView, Presence } from '../protocol/layer2/presence.ts';
import type { StandInAnswer } from '../protocol/layer2/stand-ins-events.ts';
import type { SegmentMessage } from '../wire/segment.ts';
import type { InterfaceSelection } from './interface-selection.ts';
import type { NodeNetwork, OpenFailed, ResponderProtocol } from './responders.ts';
import { type Neighbourhood, type SegmentContext, SegmentLink } from './segment-link.ts';

/** What each link says is for the segments themselves. */
type Own = 'gone' | 'forgotten' | 'heard' | 'judged' | 'hearingChanged' | 'closed' | 'standIn' | 'standInBegun';

/** What the segments are made with. */
export type SegmentsOptions = Omit<SegmentContext, Own> & {
  /** What is heard of other nodes, on whichever link. */
  readonly heard: (event: Heard) => void;
  /** Answer on the link of that name for these addresses of other nodes, and for no others. */
  readonly standIn: (link: string, answers: readonly StandInAnswer[]) => void;
  /** How many addresses of other nodes are answered for, and how often that was begun. */
  readonly standingIn: (addresses: number, begun: number) => void;
  /** These nodes are not there; told when it changes. */
  readonly goneChanged: (nodes: readonly string[]) => void;
  /** Some nodes are on one link and not on another, or a link has no signal; told when it changes. */
  readonly linksChanged: (view: LinksView) => void;
};

type Heard = PeersEffect & { readonly kind: 'greeted' | 'claimed' };

/** The links on which this speaker speaks with others, and what they say together: a node is gone when no link hears it. */
export class Segments implements ResponderProtocol {
  readonly name = 'segment';
  readonly #context: SegmentContext;
  readonly #goneChanged: (nodes: readonly string[]) => void;
  readonly #linksChanged: (view: LinksView) => void;
  readonly #presence = new Presence();
  #view: LinksView | undefined;
  /** Who is gone, by the name of the link: what was known of a link that is closed counts until it is open again. */
  readonly #gone = new Map<string, readonly string[]>();
  /** The links, by name, on which somebody was heard. */
  readonly #neighbourhoods = new Map<string, Neighbourhood>();
  readonly #open = new Set<SegmentLink>();
  /** Where each node was heard last. */
  readonly #places = new Map<string, { readonly segment: SegmentLink; readonly mac: Mac }>();
  readonly #stoodIn = new Map<SegmentLink, number>();
  #standInsBegun = 0;
  /** The MACs of each node, by link. */
  readonly #macs = new Map<string, Map<SegmentLink, Mac>>();
  #said: string | undefined;

  constructor({ goneChanged, linksChanged, heard, standIn, standingIn, ...options }: SegmentsOptions) {
    const tellStandIns = (): void => standingIn(sumOf(this.#stoodIn.values()), this.#standInsBegun);
    this.#goneChanged = goneChanged;
    this.#linksChanged = linksChanged;
    this.#context = {
      ...options,
      gone: (segment, nodes) => {
        this.#gone.set(segment.link.name, nodes);
        this.#tell();
      },
      forgotten: (segment, node) => this.#forget(segment, node),
      heard: (segment, effect) => {
        this.#place(segment, effect);
        heard(effect);
        if (effect.kind === 'greeted') this.#presence.greeted(segment.link.name, effect.node);
        this.#tellLinks();
      },
      judged: (segment, node, verdict) => {
        this.#presence.judged(segment.link.name, node, verdict);
        this.#tellLinks();
        return this.#presence.hearsElsewhere(segment.link.name, node);
      },
      standIn: (segment, answers) => {
        this.#stoodIn.set(segment, answers.length);
        standIn(segment.link.name, answers);
        tellStandIns();
      },
      standInBegun: () => {
        this.#standInsBegun++;
        tellStandIns();
      },
      hearingChanged: () => {
        this.#tell();
        this.#noteLinks();
      },
      closed: (segment) => this.#close(segment),
    };
  }

  linksOf({ arp }: InterfaceSelection): readonly Link[] {
    return arp;
  }

  open(link: Link, network: NodeNetwork, failed: OpenFailed): SegmentLink {
    const segment = new SegmentLink(link, network, this.#context, failed, this.#neighbourhoods.get(link.name));
    this.#open.add(segment);
    this.#noteLinks();
    return segment;
  }

  /** What this node announces has changed. */
  describe(): void {
    for (const segment of this.#open) segment.describe();
  }

  /** Whose the addresses are has changed, or what is known of them. */
  ownersChanged(): void {
    for (const segment of this.#open) segment.ownersChanged();
  }

  /** Has what others have said by now taken on all links, unless this loop is late. */
  catchUp(late: Micros): void {
    for (const segment of this.#open) segment.catchUp(late);
  }

  /** Says something to the speaker of one node, where it was heard last, or to all. */
  say(to: string | undefined, message: SegmentMessage): void {
    const place = to === undefined ? undefined : this.#places.get(to);
    place?.segment.say(place.mac, message);
    if (to === undefined) for (const segment of this.#open) segment.say(BROADCAST_MAC, message);
  }

  /** Whether nothing is to be answered on the link of that name. */
  isSilent(link: string): boolean {
    for (const segment of this.#open) if (segment.link.name === link) return segment.silent;
    return false;
  }

  /** The node that has said hello from that MAC, on whichever link. */
  nodeOf(mac: Mac): string | undefined {
    for (const [node, links] of this.#macs) for (const known of links.values()) if (known === mac) return node;
    return undefined;
  }

  /** Whether somebody was heard on the link of that name and nobody is any more. */
  isCutOff(link: string): boolean {
    for (const segment of this.#open) if (segment.link.name === link) return segment.alone;
    return false;
  }

  /** Tells the others that this speaker ends and comes back. */
  sayFarewell(): void {
    for (const segment of this.#open) segment.sayFarewell();
  }

  #place(segment: SegmentLink, { node, mac }: Heard): void {
    const place = this.#places.get(node);
    // Who was heard there last is known there.
    if (place?.segment === segment && place.mac === mac) return;
    this.#places.set(node, { segment, mac });
    this.#neighbourhoods.set(segment.link.name, segment.neighbourhood);
    this.#macs.set(node, (this.#macs.get(node) ?? new Map()).set(segment, mac));
  }

  #forget(segment: SegmentLink, node: string): void {
    if (this.#places.get(node)?.segment === segment) this.#places.delete(node);
    const links = this.#macs.get(node);
    links?.delete(segment);
    if (links?.size === 0) this.#macs.delete(node);
    this.#presence.forget(segment.link.name, node);
    this.#tellLinks();
  }

  #close(segment: SegmentLink): void {
    this.#stoodIn.delete(segment);
    this.#open.delete(segment);
    this.#presence.put(segment.link.name, 'dark');
    this.#tellLinks();
    if (!this.#neighbourhoods.has(segment.link.name)) this.#gone.delete(segment.link.name);
    for (const links of this.#macs.values()) links.delete(segment);
    for (const [node, place] of this.#places) if (place.segment === segment) this.#places.delete(node);
    // Nodes that were heard on this link only may be gone on another one.
    this.#tell();
  }

  #noteLinks(): void {
    for (const { link, state } of this.#open) this.#presence.put(link.name, state);
    this.#tellLinks();
  }

  #tellLinks(): void {
    const { view } = this.#presence;
    if (view === this.#view) return;
    this.#view = view;
    this.#linksChanged(view);
  }

  #tell(): void {
    const open = [...this.#open];
    const nodes = [...new Set([...this.#gone.values()].flat())]
      .filter((node) => !open.some((segment) => segment.hears(node)))
      .sort(compareTexts);
    const said = nodes.join();
    if (said === this.#said) return;
    this.#said = said;
    this.#goneChanged(nodes);
  }
}

function sumOf(numbers: Iterable<number>): number {
  return [...numbers].reduce((sum, number) => sum + number, 0);
}
