import { expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { LEASES } from '../../test/support/replica.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { untilAborted } from '../kubernetes/aborted.ts';
import { ApiEventRecorder } from '../kubernetes/event-recorder.ts';
import type { Candidacy } from '../kubernetes/lease-elector.ts';
import { ApiStatusWriter } from '../kubernetes/status-writer.ts';
import { reconcileCounters } from '../kubernetes/work-queue.ts';
import { milliseconds } from '../lib/clock.ts';
import { objectOf } from '../lib/json.ts';
import { leadingTask } from './leading.ts';
import type { ProgramPorts, Task } from './work.ts';

const REPORTER = { component: 'metallb-controller', host: '' };
const SUBJECT = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'a', uid: 'u', resourceVersion: '1' };
const CANDIDACY: Candidacy = {
  namespace: 'metallb-system',
  name: 'metallb-controller',
  deployment: '',
  identity: 'me',
  leaseDuration: milliseconds(15_000),
  renewDeadline: milliseconds(10_000),
  retryPeriod: milliseconds(2_000),
};

function portsOf({ api, stores, clock, log }: RuntimeScene): ProgramPorts {
  const metrics = new RecordingMetrics();
  const ports = { api, stores, clock, log, random: Math.random, counters: reconcileCounters(metrics), metrics };
  return { ...ports, events: new ApiEventRecorder({ ...ports, ...REPORTER }), statusWriter: new ApiStatusWriter(ports) };
}

/** Work that keeps the ports it was given, and ends when it is told to. */
class Work {
  readonly terms: ProgramPorts[] = [];

  begin(ports: ProgramPorts): Task {
    this.terms.push(ports);
    return (signal) => untilAborted(new Promise(() => undefined), signal);
  }
}

const eventsIn = (scene: RuntimeScene): number => scene.server.list({ group: '', version: 'v1', plural: 'events' }).length;

test('without a candidacy the work has the ports of the process, and is begun once', async () => {
  await using scene = await RuntimeScene.open();
  const [work, ports, end] = [new Work(), portsOf(scene), new AbortController()];
  const running = leadingTask((given) => work.begin(given), { ports, reporter: REPORTER, candidacy: undefined })(end.signal);
  end.abort();
  await running;
  expect(work.terms).toEqual([ports]);
});

test('each term has writers of its own, which say their last words at the end and nothing after it', async () => {
  await using scene = await RuntimeScene.open();
  scene.service('a');
  const [work, end] = [new Work(), new AbortController()];
  const running = leadingTask((given) => work.begin(given), { ports: portsOf(scene), reporter: REPORTER, candidacy: CANDIDACY })(
    end.signal,
  );
  const whenLeading = async (term: number): Promise<void> => {
    let leads = false;
    work.terms[term]?.leadership?.whenLeading(end.signal).then(() => {
      leads = true;
    }, fail);
    await eventually(scene.clock, 'it leads', () => leads);
  };
  await whenLeading(0);
  work.terms[0]?.events.record(SUBJECT, 'Normal', 'First', 'in the first term');
  await eventually(scene.clock, 'an event', () => eventsIn(scene) === 1);
  const stored = scene.server.list(LEASES)[0];
  const metadata = { name: 'metallb-controller', namespace: 'metallb-system' };
  scene.server.put(LEASES, { ...stored, metadata, spec: { ...objectOf(stored?.spec), holderIdentity: '' } });
  await eventually(scene.clock, 'a second term', () => work.terms.length === 2);
  work.terms[0]?.events.record(SUBJECT, 'Normal', 'Second', 'after the first term');
  const target = { namespace: 'default', name: 'a', uid: 'u', resourceVersion: '1' };
  const late = work.terms[0]?.statusWriter.write(SERVICES, target, { status: {} }, end.signal);
  await expect(late).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
  await whenLeading(1);
  work.terms[1]?.events.record(SUBJECT, 'Normal', 'Third', 'right before the end');
  end.abort();
  await running;
  const reasons = scene.server.list({ group: '', version: 'v1', plural: 'events' }).map(({ reason }) => reason);
  expect(reasons).toEqual(expect.arrayContaining(['First', 'Third']));
  expect(reasons).toHaveLength(2);
  expect(objectOf(scene.server.list(LEASES)[0]?.spec).holderIdentity).toBe('');
});

function fail(thrown: unknown): never {
  throw thrown;
}
