import { existsSync, statSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { eventually } from './eventually.ts';
import { Sandbox } from './sandbox.ts';
import { markedProcesses } from './sweep.ts';

/** What happens when the owner dies is a matter for test/lab: here it is disposed of. */

const PATIENCE = { withinMilliseconds: 20_000 };

test('a sandbox is a folder that nobody else reads, and is gone when it is disposed of', async () => {
  const sandbox = await Sandbox.open();
  expect(statSync(sandbox.folder).mode & 0o777).toBe(0o700);
  expect(sandbox.folder).toContain(sandbox.id);
  await sandbox[Symbol.asyncDispose]();
  expect(existsSync(sandbox.folder)).toBe(false);
});

test('its processes end with it: stopped ones, deaf ones, and those whose parents have left', async () => {
  const sandbox = await Sandbox.open();
  const sleeper = sandbox.start('sleeper', ['sleep', '1000']);
  const stopped = sandbox.start('stopped', ['sleep', '1000']);
  stopped.pause();
  await stopped.paused();
  sandbox.start('deaf', ['sh', '-c', 'trap "" TERM INT HUP; while :; do sleep 1000; done']);
  sandbox.start('orphan', ['sh', '-c', 'setsid sleep 1000 & exit']);
  const five = async (): Promise<boolean> => (await markedProcesses(sandbox.id)).length === 5;
  await eventually('sleeper, stopped, deaf with its child, orphan', five, PATIENCE);
  await sandbox[Symbol.asyncDispose]();
  expect(await markedProcesses(sandbox.id)).toEqual([]);
  expect(sleeper.alive).toBe(false);
});

test('nothing can be started in a sandbox that is being removed', async () => {
  const sandbox = await Sandbox.open();
  const gone = sandbox[Symbol.asyncDispose]();
  expect(() => sandbox.start('late', ['sleep', '1000'])).toThrow('is being removed');
  await gone;
});

test('two sandboxes do not touch each other', async () => {
  await using one = await Sandbox.open();
  const program = one.start('sleeper', ['sleep', '1000']);
  {
    await using _other = await Sandbox.open();
  }
  expect(program.alive).toBe(true);
  expect(existsSync(one.folder)).toBe(true);
});

test('a program sees only the environment that it is given', async () => {
  await using sandbox = await Sandbox.open();
  const program = sandbox.start('env', ['env'], { GREETING: 'hello' });
  expect(await program.exited).toBe(0);
  const names = (await program.tail()).split('\n').map((line) => line.split('=', 1)[0]);
  expect(names.sort()).toEqual(['GREETING', 'HOME', 'LANG', 'PATH', 'TYPEMETAL_SANDBOX']);
});

test.each([
  { command: ['false'], ended: 1 },
  { command: ['sh', '-c', 'kill -9 $$'], ended: 'SIGKILL' },
  { command: ['/no/such/program'], ended: 'spawn /no/such/program ENOENT' },
])('$command ends with $ended', async ({ command, ended }) => {
  await using sandbox = await Sandbox.open();
  const program = sandbox.start('short', command);
  expect(await program.exited).toBe(ended);
  expect(program.alive).toBe(false);
});

test('a failure tells the end of the log', async () => {
  await using sandbox = await Sandbox.open();
  const program = sandbox.start('talker', ['sh', '-c', 'for i in $(seq 40); do echo line $i; done; exit 3']);
  await program.exited;
  const failure = await program.failure('ended with 3');
  expect(failure.message).toMatch(/^talker ended with 3; the end of talker\.log:\nline 26\n(line \d+\n){13}line 40$/);
});

test('stop asks, and kills what does not listen', async () => {
  await using sandbox = await Sandbox.open();
  const polite = sandbox.start('polite', ['sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done']);
  const deaf = sandbox.start('deaf', ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.01; done']);
  for (const program of [polite, deaf]) await eventually('it listens', async () => (await program.tail()) === 'ready', PATIENCE);
  await Promise.all([polite.stop(), deaf.stop(1_000)]);
  expect([await polite.exited, await deaf.exited]).toEqual([7, 'SIGKILL']);
});
