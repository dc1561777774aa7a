import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ControlPlane } from '../../hack/kubernetes/control-plane.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';

/** The control plane alone, on loopback: needs the servers, but neither root nor namespaces. */

const PATIENCE = { withinMilliseconds: 120_000 };
/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;

describe('a control plane', () => {
  let control: ControlPlane;
  beforeAll(async () => {
    control = await ControlPlane.start({ controllerManager: true });
  }, START_MILLISECONDS);
  afterAll(() => control?.[Symbol.asyncDispose]());

  test('a service account may do what its roles say, and nothing else', async () => {
    await control.kubectl(['create', 'serviceaccount', 'reader']);
    const kubeconfig = await control.serviceAccountKubeconfig('default', 'reader');
    const asReader = (...args: string[]): Promise<string> => control.kubectl([`--kubeconfig=${kubeconfig}`, ...args]);
    expect(await asReader('auth', 'whoami')).toContain('system:serviceaccount:default:reader');
    await expect(asReader('get', 'namespaces')).rejects.toThrow('cannot list resource "namespaces"');
    await control.kubectl(['create', 'clusterrole', 'reader', '--verb=list', '--resource=namespaces']);
    await control.kubectl(['create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--serviceaccount=default:reader']);
    // The server takes notice of a binding a moment after it has stored it.
    const listed = await eventually('the reader may list', () => asReader('get', 'namespaces', '-o', 'name'), PATIENCE);
    expect(listed).toContain('namespace/default\n');
    await expect(asReader('delete', 'namespace', 'default')).rejects.toThrow('cannot delete resource "namespaces"');
  });

  test('an API server that is paused answers nobody, and everybody when it goes on', async () => {
    control.apiServer.pause();
    await expect(control.api.get('/readyz', AbortSignal.timeout(1_000))).rejects.toThrow();
    control.apiServer.resume();
    const ready = async (): Promise<boolean> => (await control.api.get('/readyz')).text === 'ok';
    expect(await eventually('the server is ready again', ready, PATIENCE)).toBe(true);
  });

  test('an API server that was killed comes back with what it held', async () => {
    await control.kubectl(['create', 'configmap', 'kept', '--from-literal=word=yes']);
    await control.apiServer.kill();
    await expect(control.api.get('/readyz')).rejects.toThrow();
    await control.startApiServer();
    expect(await control.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.word}'])).toBe('yes');
  });

  test('a Service has an address of each family, and the controller manager keeps its list of endpoints', async () => {
    await control.kubectl(['create', 'service', 'loadbalancer', 'both', '--tcp=80:80']);
    await control.kubectl(['patch', 'service', 'both', '-p', '{"spec":{"ipFamilyPolicy":"RequireDualStack"}}']);
    const addresses = await control.kubectl(['get', 'service', 'both', '-o', 'jsonpath={.spec.clusterIPs[*]}']);
    expect(addresses).toMatch(/^10\.96\.\d+\.\d+ 2001:db8:96::[0-9a-f]+$/);
    const slices = ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=both', '-o', 'name'];
    const count = async (): Promise<boolean> => (await control.kubectl(slices)).trim().split('\n').length === 2;
    expect(await eventually('one slice for each family', count, PATIENCE)).toBe(true);
  });

  test('a namespace that is deleted goes, with what is in it', async () => {
    await control.kubectl(['create', 'namespace', 'short']);
    await control.kubectl(['create', 'configmap', 'inside', '-n', 'short']);
    await control.kubectl(['delete', 'namespace', 'short', '--timeout=120s']);
    await expect(control.kubectl(['get', 'configmap', 'inside', '-n', 'short'])).rejects.toThrow('not found');
  });

  test('a server that cannot start is an error with the end of its log', async () => {
    const starting = ControlPlane.start({ servers: control.servers, apiServerFlags: ['--no-such-flag'] });
    await expect(starting).rejects.toThrow(/kube-apiserver ended while starting; .*\n(.*\n)*.*unknown flag: --no-such-flag/);
  });

  test('a control plane that is disposed of leaves nothing', async () => {
    const second = await ControlPlane.start({ servers: control.servers });
    const folder = dirname(second.adminKubeconfig);
    expect(existsSync(folder)).toBe(true);
    await second[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
    expect([second.apiServer.alive, second.etcd.alive]).toEqual([false, false]);
  });
});
