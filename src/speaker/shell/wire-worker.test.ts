import { expect, test } from '@jest/globals';
import { settle } from '../../../test/support/fake-clock.ts';
import { type StartWorker, startWorkerThread } from './wire-worker.ts';

/** Settings that no thread can be given, because a function crosses to none: the constructor of the worker throws. */
const NOT_CLONEABLE = { node: 'node-1', excludedInterfaces: [], debug: false, surplus: () => undefined };

test('a thread that cannot be made has ended, in a later turn, once, with the reason', async () => {
  const ends: string[] = [];
  const start: StartWorker = startWorkerThread;
  const listener = { noticed: () => undefined, ended: (reason: string) => void ends.push(reason) };
  const worker = start(NOT_CLONEABLE, listener);
  expect(ends).toEqual([]);
  worker.post({ kind: 'received' });
  worker.stop();
  await settle();
  expect(ends).toEqual([expect.stringMatching(/could not be cloned/)]);
});
