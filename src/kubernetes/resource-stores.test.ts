import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';

const FOREVER = new AbortController().signal;

/** Whether a promise has resolved. */
function watchOf(promise: Promise<void>): () => boolean {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => undefined,
  );
  return () => done;
}

describe.each([true, false])('stores that are made new (streaming lists: %s)', (streamingLists) => {
  test('have all that was written before, though their watch told nothing of it, and keep what they know meanwhile', async () => {
    await using scene = await RuntimeScene.open({ streamingLists });
    scene.service('goes');
    scene.service('stays');
    const store = await scene.watched();
    scene.server.freezeWatches();
    scene.server.remove(SERVICES, 'default/goes');
    scene.service('comes');
    const before = scene.lists();
    const fresh = watchOf(scene.stores.refresh(FOREVER));
    expect([[...store.keys()], store.synced]).toEqual([['default/goes', 'default/stays'], true]);
    await eventually(scene.clock, 'they are', fresh);
    expect([...store.keys()].toSorted((one, other) => (one < other ? -1 : 1))).toEqual(['default/comes', 'default/stays']);
    expect(scene.lists() - before).toBe(1);
    scene.service('later');
    await eventually(scene.clock, 'the watch goes on', () => store.get('default/later') !== undefined);
  });

  test('are so by a list that began afterwards: what is still told of the one before does not count', async () => {
    await using scene = await RuntimeScene.open({ streamingLists });
    const store = await scene.watched();
    let fresh: (() => boolean) | undefined;
    using _listener = store.subscribe(() => {
      fresh ??= watchOf(scene.stores.refresh(FOREVER));
    });
    const event = (name: string, resourceVersion: string): string =>
      JSON.stringify({ type: 'ADDED', object: { kind: 'Service', metadata: { name, namespace: 'default', resourceVersion } } });
    const before = scene.lists();
    scene.server.sendLine(`${event('one', '901')}\n${event('two', '902')}\n${event('three', '903')}`);
    await eventually(scene.clock, 'they are', () => fresh?.() === true);
    expect([scene.lists() - before, [...store.keys()]]).toEqual([1, []]);
  });

  test('are not so by a list that was under way', async () => {
    await using scene = await RuntimeScene.open({ streamingLists });
    scene.service('a');
    const store = scene.watch();
    let fresh: (() => boolean) | undefined;
    using _listener = store.subscribe(() => {
      fresh ??= watchOf(scene.stores.refresh(FOREVER));
    });
    await eventually(scene.clock, 'they are', () => fresh?.() === true);
    const refused = streamingLists ? 0 : 1;
    expect(scene.lists() - refused).toBe(2);
  });

  test('do not wait for the end of a pause after a failure', async () => {
    await using scene = await RuntimeScene.open({ streamingLists });
    scene.server.uninstall(SERVICES);
    const store = scene.watch();
    await eventually(scene.clock, 'it pauses for long', () => scene.lists() > 4, milliseconds(500));
    scene.server.install(SERVICES);
    const since = scene.clock.now();
    const fresh = watchOf(scene.stores.refresh(FOREVER));
    await eventually(scene.clock, 'they are', fresh, milliseconds(5));
    expect(scene.clock.now() - since).toBeLessThan(milliseconds(900));
    expect(store.synced).toBe(true);
  });
});

test('who waits for stores to be made new may give up', async () => {
  await using scene = await RuntimeScene.open();
  await scene.watched();
  await scene.server.goAway();
  const ending = new AbortController();
  const fresh = scene.stores.refresh(ending.signal);
  ending.abort();
  await fresh;
});
