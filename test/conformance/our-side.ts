import type { BgpChange } from '../../src/model/bgp-plan.ts';
import { BgpSessions } from '../../src/speaker/shell/bgp-sessions.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTcp } from '../support/fake-tcp.ts';

/** Where this node is on the segment: the recorder's host. */
export const OUR_ADDRESSES = { ipv4: '198.51.100.110', ipv6: '2001:db8:51::110' } as const;

/**
 * All of this product's side of a session but its sockets and its time: no timer ever fires. Whoever drives it hands over
 * what the router says message by message, and gets what is said to that.
 */
export class OurSide {
  readonly #tcp = new FakeTcp();
  readonly #sessions: BgpSessions;

  /** `held` is what is known of sessions before the process started. */
  constructor(held: readonly string[] = []) {
    const nothing = (): void => undefined;
    const ports = { clock: new FakeClock(), random: () => 0, connector: this.#tcp, node: 'node-1', log: nothing, changed: nothing };
    this.#sessions = new BgpSessions(ports, held);
  }

  /** Begins with a plan, and with a connection that is there at once. */
  begin(plan: BgpChange): readonly Uint8Array[] {
    this.#sessions.apply([plan]);
    this.#tcp.last.accept(OUR_ADDRESSES.ipv4, [OUR_ADDRESSES.ipv6]);
    return this.#tcp.last.take();
  }

  /** Takes changes of the plan. */
  apply(changes: readonly BgpChange[]): readonly Uint8Array[] {
    const [first] = this.#tcp.attempts;
    this.#sessions.apply(changes);
    return first?.take() ?? [];
  }

  /** Takes one whole message of the router. */
  hear(message: Uint8Array): readonly Uint8Array[] {
    const [first] = this.#tcp.attempts;
    first?.deliver(message);
    return first?.take() ?? [];
  }

  /** The process ends. */
  end(): readonly Uint8Array[] {
    const [first] = this.#tcp.attempts;
    this.#sessions.leave(undefined, () => undefined);
    return first?.take() ?? [];
  }

  /** Whether this side has closed the connection. */
  get closed(): boolean {
    return this.#tcp.attempts[0]?.ended ?? false;
  }
}
