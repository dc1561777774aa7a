import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Sandbox } from '../../hack/kubernetes/sandbox.ts';
import { markedProcesses, sandboxNamespaces } from '../../hack/kubernetes/sweep.ts';
import { describeLab } from '../support/lab/lab-suite.ts';

/** What is left of a lab when its owner is gone: nothing, however it went. */

const PATIENCE = { withinMilliseconds: 120_000 };

interface Owner extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly id: string;
  /** The owner's next line. */
  next(): Promise<string>;
}

/** A process of its own with a lab of its own. */
async function startOwner(): Promise<Owner> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/lab/owner.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value ?? 'ended';
  const folder = await next();
  const id = basename(folder).split('-').at(-1) ?? '';
  const dispose = async (): Promise<void> => void child.kill('SIGKILL');
  return { child, folder, id, next, [Symbol.asyncDispose]: dispose };
}

async function kill({ child }: Owner): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The process that watches over an owner's lab. */
async function wardenOf({ folder }: Owner): Promise<number> {
  for (const name of await readdir('/proc')) {
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('warden.ts') && line.includes(folder)) return Number(name);
  }
  throw new Error(`no warden for ${folder}`);
}

async function leftOf({ id, folder }: Owner): Promise<{ processes: number; namespaces: string[]; folder: boolean }> {
  return { processes: (await markedProcesses(id)).length, namespaces: await sandboxNamespaces(id), folder: existsSync(folder) };
}

const NOTHING = { processes: 0, namespaces: [], folder: false };

async function expectNothingLeft(owner: Owner): Promise<void> {
  const gone = async (): Promise<boolean> => JSON.stringify(await leftOf(owner)) === JSON.stringify(NOTHING);
  await eventually('nothing is left', gone, PATIENCE).catch(() => undefined); // the comparison below says what is left
  expect(await leftOf(owner)).toEqual(NOTHING);
}

describeLab('a lab whose owner dies', () => {
  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('leaves nothing behind after %s', async (signal) => {
    await using owner = await startOwner();
    expect(await owner.next()).toBe('up');
    const full = await leftOf(owner);
    expect(full.processes).toBeGreaterThan(5);
    expect(full.namespaces.length).toBeGreaterThan(4);
    owner.child.kill(signal);
    await expectNothingLeft(owner);
  });

  test.each([0, 50, 200, 500, 1_000, 1_500])('leaves nothing behind when it is killed %i ms into the start', async (milliseconds) => {
    await using owner = await startOwner();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    owner.child.kill('SIGKILL');
    await expectNothingLeft(owner);
  });

  test('is removed by the next lab when its warden was killed too', async () => {
    await using owner = await startOwner();
    expect(await owner.next()).toBe('up');
    const warden = await wardenOf(owner);
    process.kill(warden, 'SIGKILL');
    await kill(owner);
    expect((await leftOf(owner)).processes).toBeGreaterThan(2);
    await using _next = await Sandbox.open();
    expect(await leftOf(owner)).toEqual(NOTHING);
  });
});
