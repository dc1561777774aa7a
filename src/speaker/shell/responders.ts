import { type Clock, milliseconds, type Timer } from '../../lib/clock.ts';
import { describeError, MetalError } from '../../lib/errors.ts';
import type { Mac } from '../../lib/mac.ts';
import type { OpenMembership } from '../net/group-membership.ts';
import type { Link, LinkMonitor, WatchLinks } from '../net/link-monitor.ts';
import type { NetworkError } from '../net/network-error.ts';
import type { PacketNetwork } from '../net/packet-socket.ts';
import { type InterfaceSelection, selectInterfaces } from './interface-selection.ts';
import type { LogLine } from './outbox.ts';

/** The real network of this node, or a fake one. */
export interface NodeNetwork {
  readonly packets: PacketNetwork;
  readonly watchLinks: WatchLinks;
  readonly openMembership: OpenMembership;
}

/** Answers on one link for what this node holds. Disposing of it ends that. */
export interface Responder extends Disposable {
  /** The link as it is now: its MAC is in every answer from here on. */
  link: Link;
  /** See `PacketSocket.queueOctets`. */
  readonly queueOctets: number;
  /** How many questions were lost since the last call because this thread was busy. */
  takeDrops(): number;
  /** Announces all that is held on the link, from the first round on. */
  announceAll(): void;
}

/** Told when a responder works no more and is to be disposed of. */
export type OpenFailed = (error: NetworkError) => void;

/** A way to find addresses on a link, which needs a responder of its own there. */
export interface ResponderProtocol {
  readonly name: 'ARP' | 'NDP' | 'segment';
  linksOf(selection: InterfaceSelection): readonly Link[];
  /** Opens a responder; throws a {@link NetworkError}. */
  open(link: Link, network: NodeNetwork, failed: OpenFailed): Responder;
}

/** What the responders need, and whom they tell. */
export interface RespondersOptions {
  readonly clock: Clock;
  readonly excluded: readonly RegExp[];
  /** Reaches the network; throws a {@link MetalError}, and is tried again later. */
  readonly connect: () => NodeNetwork;
  readonly protocols: readonly ResponderProtocol[];
  readonly debug: ((message: string, fields: Readonly<Record<string, string | number>>) => void) | undefined;
  readonly log: (level: LogLine['level'], message: string, fields: LogLine['fields']) => void;
  /** The names of the links that are not excluded are these; called when they change. */
  readonly namesChanged: (names: readonly string[]) => void;
  /** All links that should have a responder have one; called each time this becomes true. */
  readonly complete: () => void;
}

/** A responder that should be there. */
interface Wanted {
  readonly protocol: ResponderProtocol;
  readonly link: Link;
}

/** One that is. */
interface Open {
  readonly protocol: ResponderProtocol;
  readonly responder: Responder;
}

/** Something that the kernel refused. */
interface Failure {
  readonly op: string;
  readonly code: string;
  readonly message: string;
}

/** A refused socket is tried again after this, then after twice as long each time, ... */
const FIRST_RETRY_MS = 500;
/** ... but no later than this: whoever grants the capability wants to see it work. */
const LAST_RETRY_MS = 15_000;

/** No failure: the link vanished while the news of it waited here, and the news of its end is next. */
const GONE: ReadonlySet<string> = new Set(['ENODEV', 'ENXIO']);

/** The kernel tells each change of a link; this scan is for the one event in a million that was lost. */
const RESCAN = milliseconds(60_000);

/**
 * One responder for each protocol and link that should have one, whatever happens to the links: compares what is wanted with what is
 * there after each change and each failure, and tries again with back-off. Says one line for each change of state.
 */
export class Responders implements Disposable {
  readonly #options: RespondersOptions;
  readonly #open = new Map<string, Open>();
  #network: NodeNetwork | undefined;
  #monitor: LinkMonitor | undefined;
  #links: readonly Link[] | undefined;
  #names: string | undefined;
  #usable: boolean = true;
  #failures = 0;
  #complaints: ReadonlySet<string> = new Set();
  #complete: boolean = false;
  #retry: Timer | undefined;
  #rescan: Timer | undefined;

  constructor(options: RespondersOptions) {
    this.#options = options;
  }

  /** Begins to watch the links and to open responders. */
  start(): void {
    this.#scheduleRescan();
    this.#reconcile();
  }

  /** Whether all links are known and each one that should have a responder has one. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Whether a link of this node, used or not, has that MAC. */
  isOwn(mac: Mac): boolean {
    return this.#links?.some((link) => link.mac === mac) === true;
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
    this.#rescan?.[Symbol.dispose]();
    this.#monitor?.[Symbol.dispose]();
    for (const { responder } of this.#open.values()) responder[Symbol.dispose]();
    this.#open.clear();
  }

  /** Brings what is there closer to what is wanted. Any number of times. */
  #reconcile(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    const failures: Failure[] = [];
    let network: NodeNetwork | undefined;
    const refused = this.#attempt('watchLinks', () => {
      network = this.#connect();
    });
    if (refused !== undefined) failures.push(refused);
    if (network !== undefined && this.#links !== undefined) failures.push(...this.#match(network, this.#links));
    this.#complain(failures);
    const complete = failures.length === 0 && this.#links !== undefined;
    const becameComplete = complete && !this.#complete;
    this.#complete = complete;
    if (failures.length > 0) this.#scheduleRetry();
    else this.#failures = 0;
    if (becameComplete) this.#options.complete();
  }

  #connect(): NodeNetwork {
    const network = this.#network ?? this.#options.connect();
    this.#network = network;
    this.#monitor ??= network.watchLinks({
      changed: (links) => {
        this.#links = links;
        this.#reconcile();
      },
      failed: (error) => this.#monitorFailed(error),
    });
    return network;
  }

  #monitorFailed(error: MetalError): void {
    this.#monitor?.[Symbol.dispose]();
    this.#monitor = undefined;
    this.#links = undefined; // known again with the first word of the next monitor
    this.#complete = false;
    this.#complain([{ op: 'receive', code: error.code, message: describeError(error) }], this.#complaints);
    this.#scheduleRetry();
  }

  #match(network: NodeNetwork, links: readonly Link[]): readonly Failure[] {
    const selection = selectInterfaces(links, this.#options.excluded);
    this.#tellNames(selection);
    this.#tellUsable(selection);
    const wanted = this.#wantedOn(selection);
    for (const key of [...this.#open.keys()]) if (!wanted.has(key)) this.#close(key);
    const failures: Failure[] = [];
    for (const [key, { protocol, link }] of wanted) {
      const open = this.#open.get(key);
      if (open !== undefined) {
        this.#update(open.responder, link);
        continue;
      }
      const refused = this.#attempt(`create${protocol.name}Responder`, () => this.#create(key, { protocol, link }, network));
      if (refused === undefined) continue;
      if (GONE.has(refused.code)) {
        this.#options.debug?.(`the interface was gone before ${protocol.name} could be answered on it`, { interface: link.name });
        continue;
      }
      failures.push(refused);
      // What this process may not do on one link it may not do on any: one line says it.
      if (refused?.code === 'EPERM') break;
    }
    return failures;
  }

  #wantedOn(selection: InterfaceSelection): ReadonlyMap<string, Wanted> {
    const wanted = this.#options.protocols.flatMap((protocol) => protocol.linksOf(selection).map((link) => ({ protocol, link })));
    return new Map(wanted.map((one) => [keyOf(one), one]));
  }

  #tellNames({ names }: InterfaceSelection): void {
    const text = names.join(' ');
    if (text === this.#names) return;
    this.#names = text;
    this.#options.namesChanged(names);
  }

  /** A node that can announce nowhere is silent on the wire while nothing fails: said when it begins and when it is over. */
  #tellUsable({ arp, ndp }: InterfaceSelection): void {
    const names = new Set([...arp, ...ndp].map(({ name }) => name));
    const usable = names.size > 0;
    if (usable === this.#usable) return;
    this.#usable = usable;
    const message = usable
      ? `${[...names].join(', ')} can announce addresses: the node is not silent any more`
      : 'no network interface can announce addresses: all are excluded, down, without broadcast or part of another one';
    this.#options.log(usable ? 'info' : 'warn', message, { op: 'interfaceScan' });
  }

  #create(key: string, { protocol, link }: Wanted, network: NodeNetwork): void {
    const responder = protocol.open(link, network, (error) => this.#failed(key, error));
    this.#open.set(key, { protocol, responder });
    const fields = { event: `create${protocol.name}Responder`, interface: link.name, queueOctets: responder.queueOctets };
    this.#options.log('info', `created ${protocol.name} responder for interface`, fields);
    responder.announceAll();
  }

  #update(responder: Responder, link: Link): void {
    const before = responder.link;
    responder.link = link;
    // The neighbours hold the old MAC, or the switch forgot the port: both need to hear of every address again.
    if (before.mac !== link.mac || (link.carrier && !before.carrier)) responder.announceAll();
  }

  #close(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    open.responder[Symbol.dispose]();
    const fields = { event: `delete${open.protocol.name}Responder`, interface: open.responder.link.name };
    this.#options.log('info', `deleted ${open.protocol.name} responder for interface`, fields);
  }

  #failed(key: string, error: MetalError): void {
    if (!this.#open.has(key)) return;
    this.#complete = false;
    this.#close(key);
    this.#complain([{ op: 'receive', code: error.code, message: describeError(error) }], this.#complaints);
    this.#scheduleRetry();
  }

  /** Runs `open` and returns what the kernel refused; anything else that is thrown is a bug and goes on. */
  #attempt(op: string, open: () => void): Failure | undefined {
    try {
      open();
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof MetalError)) throw thrown;
      return { op, code: thrown.code, message: describeError(thrown) };
    }
  }

  /** One line for each failure that is new; a failure that lasts is not repeated. */
  #complain(failures: readonly Failure[], lasting: Iterable<string> = []): void {
    const said = this.#complaints;
    this.#complaints = new Set([...lasting, ...failures.map(({ message }) => message)]);
    for (const { op, message } of failures) if (!said.has(message)) this.#options.log('error', message, { op });
  }

  #scheduleRetry(): void {
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures++;
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#options.clock.startTimer(milliseconds(delay), () => this.#reconcile());
  }

  #scheduleRescan(): void {
    this.#rescan = this.#options.clock.startTimer(RESCAN, () => {
      this.#monitor?.rescan();
      this.#tellDrops();
      this.#scheduleRescan();
    });
  }

  #tellDrops(): void {
    for (const { protocol, responder } of this.#open.values()) {
      const drops = responder.takeDrops();
      const message = `${drops} ${protocol.name} requests were lost in the last minute: they came faster than they could be read`;
      if (drops > 0) this.#options.log('warn', message, { op: 'receive', interface: responder.link.name });
    }
  }
}

/** A link that is renamed is another one: advertisements name links. */
function keyOf({ protocol, link }: Wanted): string {
  return `${protocol.name} ${link.index} ${link.name}`;
}
