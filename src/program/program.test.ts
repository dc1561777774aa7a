import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { controllerHelp, parseControllerOptions } from '../operators/options.ts';
import { type Program, runProgram, type Surroundings, type Work } from './program.ts';

const IDLE: Work = { ready: [], run: () => Promise.resolve() };

/** Runs a program to its end; `end` is called once its work is wired. */
async function run(
  argv: readonly string[],
  wire: (end: AbortController) => Work = (end) => {
    end.abort();
    return IDLE;
  },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const end = new AbortController();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const program: Program<Parameters<Program<never>['wire']>[0]> = {
    name: 'controller',
    help: controllerHelp,
    parse: parseControllerOptions,
    nodeOf: () => '',
    healthHost: '127.0.0.1',
    wire: () => wire(end),
  } as never;
  const clock = new FakeClock();
  const surroundings: Surroundings = {
    argv: ['--port=0', '--health-probe-port=0', ...argv],
    environment: { METALLB_NAMESPACE: 'metallb-system', HOME: '/nonexistent' },
    stdout,
    stderr,
    clock,
    serviceAccountNamespace: undefined,
    version: '1.2.3',
    signal: end.signal,
  };
  const code = await runProgram(program, surroundings);
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

async function withKubeconfig(use: (flag: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'program-'));
  const kubeconfig = join(folder, 'config');
  const cluster = { name: 'a', cluster: { server: 'http://127.0.0.1:1' } };
  const context = { name: 'a', context: { cluster: 'a', user: 'a' } };
  const config = { clusters: [cluster], contexts: [context], users: [{ name: 'a', user: {} }], 'current-context': 'a' };
  await writeFile(kubeconfig, JSON.stringify(config));
  try {
    await use(`--kubeconfig=${kubeconfig}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('help and version are printed and end it', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: 'typemetal controller 1.2.3\n', stderr: '' });
  expect((await run(['--help'])).stdout).toBe(controllerHelp());
});

test.each([
  { argv: ['--no-such-flag'], says: 'controller: unknown flag' },
  { argv: ['--log-level=loud'], says: 'controller: --log-level: "loud" is not allowed' },
  { argv: ['--kubeconfig=/nonexistent'], says: 'controller: kubeconfig "/nonexistent" does not exist' },
])('$argv: one line on standard error and exit code 1', async ({ argv, says }) => {
  const { code, stderr } = await run(argv);
  expect(code).toBe(1);
  expect(stderr).toContain(says);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('a clean end is 0; flags without a meaning are said once each', async () => {
  await withKubeconfig(async (kubeconfig) => {
    const { code, stdout } = await run([kubeconfig, '--pprof-bind-address=127.0.0.1:6060']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(code).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'TypeMetal controller starting version 1.2.3',
      expect.stringContaining('--pprof-bind-address has no effect'),
      'done',
    ]);
  });
});

test('a bug ends the process with 2 and its stack', async () => {
  await withKubeconfig(async (kubeconfig) => {
    const { code, stdout } = await run([kubeconfig], () => ({ ready: [], run: () => Promise.reject(new Error('impossible')) }));
    expect(code).toBe(2);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: string; stack: string };
    expect(last).toMatchObject({ error: 'impossible', stack: expect.stringContaining('program.test.ts') });
  });
});
