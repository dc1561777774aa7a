import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { freePort } from '../../hack/kubernetes/free-port.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type SecureAnswer, secureRequest } from '../../test/support/secure-request.ts';
import { issueServing } from '../certificates/certificate.ts';
import { untilAborted } from '../kubernetes/aborted.ts';
import { controllerHelp, parseControllerOptions } from '../operators/options.ts';
import { type Program, runProgram, type Surroundings } from './program.ts';
import type { Task, Work } from './work.ts';

const IDLE: Work = { ready: [], always: () => Promise.resolve() };

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

async function withKubeconfig(use: (flag: string) => Promise<void>, server: string = 'http://127.0.0.1:1'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'program-'));
  const kubeconfig = join(folder, 'config');
  const cluster = { name: 'a', cluster: { server } };
  const context = { name: 'a', context: { cluster: 'a', user: 'a' } };
  const config = { clusters: [cluster], contexts: [context], users: [{ name: 'a', user: {} }], 'current-context': 'a' };
  await writeFile(kubeconfig, JSON.stringify(config));
  try {
    await use(`--kubeconfig=${kubeconfig}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A server that tells its version, and nothing else. */
async function serverOf(gitVersion: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((_request, response) => response.end(JSON.stringify({ gitVersion })));
  const port = await freePort('127.0.0.1');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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
      'starting shutdown',
      'done',
    ]);
  });
});

test.each<{ where: string; broken: (task: Task) => Omit<Work, 'ready'> }>([
  { where: 'always', broken: (task) => ({ always: task }) },
  { where: 'while leading', broken: (task) => ({ ...IDLE, whileLeading: () => task }) },
])('a bug in what runs $where ends the process with 2 and its stack', async ({ broken }) => {
  await using server = await serverOf('v1.36.0');
  await withKubeconfig(async (kubeconfig) => {
    const { code, stdout } = await run([kubeconfig], () => ({ ready: [], ...broken(() => Promise.reject(new Error('impossible'))) }));
    expect(code).toBe(2);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: string; stack: string };
    expect(last).toMatchObject({ error: 'impossible', stack: expect.stringContaining('program.test.ts') });
  }, server.url);
});

test('an API server that is too old: one line on standard error, exit code 1, and nobody leads', async () => {
  await using server = await serverOf('v1.24.17');
  let led = false;
  const until: Task = (signal) => untilAborted(new Promise(() => undefined), signal);
  const lead: Task = (signal) => {
    led = true;
    return until(signal);
  };
  await withKubeconfig(async (kubeconfig) => {
    const { code, stderr } = await run([kubeconfig], () => ({ ready: [], always: until, whileLeading: () => lead }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^controller: the API server is too old: it is v1\.24\.17, and 1\.25 or later is needed.*\n$/);
    expect(led).toBe(false);
  }, server.url);
});

test('metrics come with the certificate of --metrics-cert-dir and the versions that are allowed, and without a token not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const validity = { notBefore: Date.now() - 1_000, notAfter: Date.now() + 1_000_000 };
  const { certificate, privateKey } = await issueServing({ commonName: 'own', dnsNames: [], addresses: [], validity });
  await writeFile(join(folder, 'tls.crt'), certificate);
  await writeFile(join(folder, 'tls.key'), privateKey);
  const port = await freePort('127.0.0.1');
  const flags = [`--port=${port}`, `--metrics-cert-dir=${folder}`, '--tls-min-version=VersionTLS12'];
  let answer: SecureAnswer | undefined;
  const ask = async (end: AbortController): Promise<void> => {
    while (answer === undefined) answer = await secureRequest(port, '/metrics', { maxVersion: 'TLSv1.2' }).catch(() => undefined);
    end.abort();
  };
  try {
    await withKubeconfig(async (kubeconfig) => {
      const { code } = await run([kubeconfig, ...flags], (end) => ({ ready: [], always: () => ask(end) }));
      expect(code).toBe(0);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  const { fingerprint256: fingerprint } = new X509Certificate(certificate);
  expect(answer).toMatchObject({ status: 401, body: 'Unauthorized\n', protocol: 'TLSv1.2', fingerprint });
});
