import { type Clock, milliseconds, type Timer } from '../../lib/clock.ts';
import { describeError, MetalError } from '../../lib/errors.ts';
import type { Link, LinkMonitor, WatchLinks } from '../net/link-monitor.ts';
import type { PacketNetwork } from '../net/packet-socket.ts';
import { ArpResponder, type ResponderContext } from './arp-responder.ts';
import { type InterfaceSelection, selectInterfaces } from './interface-selection.ts';
import type { LogLine } from './outbox.ts';

/** The real network of this node, or a fake one. */
export interface NodeNetwork {
  readonly packets: PacketNetwork;
  readonly watchLinks: WatchLinks;
}

/** What the responders need, and whom they tell. */
export interface RespondersOptions {
  readonly clock: Clock;
  readonly excluded: readonly RegExp[];
  /** Reaches the network; throws a {@link MetalError}, and is tried again later. */
  readonly connect: () => NodeNetwork;
  readonly context: ResponderContext;
  readonly log: (level: LogLine['level'], message: string, fields: LogLine['fields']) => void;
  /** The names of the links that are not excluded are these; called when they change. */
  readonly namesChanged: (names: readonly string[]) => void;
  /** A responder is new, or its link speaks anew: it has a new MAC or its carrier is back. */
  readonly opened: (responder: ArpResponder) => void;
  /** All links that should have a responder have one; called each time this becomes true. */
  readonly complete: () => void;
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
 * One responder for each link that should have one, whatever happens to the links: compares what is wanted with what is
 * there after each change and each failure, and tries again with back-off. Says one line for each change of state.
 */
export class Responders implements Disposable {
  readonly #options: RespondersOptions;
  readonly #open = new Map<string, ArpResponder>();
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

  /** Begins to watch the links; `opened` follows for each of them. */
  start(): void {
    this.#scheduleRescan();
    this.#reconcile();
  }

  /** Whether all links are known and each one that should have a responder has one. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The responders that are there now. */
  all(): Iterable<ArpResponder> {
    return this.#open.values();
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
    this.#rescan?.[Symbol.dispose]();
    this.#monitor?.[Symbol.dispose]();
    for (const responder of this.#open.values()) responder[Symbol.dispose]();
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
    const wanted = new Map(selection.arp.map((link) => [keyOf(link), link]));
    for (const [key, responder] of this.#open) if (!wanted.has(key)) this.#close(key, responder);
    const failures: Failure[] = [];
    for (const [key, link] of wanted) {
      const responder = this.#open.get(key);
      if (responder !== undefined) {
        this.#update(responder, link);
        continue;
      }
      const refused = this.#attempt('createARPResponder', () => this.#create(key, link, network));
      if (refused === undefined) continue;
      if (GONE.has(refused.code)) {
        this.#options.context.debug?.('the interface was gone before ARP could be answered on it', { interface: link.name });
        continue;
      }
      failures.push(refused);
      // What this process may not do on one link it may not do on any: one line says it.
      if (refused?.code === 'EPERM') break;
    }
    return failures;
  }

  #tellNames({ names }: InterfaceSelection): void {
    const text = names.join(' ');
    if (text === this.#names) return;
    this.#names = text;
    this.#options.namesChanged(names);
  }

  /** A node that can announce nowhere is silent on the wire while nothing fails: said when it begins and when it is over. */
  #tellUsable({ arp }: InterfaceSelection): void {
    const usable = arp.length > 0;
    if (usable === this.#usable) return;
    this.#usable = usable;
    const message = usable
      ? `${arp.map(({ name }) => name).join(', ')} can announce addresses: the node is not silent any more`
      : 'no network interface can announce addresses: all are excluded, down, without broadcast or part of another one';
    this.#options.log(usable ? 'info' : 'warn', message, { op: 'interfaceScan' });
  }

  #create(key: string, link: Link, network: NodeNetwork): void {
    const responder = new ArpResponder(link, network.packets, this.#options.context, (error) => this.#failed(key, error));
    this.#open.set(key, responder);
    const fields = { event: 'createARPResponder', interface: link.name, queueOctets: responder.queueOctets };
    this.#options.log('info', 'created ARP responder for interface', fields);
    this.#options.opened(responder);
  }

  #update(responder: ArpResponder, link: Link): void {
    const before = responder.link;
    responder.link = link;
    // The neighbours hold the old MAC, or the switch forgot the port: both need to hear of every address again.
    if (before.mac !== link.mac || (link.carrier && !before.carrier)) this.#options.opened(responder);
  }

  #close(key: string, responder: ArpResponder): void {
    this.#open.delete(key);
    responder[Symbol.dispose]();
    const fields = { event: 'deleteARPResponder', interface: responder.link.name };
    this.#options.log('info', 'deleted ARP responder for interface', fields);
  }

  #failed(key: string, error: MetalError): void {
    const responder = this.#open.get(key);
    if (responder === undefined) return;
    this.#complete = false;
    this.#close(key, responder);
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
    for (const responder of this.#open.values()) {
      const drops = responder.takeDrops();
      const message = `${drops} ARP requests were lost in the last minute: they came faster than they could be read`;
      if (drops > 0) this.#options.log('warn', message, { op: 'receive', interface: responder.link.name });
    }
  }
}

/** A link that is renamed is another one: advertisements name links. */
function keyOf(link: Link): string {
  return `${link.index} ${link.name}`;
}
