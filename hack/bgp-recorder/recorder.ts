import { Sandbox } from '../kubernetes/sandbox.ts';
import type { Host } from '../lab/host.ts';
import { Network } from '../lab/network.ts';
import { Router } from '../lab/routers/router.ts';
import type { Recording } from './recording.ts';
import { NUMBERS, ROUTER, type Scenario, type Speaker } from './scenario.ts';
import { Session } from './session.ts';
import { open } from './wire.ts';

/** The three parties of every scenario on a segment of their own, and a recorder that takes one scenario after the other. */
export class Recorder implements AsyncDisposable {
  readonly #sandbox: Sandbox;
  readonly #router: Host;
  readonly #recorder: Host;
  readonly #source: Host;

  private constructor(sandbox: Sandbox, [router, recorder, source]: readonly [Host, Host, Host]) {
    this.#sandbox = sandbox;
    this.#router = router;
    this.#recorder = recorder;
    this.#source = source;
  }

  /** Makes the segment; nothing runs on it yet. */
  static async open(): Promise<Recorder> {
    const sandbox = await Sandbox.open();
    try {
      const network = await Network.create(sandbox);
      const router = await network.addHost('router', NUMBERS.router, { router: true });
      const recorder = await network.addHost('recorder', NUMBERS.recorder);
      return new Recorder(sandbox, [router, recorder, await network.addHost('source', NUMBERS.source)]);
    } catch (cause) {
      await sandbox[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Plays one scenario with a fresh router, and gives what the router sent to the recorder. */
  async record(scenario: Scenario): Promise<Recording> {
    await using router = await Router.start(this.#sandbox, scenario.kind, this.#router, scenario.configuration);
    using _ = scenario.source === undefined ? undefined : await meet(this.#source, scenario.source);
    using session = await meet(this.#recorder, scenario.recorder);
    for (const step of scenario.steps ?? []) {
      if ('send' in step) session.send(step.send);
      else for (const order of step.orders) await router.order(order);
      await session.quiet();
    }
    return {
      router: `${scenario.kind.name} ${await router.version()}`,
      scenario: scenario.name,
      about: scenario.about,
      open: openOf(scenario.recorder, this.#recorder),
      messages: session.received.map((one) => one.toString('hex')),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sandbox[Symbol.asyncDispose]();
  }
}

/** Brings up the session of one party, says what it has to say, and listens until the router is quiet. */
async function meet(host: Host, speaker: Speaker): Promise<Session> {
  const session = await Session.start(host, speaker.over === 'ipv6' ? ROUTER.ipv6 : ROUTER.ipv4, openOf(speaker, host));
  for (const one of speaker.says ?? []) session.send(one);
  await session.firstWord();
  await session.quiet();
  return session;
}

/** The identifier is the party's IPv4 address. */
function openOf({ asn, capabilities }: Speaker, { addresses }: Host): string {
  const identifier = Buffer.from(addresses.ipv4.split('.').map(Number)).toString('hex');
  return open(asn, identifier, capabilities);
}
