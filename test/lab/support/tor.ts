import { eventually } from '../../../hack/kubernetes/eventually.ts';
import type { Host } from '../../../hack/lab/host.ts';
import type { Lab } from '../../../hack/lab/lab.ts';
import { BIRD } from '../../../hack/lab/routers/bird.ts';
import { FRR } from '../../../hack/lab/routers/frr.ts';
import { GOBGP } from '../../../hack/lab/routers/gobgp.ts';
import { Router, type RouterKind } from '../../../hack/lab/routers/router.ts';
import { PATIENCE } from './cluster.ts';

/** The AS of the cluster, and that of the router. */
export const CLUSTER_AS = 64_512;
export const ROUTER_AS = 64_600;

/** What one make of router is told, and how it is asked. */
interface Make {
  readonly kind: RouterKind;
  /** The whole configuration, for a router with this address and these neighbours; `more` stands with each neighbour. */
  readonly configure: (address: string, neighbours: readonly string[], more: string, asn: number) => string;
  /** The order that prints all it knows of a route, and how next hops are found in that. */
  readonly ask: (prefix: string) => string;
  readonly nextHops: RegExp;
}

const FRR_TOR: Make = {
  kind: FRR,
  configure: (address, neighbours, more, asn) =>
    [
      `router bgp ${asn}`,
      ` bgp router-id ${address}`,
      ' no bgp ebgp-requires-policy',
      ' no bgp default ipv4-unicast',
      ...neighbours.flatMap((neighbour) => [
        ` neighbor ${neighbour} remote-as ${CLUSTER_AS}`,
        ` neighbor ${neighbour} passive`,
        ...more
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => ` neighbor ${neighbour} ${line}`),
      ]),
      ' address-family ipv4 unicast',
      '  maximum-paths 8',
      '  maximum-paths ibgp 8',
      ...neighbours.map((neighbour) => `  neighbor ${neighbour} activate`),
      ' exit-address-family',
      ' address-family ipv6 unicast',
      '  maximum-paths 8',
      '  maximum-paths ibgp 8',
      ...neighbours.map((neighbour) => `  neighbor ${neighbour} activate`),
      ' exit-address-family',
      '',
    ].join('\n'),
  ask: (prefix) => `show bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix}`,
  nextHops: /^ {4}(\S+) from /gm,
};

const BIRD_TOR: Make = {
  kind: BIRD,
  configure: (address, neighbours, more) =>
    [
      `router id ${address};`,
      'protocol device {}',
      'protocol kernel { ipv4 { export all; }; merge paths on; }',
      ...neighbours.map(
        (neighbour, index) =>
          `protocol bgp node${index} { local ${address} as ${ROUTER_AS}; neighbor ${neighbour} as ${CLUSTER_AS}; passive on; direct; ${more} ipv4 { import all; export none; }; }`,
      ),
      '',
    ].join('\n'),
  // Asked for one prefix, birdc fails when there is no route to it.
  ask: (prefix) => `show route where net = ${prefix} all`,
  nextHops: /BGP\.next_hop: (\S+)/g,
};

const GOBGP_TOR: Make = {
  kind: GOBGP,
  configure: (address, neighbours, more) =>
    [
      '[global.config]',
      `  as = ${ROUTER_AS}`,
      `  router-id = "${address}"`,
      ...neighbours.flatMap((neighbour) => [
        '[[neighbors]]',
        '  [neighbors.config]',
        `    neighbor-address = "${neighbour}"`,
        `    peer-as = ${CLUSTER_AS}`,
        '  [neighbors.transport.config]',
        '    passive-mode = true',
        more,
      ]),
      '',
    ].join('\n'),
  ask: (prefix) => `global rib ${prefix} 2>/dev/null || true`,
  // A route that is kept over a restart has an S in front of the star, and then no blank before the prefix.
  nextHops: /^S?\*>?\s*\S+\s+(\d+\.\d+\.\d+\.\d+)\s/gm,
};

/** The makes of routers that the basics are tried against. */
export const MAKES: Readonly<Record<'frr' | 'bird' | 'gobgp', Make>> = { frr: FRR_TOR, bird: BIRD_TOR, gobgp: GOBGP_TOR };

/** A router on the segment of a lab, with a session to each node. */
export class Tor implements AsyncDisposable {
  readonly host: Host;
  readonly router: Router;
  readonly #make: Make;

  private constructor(host: Host, router: Router, make: Make) {
    this.host = host;
    this.router = router;
    this.#make = make;
  }

  /**
   * Starts a router on a host of the lab; `more` is configuration that stands with each neighbour, and only FRR has another
   * AS than {@link ROUTER_AS}.
   */
  static async start(lab: Lab, host: Host, make: Make = FRR_TOR, more: string = '', asn: number = ROUTER_AS): Promise<Tor> {
    const neighbours = lab.nodes.map((node) => node.host.addresses.ipv4);
    const configuration = make.configure(host.addresses.ipv4, neighbours, more, asn);
    return new Tor(host, await Router.start(lab.sandbox, make.kind, host, configuration), make);
  }

  /** The address that peers are to connect to. */
  get address(): string {
    return this.host.addresses.ipv4;
  }

  /** Where the router has a route to, sorted; none when it has no such route. */
  async nextHops(prefix: string): Promise<readonly string[]> {
    return (await this.route(prefix)).nextHops;
  }

  /** The same, with all that the router printed. Throws when the router gives no answer: that is not to have no route. */
  async route(prefix: string): Promise<{ readonly nextHops: readonly string[]; readonly printed: string }> {
    const printed = await this.router.order(this.#make.ask(prefix));
    const hops = Array.from(printed.matchAll(this.#make.nextHops), ([, hop = '']) => hop);
    return { nextHops: hops.toSorted((left, right) => (left < right ? -1 : 1)), printed };
  }

  /** Waits until the router has a route over exactly these next hops. */
  async routesOver(prefix: string, nextHops: readonly string[]): Promise<void> {
    const wanted = nextHops.toSorted((left, right) => (left < right ? -1 : 1)).join();
    const what = `the router has ${prefix} over ${wanted === '' ? 'nobody' : wanted}`;
    await eventually(what, async () => (await this.nextHops(prefix)).join() === wanted, PATIENCE);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.router[Symbol.asyncDispose]();
  }
}
