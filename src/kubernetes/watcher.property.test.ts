import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { breathe } from '../../test/support/eventually.ts';
import type { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Store } from './store.ts';

/** One step of a history: a change of the server's content, something that goes wrong, or time that passes. */
type Step =
  | { readonly kind: 'put'; readonly name: number; readonly port: number }
  | { readonly kind: 'remove'; readonly name: number }
  | { readonly kind: 'refuse'; readonly verb: 'list' | 'watch'; readonly status: number; readonly times: number }
  | { readonly kind: 'repeat'; readonly count: number }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | { readonly kind: 'end' | 'cut' | 'freeze' | 'expire' | 'compact' | 'bookmark' | 'restart' | 'settle' };

/** Few, so that a history comes back to the same object again and again. */
const NAMES = 3;

const change: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), name: fc.nat(NAMES - 1), port: fc.nat(3) }),
  fc.record({ kind: fc.constant('remove' as const), name: fc.nat(NAMES - 1) }),
);
const fault: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('end' as const, 'cut', 'freeze', 'expire', 'compact', 'bookmark', 'restart') }),
  fc.record({
    kind: fc.constant('refuse' as const),
    verb: fc.constantFrom('list' as const, 'watch'),
    status: fc.constantFrom(400, 401, 403, 404, 410, 422, 429, 500, 503, 504),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('repeat' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('line' as const),
    line: fc.constantFrom('', '{', 'null', '{"type":"DELETED"}', '{"type":"ERROR","object":{"code":410}}'),
  }),
);
const passing: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('time' as const), milliseconds: fc.constantFrom(50, 1_000, 60_000) }),
  fc.constant<Step>({ kind: 'settle' }),
);
const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: change }, { weight: 3, arbitrary: fault }, { weight: 2, arbitrary: passing }),
  { minLength: 2, maxLength: 60, size: 'max' },
);

async function play(step: Step, scene: RuntimeScene): Promise<void> {
  const { server } = scene;
  if (step.kind === 'put') scene.service(`s${step.name}`, step.port);
  else if (step.kind === 'remove') server.remove(SERVICES, `default/s${step.name}`);
  else if (step.kind === 'refuse') server.misbehave(step);
  else if (step.kind === 'repeat') server.repeatEvents(step.count);
  else if (step.kind === 'line') server.sendLine(step.line);
  else if (step.kind === 'time') scene.clock.advance(milliseconds(step.milliseconds));
  else await FAULTS[step.kind](server);
  if (step.kind === 'put' && step.port > 0) await breathe();
}

const FAULTS: Readonly<
  Record<'end' | 'cut' | 'freeze' | 'expire' | 'compact' | 'bookmark' | 'restart' | 'settle', (server: FakeApiServer) => unknown>
> = {
  end: (server) => server.endWatches(),
  cut: (server) => server.cutWatches(),
  freeze: (server) => server.freezeWatches(),
  expire: (server) => server.expireWatches(),
  compact: (server) => server.compact(),
  bookmark: (server) => server.sendBookmarks(),
  restart: async (server) => {
    await server.goAway();
    await server.comeBack();
  },
  settle: breathe,
};

/** Long waits of the runtime pass quickly; a request that meets its deadline for it is only one more fault. */
const QUARTER_SECOND = milliseconds(250);

/** What a listener that keeps its own copy, key by key, ends up with: it must not miss a deletion either. */
function follower(store: Store<JsonObject>): Map<string, JsonObject> {
  const copy = new Map<string, JsonObject>();
  store.subscribe((key) => {
    const projection = store.get(key);
    if (projection === undefined) copy.delete(key);
    else copy.set(key, projection);
  });
  return copy;
}

test.each([
  { name: 'streaming lists', options: { fieldSelectors: true } },
  { name: 'pages', options: { streamingLists: false, expiry: 'status' as const } },
])(
  'after quiet, the cache equals the server ($name)',
  async ({ options }) => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), histories, async (early, steps) => {
        await using scene = await RuntimeScene.open(options);
        const store = scene.watch();
        const copy = follower(store);
        if (early) await scene.watched();
        for (const step of steps) await play(step, scene);
        // A silent watch is noticed by its silence alone; then whatever else is still to come has its time.
        scene.clock.advance(milliseconds(600_000));
        await scene.synced(store, QUARTER_SECOND);
        await scene.equal(store, SERVICES, QUARTER_SECOND);
        expect(copy).toEqual(new Map(store.entries()));
      }),
      { numRuns: 40, interruptAfterTimeLimit: 50_000, markInterruptAsFailure: true },
    );
  },
  60_000,
);
