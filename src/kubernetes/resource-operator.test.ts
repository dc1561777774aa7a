import type { ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { AssertionError } from '../lib/assert.ts';
import { micros, milliseconds } from '../lib/clock.ts';
import { type JsonObject, objectOf } from '../lib/json.ts';
import { untilAborted } from './aborted.ts';
import { type Leadership, type OperatorPorts, ResourceOperator } from './resource-operator.ts';
import type { Store } from './store.ts';
import { reconcileCounters } from './work-queue.ts';

function portsOf(scene: RuntimeScene): OperatorPorts {
  const { api, clock, log, stores } = scene;
  return { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(new RecordingMetrics()) };
}

const NEVER_LEADING: Leadership = {
  whenLeading: (signal) => untilAborted(new Promise(() => undefined), signal),
  remaining: () => micros(0),
};

const portOf = (object: unknown): unknown => objectOf(objectOf(object).spec).port;

/** Looks at Services and keeps a diary. */
class DiaryOperator extends ResourceOperator {
  readonly diary: string[] = [];
  services: Store<unknown> | undefined;
  fault: Error | undefined;

  constructor(scene: RuntimeScene, leadership?: Leadership) {
    super('diary', { ...portsOf(scene), leadership });
  }

  protected override async init(): Promise<void> {
    this.services = await this.watchResource('', 'v1', 'services', { project: portOf });
  }

  protected override async prepare(): Promise<void> {
    this.diary.push(`prepare with ${this.services?.size}`);
  }

  override async reconcile(name: string): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.diary.push(`${name} ${this.services?.get(name)}`);
  }
}

describe('an operator', () => {
  test('is one of the base class, and does without its clients: a broken kubeconfig of the process is nothing to it', async () => {
    await using scene = await RuntimeScene.open();
    const before = process.env.KUBECONFIG;
    process.env.KUBECONFIG = '/nonexistent/kubeconfig';
    try {
      const { constructor: base } = Object.getPrototypeOf(ResourceOperator.prototype);
      expect(() => new base()).toThrow('/nonexistent/kubeconfig');
      expect(new DiaryOperator(scene)).toBeInstanceOf(base);
    } finally {
      if (before === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = before;
    }
  });

  test('prepares once all is known, then has a turn for each object and each change, and ends', async () => {
    await using scene = await RuntimeScene.open();
    scene.service('a', 1);
    scene.service('b', 2);
    const operator = new DiaryOperator(scene);
    const end = new AbortController();
    const ended = operator.start(end.signal);
    await eventually(scene.clock, 'first turns', () => operator.diary.length === 3);
    expect(operator.diary).toEqual(['prepare with 2', 'default/a 1', 'default/b 2']);
    scene.service('a', 3);
    scene.server.remove(SERVICES, 'default/b');
    await eventually(scene.clock, 'more turns', () => operator.diary.length === 5);
    expect(operator.diary.slice(3)).toEqual(['default/a 3', 'default/b undefined']);
    end.abort();
    await ended;
    scene.service('a', 4);
    await eventually(scene.clock, 'the store knows', () => operator.services?.get('default/a') === 4);
    expect(operator.diary.length).toBe(5);
  });
});

describe('an operator of a replica that follows', () => {
  test('watches, and prepares and has its turns when it leads, with what is known then', async () => {
    await using scene = await RuntimeScene.open();
    scene.service('a', 1);
    const leading = Promise.withResolvers<void>();
    const operator = new DiaryOperator(scene, { ...NEVER_LEADING, whenLeading: (signal) => untilAborted(leading.promise, signal) });
    const ended = operator.start();
    await eventually(scene.clock, 'its store is complete', () => operator.synced);
    scene.service('a', 2);
    await eventually(scene.clock, 'the store knows', () => operator.services?.get('default/a') === 2);
    await scene.clock.run(milliseconds(5_000));
    expect(operator.diary).toEqual([]);
    leading.resolve();
    await eventually(scene.clock, 'first turns', () => operator.diary.length === 2);
    expect(operator.diary).toEqual(['prepare with 1', 'default/a 2']);
    operator.stop();
    await ended;
  });

  test('ends without a turn when it never leads', async () => {
    await using scene = await RuntimeScene.open();
    scene.service('a', 1);
    const operator = new DiaryOperator(scene, NEVER_LEADING);
    const ended = operator.start();
    await eventually(scene.clock, 'its store is complete', () => operator.synced);
    operator.stop();
    await ended;
    expect(operator.diary).toEqual([]);
  });
});

describe('the end of an operator', () => {
  test('stop ends it, before it has begun too', async () => {
    await using scene = await RuntimeScene.open();
    const operator = new DiaryOperator(scene);
    operator.stop();
    await operator.start();
    expect(operator.diary).toEqual([]);
  });

  test('one that waits for a resource that is not installed can be ended', async () => {
    await using scene = await RuntimeScene.open();
    scene.server.uninstall(SERVICES);
    const operator = new DiaryOperator(scene);
    const ended = operator.start();
    await eventually(scene.clock, 'it is said', () => scene.log.messages('error').length > 0);
    expect(operator.synced).toBe(false);
    operator.stop();
    await ended;
    expect(operator.diary).toEqual([]);
  });

  test('a bug in a turn ends it with that bug', async () => {
    await using scene = await RuntimeScene.open();
    scene.service('a', 1);
    const operator = new DiaryOperator(scene);
    operator.fault = new AssertionError('two owners');
    const ended = expect(operator.start()).rejects.toThrow('two owners');
    await eventually(scene.clock, 'the bug', () => operator.services?.synced === true);
    await ended;
  });
});

const FINALIZER = 'typemetal.io/test';

/** Written against the base class: events, finalizers and statuses as its documentation has them. */
class PlainOperator extends ResourceOperator {
  readonly events: string[] = [];
  readonly written: (ResourceMeta | null)[] = [];
  rejections = 0;

  constructor(scene: RuntimeScene) {
    super('plain', portsOf(scene));
  }

  protected override async init(): Promise<void> {
    await this.watchResource('', 'v1', 'services', (event) => this.#onEvent(event));
  }

  override async reconcile(): Promise<void> {
    throw new AssertionError('nothing asks for turns here');
  }

  async #onEvent(event: ResourceEvent): Promise<void> {
    if (this.rejections-- > 0) throw new Error('not now');
    this.events.push(`${event.type} ${event.meta.name} ${event.meta.kind}`);
    if (await this.handleResourceFinalizer(event, FINALIZER, async () => void this.events.push('clean up'))) return;
    // Once: each write is followed by an event of its own.
    if (event.type === 'DELETED' || this.written.length > 0) return;
    this.written.push(await this.setResourceStatus(event.meta, { seen: true }));
    this.written.push(await this.patchResourceStatus(event.meta, { seen: false }));
  }
}

describe("the base's own form", () => {
  test('finalizers, statuses and deletions', async () => {
    await using scene = await RuntimeScene.open();
    scene.service('a');
    const operator = new PlainOperator(scene);
    operator.rejections = 1;
    const ended = operator.start();
    const stored = (): JsonObject => objectOf(scene.server.list(SERVICES)[0]);
    await eventually(scene.clock, 'the status', () => operator.written.length >= 2);
    expect(objectOf(stored().metadata).finalizers).toEqual([FINALIZER]);
    expect(stored().status).toEqual({ seen: true });
    // The second write is of a version that the first has made old.
    expect(operator.written.map((meta) => meta?.name)).toEqual(['a', undefined]);
    const [object] = scene.server.list(SERVICES);
    if (object !== undefined)
      scene.server.put(SERVICES, { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await eventually(scene.clock, 'the clean-up', () => objectOf(stored().metadata).finalizers?.toString() === '');
    expect(operator.events.filter((event) => event === 'clean up')).toEqual(['clean up']);
    scene.server.remove(SERVICES, 'default/a');
    await eventually(scene.clock, 'the end', () => operator.events.at(-1) === 'DELETED a Service');
    operator.stop();
    await ended;
    expect(scene.log.messages('error').filter((line) => !line.startsWith('reconcile failed'))).toEqual([]);
  });
});
