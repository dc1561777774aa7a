import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { endProcess } from './ending.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('what was written is out before the process ends', async () => {
  const happened: string[] = [];
  const slow = (): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (chunk.length > 0) happened.push(chunk.toString());
        setImmediate(done);
      },
    });
  const [stdout, stderr] = [slow(), slow()];
  for (const line of ['a', 'b', 'c']) stdout.write(line);
  stderr.write('d');
  const exit = (code: number): void => void happened.push(`exit ${code}`);
  await endProcess({ stdout, stderr, exit } as unknown as NodeJS.Process, 3);
  expect(happened.at(-1)).toBe('exit 3');
  expect(new Set(happened)).toEqual(new Set(['a', 'b', 'c', 'd', 'exit 3']));
});

test('a reader that has gone is not waited for', async () => {
  const gone = new Writable().destroy();
  const codes: number[] = [];
  await endProcess({ stdout: gone, stderr: gone, exit: (code: number) => codes.push(code) } as unknown as NodeJS.Process, 0);
  expect(codes).toEqual([0]);
});

let folder = '';
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ending-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  const pidFile = join(folder, 'pid');
  if (existsSync(pidFile)) process.kill(Number(await readFile(pidFile, 'utf8')));
  await rm(folder, { recursive: true });
});

test('a plug-in that hangs does not keep a controller that is told to end', async () => {
  const pidFile = join(folder, 'pid');
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: '/bin/sh',
    args: ['-c', `echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 100`],
  };
  const kubeconfig = {
    clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: { exec } }],
    'current-context': 'a',
  };
  await writeFile(join(folder, 'config'), JSON.stringify(kubeconfig));
  const flags = ['--port=0', '--health-probe-port=0', '--namespace=metallb-system', `--kubeconfig=${join(folder, 'config')}`];
  child = spawn(join(ROOT, 'bin', 'controller'), flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { stdout } = child;
  if (stdout === null) throw new Error('no pipe');
  const [output, closed] = [text(stdout), once(child, 'exit')];
  while (!existsSync(pidFile)) await setTimeout(20);
  child.kill('SIGTERM');
  expect(await closed).toEqual([0, null]);
  expect((await output).trimEnd().split('\n').at(-1)).toContain('"msg":"done"');
}, 30_000);
