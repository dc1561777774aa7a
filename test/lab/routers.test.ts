import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Sandbox } from '../../hack/kubernetes/sandbox.ts';
import { segmentAddresses } from '../../hack/lab/addresses.ts';
import { run } from '../../hack/lab/command.ts';
import { Network } from '../../hack/lab/network.ts';
import { lackingPrograms } from '../../hack/lab/packages.ts';
import { BIRD } from '../../hack/lab/routers/bird.ts';
import { EXABGP } from '../../hack/lab/routers/exabgp.ts';
import { FRR } from '../../hack/lab/routers/frr.ts';
import { GOBGP } from '../../hack/lab/routers/gobgp.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { Router, type RouterKind } from '../../hack/lab/routers/router.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';

/** Routers of the lab by themselves: a network without any cluster, in which each of them finds another. */

const PATIENCE = { withinMilliseconds: 120_000 };
const [LEFT, RIGHT] = [segmentAddresses(111), segmentAddresses(112)];

/** The other router of every session, which waits to be called and has one route. */
const NEIGHBOUR = `router id ${RIGHT.ipv4};
protocol device {}
protocol static { ipv4; route 10.9.9.0/24 blackhole; }
protocol bgp left {
  local ${RIGHT.ipv4} as 64502;
  neighbor ${LEFT.ipv4} as 64501;
  direct;
  passive on;
  ipv4 { import all; export all; };
}
`;

const FRR_CONFIGURATION = `router bgp 64501
 bgp router-id ${LEFT.ipv4}
 no bgp ebgp-requires-policy
 neighbor ${RIGHT.ipv4} remote-as 64502
 neighbor ${RIGHT.ipv4} timers connect 1
`;

const BIRD_CONFIGURATION = `router id ${LEFT.ipv4};
protocol device {}
protocol bgp right {
  local ${LEFT.ipv4} as 64501;
  neighbor ${RIGHT.ipv4} as 64502;
  direct;
  connect delay time 1;
  ipv4 { import all; export all; };
}
`;

const GOBGP_CONFIGURATION = `[global.config]
  as = 64501
  router-id = "${LEFT.ipv4}"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${RIGHT.ipv4}"
    peer-as = 64502
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
`;

const EXABGP_CONFIGURATION = `neighbor ${RIGHT.ipv4} {
  router-id ${LEFT.ipv4};
  local-address ${LEFT.ipv4};
  local-as 64501;
  peer-as 64502;
  listen 179;
  api { processes [ orders ]; }
}
`;

await describeLabWith(ROUTER_PROGRAMS, 'the routers of the lab', () => {
  let sandbox: Sandbox;
  let network: Network;
  let neighbour: Router;
  let left: Awaited<ReturnType<Network['addHost']>>;
  beforeAll(async () => {
    sandbox = await Sandbox.open();
    network = await Network.create(sandbox);
    left = await network.addHost('left', 111, { router: true });
    neighbour = await Router.start(sandbox, BIRD, await network.addHost('right', 112), NEIGHBOUR);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test.each<{ kind: RouterKind; configuration: string; leastVersion: RegExp }>([
    { kind: FRR, configuration: FRR_CONFIGURATION, leastVersion: /^(?:8\.[4-9]|9|1\d)/ },
    { kind: BIRD, configuration: BIRD_CONFIGURATION, leastVersion: /^[23]\./ },
    { kind: GOBGP, configuration: GOBGP_CONFIGURATION, leastVersion: /^(?:3\.[1-9]\d|4)/ },
    { kind: EXABGP, configuration: EXABGP_CONFIGURATION, leastVersion: /^(?:4\.[2-9]|5)/ },
  ])('$kind.name meets a neighbour, and meets it again after it was stopped or killed', async ({ kind, configuration, leastVersion }) => {
    await using router = await Router.start(sandbox, kind, left, configuration);
    expect(await router.version()).toMatch(leastVersion);
    const met = async (): Promise<boolean> => (await neighbour.order('show protocols left')).includes('Established');
    for (const end of ['stop', 'kill', 'leave'] as const) {
      expect(await eventually(`${kind.name} meets its neighbour`, met, PATIENCE)).toBe(true);
      if (end === 'leave') break;
      await router[end]();
      // A crash is noticed when the kernel of the dead resets the connection, which it does at once.
      expect(await eventually('the neighbour notices', async () => !(await met()), PATIENCE)).toBe(true);
      await router.start();
    }
  });

  test('FRR writes what it learns into the routes of its host, and takes orders', async () => {
    await using router = await Router.start(sandbox, FRR, left, FRR_CONFIGURATION);
    const route = async (): Promise<boolean> => (await left.run(['ip', 'route', 'show', '10.9.9.0/24'])).includes(`via ${RIGHT.ipv4}`);
    expect(await eventually('the route is in the kernel', route, PATIENCE)).toBe(true);
    expect(await router.order('show bgp ipv4 unicast 10.9.9.0/24')).toContain('64502');
  });

  test('ExaBGP announces what it is ordered to', async () => {
    await using router = await Router.start(sandbox, EXABGP, left, EXABGP_CONFIGURATION);
    await router.order(`announce route 10.8.8.0/24 next-hop ${LEFT.ipv4}`);
    const learned = async (): Promise<boolean> => (await neighbour.order('show route 10.8.8.0/24')).includes('10.8.8.0/24');
    expect(await eventually('the neighbour knows the route', learned, PATIENCE)).toBe(true);
  });

  test('a configuration that cannot be read is a failure with the end of the log, at once', async () => {
    await expect(Router.start(sandbox, BIRD, left, 'no such thing;')).rejects.toThrow(/bird ended while starting; .*\n.*syntax error/);
  });

  test('nothing of the packages runs on the machine itself, or will at the next boot', async () => {
    expect(await run(['ss', '--no-header', '--listening', '--tcp', '--numeric', 'sport = :179'])).toBe('');
    const wanted = '/etc/systemd/system/multi-user.target.wants';
    const atBoot = existsSync(wanted) ? await readdir(wanted) : [];
    expect(ROUTER_PROGRAMS.map(({ service }) => service).filter((service) => service !== undefined && atBoot.includes(service))).toEqual(
      [],
    );
  });

  test('what a machine does not have is found out by name and by path', async () => {
    const [there, absent] = ['sh', 'no-such-program'].map((program) => ({ program, debian: 'none', purpose: 'this test' }));
    const byPath = { program: '/usr/lib/none/bgpd', debian: 'none', purpose: 'this test' };
    expect(await lackingPrograms([there, absent, byPath].filter((each) => each !== undefined))).toEqual([absent, byPath]);
  });
});
