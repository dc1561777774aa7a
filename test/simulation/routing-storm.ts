import type { PlannedRoute } from '../../src/model/planned-route.ts';
import { prefix, type RoutingWorld } from './routing-world.ts';
import { MOODS, type SimulatedRouter } from './simulated-router.ts';
import type { SimulatedSpeaker } from './simulated-speaker.ts';

const SERVICES = 12;
const CHANGE_MILLISECONDS = 700;
const FAULT_MILLISECONDS = 4_000;
/** The longest that a fault lasts; some are over at once. */
const LONGEST_FAULT_SECONDS = 40;
const REFRESHES = 300;

/** One thing that can go wrong. Between which two, and for how long, the seed decides. */
type Fault = (scene: {
  readonly world: RoutingWorld;
  readonly speaker: SimulatedSpeaker;
  readonly router: SimulatedRouter;
  /** Has something happen when the fault is over, at the end of the storm at the latest. */
  readonly later: (act: () => void) => void;
  /** When the fault is over. */
  readonly until: number;
}) => void;

const FAULTS: Readonly<Record<string, Fault>> = {
  'nothing passes to the router': ({ world, speaker, router, later }) => stall(world, speaker, router, 'there', later),
  'nothing passes from the router': ({ world, speaker, router, later }) => stall(world, speaker, router, 'back', later),
  'nothing passes': ({ world, speaker, router, later }) => {
    stall(world, speaker, router, 'there', later);
    stall(world, speaker, router, 'back', later);
  },
  'the way is slow': ({ world, speaker, router, later }) => {
    const way = world.tcp.way(speaker.host, router.host);
    way.delayMicros = world.below(800_000);
    later(() => {
      way.delayMicros = 500;
    });
  },
  'connections are cut': ({ router }) => {
    for (const end of router.host.ends) end[Symbol.dispose]();
    for (const session of router.sessions.values()) session.quit(false);
  },
  'the router forgets a connection': ({ router, speaker }) => {
    for (const end of router.host.ends) if (end.other === speaker.host) end.vanish();
    router.sessions.get(speaker.host)?.quit(false);
  },
  'the router is no use': ({ world, router, later }) => {
    router.mood = world.oneOf(MOODS);
    later(() => {
      router.mood = undefined;
    });
  },
  'the router ends': ({ world, router, later }) => {
    router.end(world.oneOf(['ceases', 'crashes', 'loses its power']));
    later(() => {
      router.host.powered = true;
      router.listen();
    });
  },
  'the router stands still': ({ router, until }) => router.host.stallUntil(until),
  'the speaker stands still': ({ speaker, until, world }) => speaker.host.stallUntil(Math.min(until, world.timeline.now + 5_000_000)),
  'the router does not read': ({ router, speaker, later }) => {
    router.sessions.get(speaker.host)?.read(false);
    later(() => router.sessions.get(speaker.host)?.read(true));
  },
  'the router asks and does not read': ({ router, speaker, later }) => {
    const session = router.sessions.get(speaker.host);
    if (session?.established !== true) return;
    session.read(false);
    for (let round = 0; round < REFRESHES; round++) session.ask(1 + (round % 3));
    later(() => session.read(true));
  },
  'the router asks': ({ world, router, speaker }) => {
    const session = router.sessions.get(speaker.host);
    if (session?.established === true) session.ask(1 + world.below(3));
  },
  'the router says what is no message': ({ world, router, speaker }) => {
    const octets = Uint8Array.from({ length: 30 }, () => world.below(256));
    router.sessions.get(speaker.host)?.sayOctets(octets);
  },
  'the router ends the session': ({ world, router, speaker }) => {
    const session = router.sessions.get(speaker.host);
    if (session?.established !== true) return;
    session.say({ type: 'notification', code: 1 + world.below(8), subcode: world.below(12), data: new Uint8Array(world.below(40)) });
    session.quit(false);
  },
  'the speaker is rolled out': ({ speaker, later }) => {
    speaker.terminate();
    later(() => speaker.start());
  },
  'the speaker is killed': ({ speaker, later }) => {
    speaker.kill();
    later(() => speaker.start());
  },
  'the node loses its power': ({ speaker, later }) => {
    speaker.powerOff();
    later(() => {
      speaker.host.powered = true;
      speaker.start();
    });
  },
  'the wire thread crashes': ({ speaker }) => speaker.process?.crashThread(),
  'the node is to leave': ({ world, speaker, later }) => {
    plan(world, speaker, () => speaker.setDraining(true));
    later(() => plan(world, speaker, () => speaker.setDraining(false)));
  },
  'a peer is another one': ({ world, speaker, router }) => {
    const others = speaker.peers.filter(({ name }) => name !== router.name);
    plan(world, speaker, () => speaker.setPeers([...others, world.peerOf(router)]));
  },
  'a peer goes and comes back': ({ world, speaker, router, later }) => {
    const removed = speaker.peers.filter(({ name }) => name !== router.name);
    plan(world, speaker, () => speaker.setPeers(removed));
    if (world.random() < 0.9) {
      later(() => {
        if (!speaker.peers.some(({ name }) => name === router.name))
          plan(world, speaker, () => speaker.setPeers([...speaker.peers, world.peerOf(router)]));
      });
    }
  },
};

/** Lets everything go wrong for a while, with a plan that changes all the time; at its end all faults are over. */
export async function storm(world: RoutingWorld, forSeconds: number): Promise<void> {
  const end = world.timeline.now + forSeconds * 1_000_000;
  const undone = new Set<() => void>();
  const names = Object.keys(FAULTS);
  const fault = (): void => {
    if (world.timeline.now >= end) return;
    const lasts = world.random() < 0.3 ? world.below(1_000_000) : world.below(LONGEST_FAULT_SECONDS * 1_000_000);
    const later = (act: () => void): void => {
      const once = (): void => {
        if (undone.delete(once)) act();
      };
      undone.add(once);
      world.timeline.after(lasts, once);
    };
    const until = Math.min(end, world.timeline.now + lasts);
    FAULTS[world.oneOf(names)]?.({ world, speaker: world.oneOf(world.speakers), router: world.oneOf(world.routers), later, until });
    world.timeline.after(world.below(2 * FAULT_MILLISECONDS * 1_000), fault);
  };
  const change = (): void => {
    if (world.timeline.now >= end) return;
    changePlan(world, world.oneOf(world.speakers));
    world.timeline.after(world.below(2 * CHANGE_MILLISECONDS * 1_000), change);
  };
  fault();
  change();
  await world.run(forSeconds);
  for (const undo of [...undone]) undo();
  for (const speaker of world.speakers) speaker.start();
}

/** Changes one Service, or one wish of all of them. */
export function changePlan(world: RoutingWorld, speaker: SimulatedSpeaker): void {
  plan(world, speaker, () => {
    const service = `default/web-${world.below(SERVICES)}`;
    speaker.setRoutes(service, world.random() < 0.3 ? [] : routesFor(world));
  });
}

function plan(world: RoutingWorld, speaker: SimulatedSpeaker, act: () => void): void {
  act();
  world.planned(speaker);
}

/** Few prefixes, so that Services share them. */
function routesFor(world: RoutingWorld): readonly PlannedRoute[] {
  return Array.from({ length: 1 + world.below(3) }, () => {
    const host = 1 + world.below(9);
    return {
      prefix: prefix(world.oneOf([`203.0.113.${host}/32`, `203.0.113.${16 * host}/28`, `2001:db8:113::${host}/128`])),
      localPreference: world.random() < 0.7 ? undefined : world.below(300),
      communities: Array.from({ length: world.below(3) }, () => ({ kind: 'standard' as const, value: world.below(4) })),
      weight: world.random() < 0.7 ? undefined : { endpoints: world.below(4), transitive: world.random() < 0.5 },
      peers: world.random() < 0.7 ? [] : [world.oneOf(world.routers).name],
    };
  });
}

function stall(
  world: RoutingWorld,
  speaker: SimulatedSpeaker,
  router: SimulatedRouter,
  which: 'there' | 'back',
  later: (act: () => void) => void,
): void {
  const way = which === 'there' ? world.tcp.way(speaker.host, router.host) : world.tcp.way(router.host, speaker.host);
  way.stalled = true;
  later(() => {
    way.stalled = false;
  });
}
