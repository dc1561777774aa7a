import type { Sandbox } from '../kubernetes/sandbox.ts';
import { type HostAddresses, podAddresses, podRanges, SEGMENT, segmentAddresses } from './addresses.ts';
import { run } from './command.ts';
import { Host } from './host.ts';

/** A pod's end of its cable, and its addresses. */
export interface PodHost {
  readonly host: Host;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Settings of every namespace: addresses work at once, and packets may come from where a route does not lead. */
const COMMON_SETTINGS: readonly string[] = [
  'ipv6/conf/all/accept_dad=0',
  'ipv6/conf/default/accept_dad=0',
  'ipv4/conf/all/rp_filter=0',
  'ipv4/conf/default/rp_filter=0',
];

/** The node on each pod's cable, in IPv6: there a host answers for its address only on the card that has it. */
const GATEWAY = 'fe80::1';

/** What makes a namespace a router between its pods and the segment. */
const ROUTER_SETTINGS: readonly string[] = ['ipv4/ip_forward=1', 'ipv6/conf/all/forwarding=1'];

/**
 * The wires of one lab. All of it lives in namespaces of the lab's own, the switch too, so that no rule, route or bridge
 * filter of the machine has a say, no packet can leave, and two labs can use the same addresses.
 */
export class Network {
  readonly #sandbox: Sandbox;
  readonly #switch: Host;
  /** The switch's end of each host's cable. */
  readonly #ports: Map<Host, string> = new Map();

  private constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#switch = new Host(sandbox, 'switch', segmentAddresses(0));
  }

  /** A network that is a switch without any host. */
  static async create(sandbox: Sandbox): Promise<Network> {
    const network = new Network(sandbox);
    await network.#addNamespace(network.#switch, COMMON_SETTINGS);
    await network.#switch.ip('link set lo up', 'link add br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0', 'link set br0 up');
    return network;
  }

  /** Plugs a new host into the switch; its interface is eth0. A router forwards packets. */
  async addHost(name: string, number: number, options: { router?: boolean } = {}): Promise<Host> {
    const addresses = segmentAddresses(number);
    const host = new Host(this.#sandbox, name, addresses);
    await this.#addNamespace(host, options.router === true ? [...COMMON_SETTINGS, ...ROUTER_SETTINGS] : COMMON_SETTINGS);
    const port = `port${number}`;
    this.#ports.set(host, port);
    await this.#connect({ host, device: 'eth0', address: addresses.mac }, { host: this.#switch, device: port });
    await this.#switch.ip(`link set ${port} master br0 up`);
    await host.ip(
      'link set lo up',
      'link set eth0 up',
      `address add ${addresses.ipv4}/${SEGMENT.ipv4Length} dev eth0`,
      `address add ${addresses.ipv6}/${SEGMENT.ipv6Length} dev eth0 nodad`,
    );
    return host;
  }

  /** Pulls a host's cable out of the switch: the host sees its link go down. */
  async unplug(host: Host): Promise<void> {
    await this.#switch.ip(`link set ${this.#ports.get(host)} down`);
  }

  /** Plugs the cable in again. */
  async plug(host: Host): Promise<void> {
    await this.#switch.ip(`link set ${this.#ports.get(host)} up`);
  }

  /** Has the switch drop all that comes from or goes to a host, whose own link stays up: as if its power were gone. */
  async cutOff(host: Host): Promise<void> {
    await this.#switch.ip(`link set ${this.#ports.get(host)} nomaster`);
  }

  /** Lets frames of a host pass again. */
  async reconnect(host: Host): Promise<void> {
    await this.#switch.ip(`link set ${this.#ports.get(host)} master br0`);
  }

  /** Has the switch lose all that one host sends to another one, until the loss is disposed of; what comes back passes. */
  async loseOneWay(from: Host, to: Host): Promise<AsyncDisposable> {
    const ways = `iifname ${this.#ports.get(from)} oifname ${this.#ports.get(to)}`;
    const rules = `table bridge loss { chain forward { type filter hook forward priority 0; ${ways} drop; }; }`;
    await this.#switch.run(['nft', '-f', '-'], rules);
    return { [Symbol.asyncDispose]: async () => void (await this.#switch.run(['nft', 'delete', 'table', 'bridge', 'loss'])) };
  }

  /** Gives a node its pod networks, and each of the others the way there. */
  async connectPods(nodes: readonly Host[]): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      const own = podAddresses(index, 1);
      const ways = nodes.flatMap((other, at) => (at === index ? [] : routesTo(other.addresses, podRanges(at))));
      await node.ip(`address add ${own.ipv4}/32 dev lo`, `address add ${own.ipv6}/128 dev lo nodad`, ...ways);
    }
  }

  /** Adds a pod to a node by a cable of its own: `vethNUMBER` on the node, eth0 in the pod. */
  async addPod(name: string, node: Host, nodeIndex: number, number: number): Promise<PodHost> {
    const { ipv4, ipv6 } = podAddresses(nodeIndex, number);
    const gateway = podAddresses(nodeIndex, 1).ipv4;
    const mac = `02:00:5e:00:54:${number.toString(16).padStart(2, '0')}`;
    const host = new Host(this.#sandbox, name, { ipv4, ipv6, mac });
    const device = `veth${number}`;
    await this.#addNamespace(host, COMMON_SETTINGS);
    await this.#connect({ host, device: 'eth0', address: mac }, { host: node, device });
    await node.ip(
      `link set ${device} up`,
      `address add ${GATEWAY}/64 dev ${device} nodad`,
      `route add ${ipv4}/32 dev ${device}`,
      `route add ${ipv6}/128 dev ${device}`,
    );
    await host.ip(
      'link set lo up',
      'link set eth0 up',
      `address add ${ipv4}/32 dev eth0`,
      `address add ${ipv6}/128 dev eth0 nodad`,
      `route add ${gateway} dev eth0`,
      `route add default via ${gateway}`,
      `route add default via ${GATEWAY} dev eth0`,
    );
    return { host, ipv4, ipv6 };
  }

  /** Takes a host or a pod away, cable and all. */
  async remove(host: Host): Promise<void> {
    await this.#run(['ip', 'netns', 'delete', host.namespace]);
  }

  async #connect(one: End, other: End): Promise<void> {
    await this.#run(['ip', 'link', 'add', ...endOf(one), 'type', 'veth', 'peer', 'name', ...endOf(other)]);
  }

  /** With the sandbox's mark, so that nothing is added behind the back of its removal. */
  async #run(command: readonly string[]): Promise<void> {
    await run(command, { environment: this.#sandbox.environment() });
  }

  async #addNamespace(host: Host, settings: readonly string[]): Promise<void> {
    await this.#run(['ip', 'netns', 'add', host.namespace]);
    const script = settings.map((setting) => setting.split('=')).map(([path, value]) => `echo ${value} > /proc/sys/net/${path}`);
    await host.run(['sh', '-e', '-c', script.join('\n')]);
  }
}

/** One end of a cable. */
interface End {
  readonly host: Host;
  readonly device: string;
  readonly address?: string;
}

function endOf({ host, device, address }: End): string[] {
  return [device, ...(address === undefined ? [] : ['address', address]), 'netns', host.namespace];
}

function routesTo(via: HostAddresses, ranges: { ipv4: string; ipv6: string }): string[] {
  return [`route add ${ranges.ipv4} via ${via.ipv4}`, `route add ${ranges.ipv6} via ${via.ipv6}`];
}
