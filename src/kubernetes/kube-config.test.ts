import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfigError, loadConfig } from './kube-config.ts';

const SECRET = 'dG9wLXNlY3JldA==';

/** A kubeconfig as people have it; each part can be left out or replaced. */
function kubeconfig(name: string, parts: Record<string, unknown> = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    clusters: [{ name: 'c', cluster: { server: `https://${name}:6443`, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { token: SECRET } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
    ...parts,
  });
}

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kube-config-'));
  mkdirSync(at('home/.kube'), { recursive: true });
  mkdirSync(at('pod'));
  writeFileSync(at('pod/token'), SECRET);
  writeFileSync(at('home/.kube/config'), kubeconfig('home'));
  writeFileSync(at('flag'), kubeconfig('flag'));
  writeFileSync(at('variable'), kubeconfig('variable'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const POD = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

describe('the first that is there counts', () => {
  test.each([
    { name: 'the flag', kubeconfig: 'flag', variable: 'variable', pod: 'pod', server: 'https://flag:6443' },
    { name: 'KUBECONFIG', kubeconfig: '', variable: 'variable', pod: 'pod', server: 'https://variable:6443' },
    { name: 'the pod', kubeconfig: '', variable: '', pod: 'pod', server: 'https://10.96.0.1:443' },
    { name: 'the home', kubeconfig: '', variable: '', pod: 'none', server: 'https://home:6443' },
  ])('$name', ({ kubeconfig: flag, variable, pod, server }) => {
    const environment = { ...POD, HOME: at('home'), KUBECONFIG: variable === '' ? '' : at(variable) };
    const config = loadConfig({ kubeconfig: flag === '' ? '' : at(flag), environment, serviceAccountFolder: at(pod) });
    expect(config.getCurrentCluster()?.server).toBe(server);
  });

  test('an IPv6 address of the API server is put in brackets', () => {
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(loadConfig({ environment, serviceAccountFolder: at('pod') }).getCurrentCluster()?.server).toBe('https://[fd00::1]:443');
  });
});

describe('several files', () => {
  test('are merged: the first mention of a name counts, files that do not exist are left out', () => {
    writeFileSync(at('second'), kubeconfig('second', { users: [{ name: 'v', user: {} }], 'current-context': 'y' }));
    const config = loadConfig({ environment: { KUBECONFIG: [at('none'), at('flag'), at('second')].join(':') } });
    expect([config.getCurrentCluster()?.server, config.users.map(({ name }) => name)]).toEqual(['https://flag:6443', ['u', 'v']]);
  });
});

describe('what a file names', () => {
  test('paths are relative to it, a token file too', () => {
    writeFileSync(at('paths'), kubeconfig('paths', { users: [{ name: 'u', user: { tokenFile: 'pod/token' } }] }));
    const config = loadConfig({ kubeconfig: at('paths'), environment: {} });
    expect(config.getCurrentCluster()?.caFile).toBe(at('ca.crt'));
    expect(config.getCurrentUser()?.authProvider).toEqual({ name: 'tokenFile', config: { tokenFile: at('pod/token') } });
  });
});

describe('what is wrong is said, with the file, and without its content', () => {
  test.each([
    { name: 'no YAML', text: `a: [${SECRET}`, fault: /"FILE" is not valid: .* in line 1$/ },
    { name: 'no object', text: SECRET, fault: 'has no current-context: choose one with `kubectl config use-context`' },
    { name: 'empty', text: '', fault: 'the input is empty' },
    {
      name: 'no such context',
      text: kubeconfig('a', { 'current-context': 'z' }),
      fault: 'has no context "z", which its current-context names',
    },
    { name: 'no such cluster', text: kubeconfig('a', { clusters: [] }), fault: 'has no cluster "c", which context "x" names' },
    { name: 'no such user', text: kubeconfig('a', { users: [] }), fault: 'has no user "u", which context "x" names' },
    {
      name: 'no server',
      text: kubeconfig('a', { clusters: [{ name: 'c', cluster: {} }] }),
      fault: 'clusters[0].cluster.server is missing',
    },
    {
      name: 'no URL',
      text: kubeconfig('a', { clusters: [{ name: 'c', cluster: { server: 'nowhere' } }] }),
      fault: 'has no valid URL as the server of cluster "c"',
    },
  ])('$name', ({ text, fault }) => {
    const file = at('bad');
    writeFileSync(file, text);
    const pattern = typeof fault === 'string' ? fault : new RegExp(fault.source.replace('FILE', file));
    const load = (): unknown => loadConfig({ kubeconfig: file, environment: {} });
    expect(load).toThrow(KubeConfigError);
    expect(load).toThrow(pattern);
    expect(load).toThrow(new RegExp(`^(?!.*${SECRET})`));
  });

  test.each([
    {
      name: 'no file of the flag',
      options: { kubeconfig: '/none/at/all', environment: {} },
      fault: 'kubeconfig "/none/at/all" does not exist: name a kubeconfig',
    },
    { name: 'none of KUBECONFIG', options: { environment: { KUBECONFIG: '/none:/nor' } }, fault: 'kubeconfig "/none:/nor" does not exist' },
    { name: 'a folder', options: { kubeconfig: '/', environment: {} }, fault: 'kubeconfig "/" cannot be read (EISDIR)' },
    {
      name: 'nothing at all',
      options: { environment: { HOME: '/none' } },
      fault: 'no API server is configured: name a kubeconfig with --kubeconfig',
    },
    {
      name: 'a pod without a token',
      options: { environment: { ...POD, HOME: '/none' }, serviceAccountFolder: '/none' },
      fault: 'this pod has no service account token',
    },
  ])('$name', ({ options, fault }) => {
    expect(() => loadConfig(options)).toThrow(fault);
  });
});
