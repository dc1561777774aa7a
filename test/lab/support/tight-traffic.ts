import type { Cluster, Stored } from './cluster.ts';
import { ingressOf } from './cluster.ts';

/** Services that come, go and turn over a pool that never has enough for all of them, so that what is given up is wanted at once. */
export class TightTraffic {
  /** How many there have been. */
  created = 0;
  readonly #cluster: Cluster;
  readonly #random: () => number;
  readonly #most: number;
  readonly #alive: string[] = [];
  readonly #resting = new Set<string>();

  constructor(cluster: Cluster, random: () => number, most: number) {
    this.#cluster = cluster;
    this.#random = random;
    this.#most = most;
  }

  /** Services that want an address now. */
  get wanting(): number {
    return this.#alive.length - this.#resting.size;
  }

  /** Two to five changes, one after the other. */
  async churn(): Promise<void> {
    for (let change = 2 + (this.#random() % 4); change > 0; change--) {
      const dice = this.#random() % 3;
      if (this.#alive.length >= this.#most || (dice === 0 && this.#alive.length > 4)) await this.#delete();
      else if (dice === 1 && this.#alive.length > 0) await this.#turn();
      else await this.#create();
    }
  }

  async #create(): Promise<void> {
    const name = `tight-${++this.created}`;
    await this.#cluster.createService(name);
    this.#alive.push(name);
  }

  async #delete(): Promise<void> {
    const [name = ''] = this.#alive.splice(this.#random() % this.#alive.length, 1);
    this.#resting.delete(name);
    await this.#cluster.remove('Service', name);
  }

  /** A Service stops wanting an address, or wants one again. */
  async #turn(): Promise<void> {
    const name = this.#alive[this.#random() % this.#alive.length] ?? '';
    const type = this.#resting.delete(name) ? 'LoadBalancer' : 'ClusterIP';
    if (type === 'ClusterIP') this.#resting.add(name);
    await this.#cluster.patch('Service', name, { spec: { type } });
  }
}

/** Notes since when each address has been in more than one status, and which were for too long. */
export class Doubles {
  /** Those that lasted for longer than they may, in words. */
  readonly tooLong: Set<string> = new Set();
  /** How often an address was seen in two statuses, and the longest time. */
  seen = 0;
  longestMilliseconds = 0;
  readonly #bound: number;
  #since: ReadonlyMap<string, number> = new Map();

  constructor(boundMilliseconds: number) {
    this.#bound = boundMilliseconds;
  }

  /** Takes in all Services as they were at `at`. Gives what is doubled now. */
  look(services: readonly Stored[], at: number): readonly string[] {
    const holders = new Map<string, string[]>();
    for (const service of services) {
      for (const address of ingressOf(service)) holders.set(address, [...(holders.get(address) ?? []), service.metadata.name]);
    }
    const now = new Map<string, number>();
    for (const [address, names] of holders) {
      if (names.length < 2) continue;
      const double = `${address} of ${names.join(' and ')}`;
      const since = this.#since.get(double) ?? at;
      if (since === at) this.seen += 1;
      now.set(double, since);
      this.longestMilliseconds = Math.max(this.longestMilliseconds, at - since);
      if (at - since > this.#bound) this.tooLong.add(double);
    }
    this.#since = now;
    return [...now.keys()];
  }
}
