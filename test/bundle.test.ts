import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../hack/kubernetes/eventually.ts';
import { freePort } from '../hack/kubernetes/free-port.ts';
import { loadNativeSockets, loadNativeTcp } from '../src/speaker/net/native.ts';

const ROOT = join(import.meta.dirname, '..');
/** Where nobody answers: what is asked there fails at once. */
const NOBODY = 'https://127.0.0.1:1';
const PATIENCE = { withinMilliseconds: 30_000 };
let folder = '';
let bundle = '';
let running: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'typemetal bundle '));
  bundle = join(folder, 'bundle');
  execFileSync(process.execPath, [join(ROOT, 'hack', 'bundle.ts'), bundle]);
  const cluster = { name: 'a', cluster: { server: NOBODY } };
  const context = { name: 'a', context: { cluster: 'a', user: 'a' } };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    clusters: [cluster],
    contexts: [context],
    users: [{ name: 'a', user: {} }],
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(config));
}, 60_000);
afterEach(() => void running?.kill('SIGKILL'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['controller', 'speaker'])('the bundled %s', (program) => {
  test('is of the version of the checkout', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(execFileSync(join(bundle, 'bin', program), ['--version']).toString()).toBe(`typemetal ${program} ${version}\n`);
  });

  test('says that it lives while no API server answers, in lines of its log alone, and ends when it is asked to', async () => {
    const port = await freePort('127.0.0.1');
    const flags = [`--health-probe-port=${port}`, '--port=0', '--namespace=a', `--kubeconfig=${join(folder, 'kubeconfig')}`];
    const own = program === 'speaker' ? ['--node-name=a'] : ['--webhook-mode=disabled'];
    const child = spawn(join(bundle, 'bin', program), [...flags, ...own], { stdio: 'pipe' });
    running = child;
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
    const status = async (): Promise<number | undefined> =>
      (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.status;
    expect(await eventually('/healthz answers', status, PATIENCE)).toBe(200);
    child.kill();
    expect(await once(child, 'exit')).toEqual([0, null]);
    const lines = printed.join('').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        msg: expect.stringContaining(`TypeMetal ${program} starting`),
        caller: expect.stringMatching(/^[a-z-]+\.ts:\d+$/),
      }),
    );
  }, 60_000);
});

test('the bundled kubectl-typemetal is of the version of the checkout, and takes what it is told from standard input', () => {
  const program = join(bundle, 'bin', 'kubectl-typemetal');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(execFileSync(program, ['--version']).toString()).toBe(`kubectl-typemetal ${version}\n`);
  const { status, stdout, stderr } = spawnSync(program, ['lint', '-'], { input: 'apiVersion: metallb.io/v1beta1\nkind: Pool\n' });
  expect([status, stderr.toString()]).toEqual([1, '']);
  expect(stdout.toString()).toMatch(
    /^standard input:1: error: Pool: there is no kind Pool in metallb\.io: want .+\n1 object: 1 error, 0 warnings\n$/,
  );
});

test('the bundle holds what an image needs beside Node, and no more', () => {
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(new Set(files.map(({ name }) => name))).toEqual(
    new Set([
      'LICENSE',
      'LICENSES-OF-PACKAGES',
      'controller',
      'speaker',
      ...['controller.js', 'speaker.js', 'wire.js', 'controller.js.origins', 'speaker.js.origins', 'wire.js.origins'],
      ...['kubectl-typemetal', 'kubectl-typemetal.js', 'kubectl-typemetal.js.origins'],
      'package.json',
      'typemetal_net.node',
      'typemetal_tcp.node',
    ]),
  );
});

test('the compiled files can be loaded from where the wire thread looks for them', () => {
  expect(typeof loadNativeSockets(join(bundle, 'lib', 'typemetal_net.node')).openPacketSocket).toBe('function');
  expect(typeof loadNativeTcp(join(bundle, 'lib', 'typemetal_tcp.node')).openTcpSocket).toBe('function');
});

test('each package in it has its licence with it', () => {
  const text = readFileSync(join(bundle, 'LICENSES-OF-PACKAGES'), 'utf8');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies).filter((one) => !one.startsWith('@typemetal/')))
    expect(text).toMatch(new RegExp(`^${name} [0-9.]+: `, 'm'));
});

test.each(['undici', 'gaxios', 'node-fetch', 'tr46'])('it does not hold %s, which nobody calls: each start would pay for it', (name) => {
  expect(readFileSync(join(bundle, 'LICENSES-OF-PACKAGES'), 'utf8')).not.toMatch(new RegExp(`^${name} [0-9.]+: `, 'm'));
});

test('of the client it holds what reads a kubeconfig, and none of the classes of the API', () => {
  for (const program of ['controller', 'speaker', 'kubectl-typemetal']) {
    const text = readFileSync(join(bundle, 'lib', `${program}.js`), 'utf8');
    expect([text.includes('loadFromClusterAndUser'), text.includes('getAttributeTypeMap')]).toEqual([true, false]);
  }
});
