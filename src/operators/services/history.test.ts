import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { History } from '../../../test/support/history.ts';
import { doubled } from '../../../test/support/naive-rules.ts';
import { dualStack, IPV6_ONLY, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import type { Fate } from '../../../test/support/small-controller.ts';
import type { IPAddressPoolSpec } from '../../crds/ip-address-pool.ts';

/** Histories of each kind; more by the environment, for a night. */
const HISTORIES = Number(process.env.HISTORIES ?? 200);
const SEED = Number(process.env.HISTORY_SEED ?? Date.now() % 2 ** 31);
let commands = 0;

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
type Name = (typeof NAMES)[number];
const name = fc.constantFrom<Name>(...NAMES);
const namespaceOf = (service: Name): string => (service < 'd' ? 'one' : 'two');
const keyOf = (service: Name): string => `${namespaceOf(service)}/${service}`;

/** One thing that happens, and how it reads in the report of a failure. */
interface Command {
  readonly run: (history: History) => void;
  /** The Service that it is about, if it is about one. */
  readonly about: string | undefined;
  readonly [fc.toStringMethod]: () => string;
}

function command(text: string, run: (history: History) => void, about?: string): Command {
  return {
    run: (history) => {
      commands++;
      run(history);
    },
    about,
    [fc.toStringMethod]: () => text,
  };
}

/** What decides with whom a Service may share. */
interface Sharing {
  readonly key: string;
  readonly port: number;
  readonly protocol: string;
  readonly policy: string;
  readonly app: string;
}

/** The same for a Service as long as it lives: no user's change makes two Services double an address. */
function fixedSharing(service: Name): Sharing {
  const port = service === 'c' ? 80 : service.charCodeAt(0);
  return { key: service < 'd' ? 'k' : '', port, protocol: 'TCP', policy: 'Cluster', app: '' };
}

const freeSharing = fc.record<Sharing>({
  key: fc.constantFrom('', 'k', 'k', 'l'),
  port: fc.constantFrom(80, 81, 82),
  protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'SCTP'),
  policy: fc.constantFrom('Cluster', 'Cluster', 'Local'),
  app: fc.constantFrom('x', 'y'),
});

/** Mostly plain: who asks for little is mostly served, so that addresses are scarce. */
const often = <Value>(plain: Value, weight: number, ...others: Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const wishes = fc.record({
  service: name,
  spec: often<object>({}, 2, IPV6_ONLY, dualStack('PreferDualStack'), dualStack('RequireDualStack'), {
    ipFamilyPolicy: 'RequireDualStack',
  }),
  request: often('', 1, '10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.1.0', '2001:db8::1', '10.0.0.1,2001:db8::1', 'x'),
  from: often('', 4, 'p', 'q', 'r'),
  type: often('LoadBalancer', 5, 'ClusterIP'),
  tier: fc.constantFrom('x', 'y'),
});

type Wish = typeof wishes extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function optionsOf({ service, spec, request, from, type, tier }: Wish, { key, port, protocol, policy, app }: Sharing): ServiceOptions {
  return {
    name: service,
    namespace: namespaceOf(service),
    created: `2026-01-0${NAMES.indexOf(service) + 1}T00:00:00Z`,
    labels: { tier },
    annotations: { 'metallb.io/loadBalancerIPs': request, 'metallb.io/address-pool': from, 'metallb.io/allow-shared-ip': key },
    spec: { ...spec, type, ports: [{ port, protocol }], externalTrafficPolicy: policy, selector: { app } },
  };
}

function textOf({ service, spec, request, from, type, tier }: Wish, sharing: Sharing): string {
  return `apply ${service} ${type} ${request} ${from} ${tier} ${JSON.stringify(spec)} ${Object.values(sharing).join('/')}`;
}

const applyWith = (sharing: fc.Arbitrary<Sharing | undefined>): fc.Arbitrary<Command> =>
  fc.tuple(wishes, sharing).map(([wish, drawn]) => {
    const shares = drawn ?? fixedSharing(wish.service);
    return command(textOf(wish, shares), ({ cluster }) => cluster.apply(optionsOf(wish, shares)), keyOf(wish.service));
  });
const applyFixed = applyWith(fc.constant(undefined));
const applyFree = applyWith(freeSharing);

const poolSpecs = fc.constantFrom<{ readonly addresses: string[]; readonly spec: Partial<IPAddressPoolSpec> }>(
  { addresses: ['10.0.0.0/30'], spec: {} },
  { addresses: ['10.0.0.0/31', '2001:db8::/127'], spec: {} },
  { addresses: ['10.0.1.0/30'], spec: { avoidBuggyIPs: true } },
  {
    addresses: ['10.0.1.0-10.0.1.2', '2001:db8:1::/126'],
    spec: { serviceAllocation: { priority: 5, namespaceSelectors: [{ matchLabels: { team: 'x' } }] } },
  },
  { addresses: ['2001:db8::/126', '10.0.2.0/32'], spec: { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'x' } }] } } },
  { addresses: ['10.0.3.0/31'], spec: { serviceAllocation: { priority: 1, namespaces: ['two'] } } },
  { addresses: ['10.0.0.0/29'], spec: { autoAssign: false } },
  { addresses: ['10.0.0.3-10.0.0.1'], spec: {} },
);
const POOLS = fc.constantFrom('p', 'q', 'r');
const setPool = fc.tuple(POOLS, poolSpecs).map(([title, { addresses, spec }]) => {
  const metadata = title === 'r' ? { creationTimestamp: '2025-01-01T00:00:00Z' } : {};
  return command(`pool ${title} ${addresses.join(' ')}`, (history) => history.applyPool(title, pool(title, addresses, spec, metadata)));
});
const dropPool = POOLS.map((title) => command(`no pool ${title}`, (history) => history.applyPool(title, undefined)));
const remove = name.map((service) => command(`remove ${service}`, ({ cluster }) => cluster.remove(keyOf(service)), keyOf(service)));
const relabel = fc
  .tuple(fc.constantFrom('one', 'two'), fc.constantFrom('x', 'y'))
  .map(([namespace, team]) => command(`relabel ${namespace} ${team}`, ({ cluster }) => cluster.relabel(namespace, { team })));
const deliver = name.map((service) => command(`deliver ${service}`, ({ cluster }) => cluster.deliver(keyOf(service))));
const turnWith = (...fates: Fate[]): fc.Arbitrary<Command> =>
  fc
    .tuple(name, fc.constantFrom(...fates))
    .map(([service, fate]) => command(`turn ${service} ${fate}`, ({ cluster }) => cluster.turn(keyOf(service), fate)));
const lookWith = (...fates: Fate[]): fc.Arbitrary<Command> =>
  fc.tuple(name, fc.constantFrom(...fates)).map(([service, fate]) =>
    command(`deliver and turn ${service} ${fate}`, ({ cluster }) => {
      cluster.deliver(keyOf(service));
      cluster.turn(keyOf(service), fate);
    }),
  );
const relist = fc.constant(command('relist', ({ cluster }) => cluster.relist()));
const rest = fc.constant(command('rest', (history) => expect(history.faultsAtRest()).toEqual([])));
const restart = fc.constant(command('restart', (history) => history.restart()));
const handOver = fc.constant(command('hand over', (history) => history.handOver()));
const arrive = fc.constant(command('late writes arrive', ({ cluster }) => cluster.arrive()));
const straggle = name.map((service) => command(`the deposed one turns ${service}`, ({ cluster }) => cluster.straggle(keyOf(service))));

const arrival = fc.tuple(wishes, freeSharing).map(([wish, sharing]) => {
  const options = { ...optionsOf({ ...wish, type: 'LoadBalancer' }, sharing), name: 'new', created: '2026-02-01T00:00:00Z' };
  return { options, [fc.toStringMethod]: () => `arrival of ${textOf(wish, sharing)}` };
});

const always = [
  { weight: 2, arbitrary: setPool },
  { weight: 1, arbitrary: dropPool },
  { weight: 1, arbitrary: remove },
  { weight: 1, arbitrary: relabel },
];
const lagging = [
  { weight: 3, arbitrary: deliver },
  { weight: 1, arbitrary: relist },
  { weight: 1, arbitrary: rest },
];

const turnsWith = (fates: readonly Fate[]): fc.WeightedArbitrary<Command>[] => [
  { weight: 8, arbitrary: lookWith(...fates) },
  { weight: 3, arbitrary: turnWith(...fates) },
];

/** A history that begins with a pool, for without one nothing happens. */
function beginning(): History {
  const history = new History();
  history.applyPool('p', pool('p', ['10.0.0.0/30']));
  return history;
}

function over(arbitraries: fc.WeightedArbitrary<Command>[], check: (drawn: readonly Command[]) => void): void {
  fc.assert(fc.property(fc.array(fc.oneof(...arbitraries), { maxLength: 80, size: 'max' }), check), { numRuns: HISTORIES, seed: SEED });
}

describe(`random histories, seed ${SEED}`, () => {
  test('no address is ever doubled, and at rest all is as the naive model says', () => {
    const fates: readonly Fate[] = ['answered', 'answered', 'unanswered', 'lost'];
    over([{ weight: 5, arbitrary: applyFixed }, ...always, ...lagging, ...turnsWith(fates), { weight: 1, arbitrary: restart }], (drawn) => {
      const history = beginning();
      for (const { run } of drawn) {
        run(history);
        expect(doubled(history.world())).toEqual([]);
      }
      expect(history.faultsAtRest()).toEqual([]);
    });
  });

  test('whatever a predecessor still writes, and whoever changes with whom he shares, all is right at rest', () => {
    const fates: readonly Fate[] = ['answered', 'answered', 'unanswered', 'late', 'lost'];
    const leaders = [restart, handOver, arrive].map((arbitrary) => ({ weight: 1, arbitrary }));
    over(
      [{ weight: 5, arbitrary: applyFree }, ...always, ...lagging, ...turnsWith(fates), ...leaders, { weight: 2, arbitrary: straggle }],
      (drawn) => {
        const history = beginning();
        for (const { run } of drawn) run(history);
        expect(history.faultsAtRest()).toEqual([]);
      },
    );
  });

  test('a change moves nobody whom it does not concern, nor does a restart, and who comes then gets what the naive model says', () => {
    const leaders = [restart, handOver].map((arbitrary) => ({ weight: 1, arbitrary }));
    const drawn = fc.array(fc.oneof({ weight: 5, arbitrary: applyFree }, ...always, ...leaders), { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(drawn, arrival, (changes, { options }) => {
        const history = beginning();
        for (const { run, about } of changes) expect(history.faultsOfChange(() => run(history), about)).toEqual([]);
        expect(history.faultsOfArrival(options)).toEqual([]);
      }),
      { numRuns: HISTORIES, seed: SEED },
    );
  });

  afterAll(() => {
    if (HISTORIES >= 200) expect(commands).toBeGreaterThanOrEqual(10_000);
  });
});
