import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab, POD_PORT } from '../../hack/lab/lab.ts';
import { describeLab } from '../support/lab/lab-suite.ts';

/** The harness itself: what every other test of this folder builds on. */

const PATIENCE = { withinMilliseconds: 120_000 };
/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;

describeLab('a lab of three nodes', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start({ report: (line) => void process.stderr.write(`${line}\n`) });
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose]());

  test('every node reaches every node, and the pods there, in both families', async () => {
    for (const from of lab.nodes) {
      for (const to of lab.nodes) {
        const pod = lab.podOn(to.name);
        for (const host of [pod.ipv4, `[${pod.ipv6}]`]) {
          const url = `http://${host}:${POD_PORT}/`;
          const answer = await from.host.agent.ask({ kind: 'http', url, withinMilliseconds: 20_000 });
          expect(answer).toMatchObject({ status: 200, text: expect.stringContaining(`pod=${pod.name} node=${to.name} `) });
        }
      }
    }
  });

  test('nobody answers for an address that no host has', async () => {
    expect(await lab.client.resolve('198.51.100.99')).toBeUndefined();
    expect((await lab.client.neighbour('198.51.100.99'))?.mac).toBeUndefined();
  });

  test('a host whose cable is pulled is silent until it is plugged in again', async () => {
    const { host } = lab.node('node-3');
    for (const address of [host.addresses.ipv4, host.addresses.ipv6]) expect(await lab.client.resolve(address)).toBe(host.addresses.mac);
    await lab.network.unplug(host);
    expect(await lab.client.resolve(host.addresses.ipv4)).toBeUndefined();
    await lab.network.plug(host);
    const back = async (): Promise<boolean> => (await lab.client.resolve(host.addresses.ipv4)) === host.addresses.mac;
    expect(await eventually('node-3 answers again', back, PATIENCE)).toBe(true);
  });

  test('a pod that is added serves, and one that is removed is gone from the API', async () => {
    const pod = await lab.addPod(lab.node('node-1'), { name: 'more' });
    expect(await lab.control.kubectl(['get', 'pod', 'more', '-o', 'jsonpath={.status.podIPs[*].ip}'])).toBe(`${pod.ipv4} ${pod.ipv6}`);
    await lab.client.host.ip(`route add ${pod.ipv4}/32 via ${lab.node('node-1').host.addresses.ipv4}`);
    expect((await lab.client.http(pod.ipv4, { port: POD_PORT })).text).toBe('pod=more node=node-1 client=198.51.100.100\n');
    await lab.removePod(pod);
    await expect(lab.control.kubectl(['get', 'pod', 'more'])).rejects.toThrow('not found');
    await expect(lab.client.http(pod.ipv4, { port: POD_PORT })).rejects.toThrow();
  });

  test('a second lab has the same addresses, and neither notices the other', async () => {
    const second = await Lab.start({ nodes: 1 });
    const folder = second.folder;
    try {
      expect(second.node('node-1').host.addresses).toEqual(lab.node('node-1').host.addresses);
      await expect(second.client.resolve('198.51.100.12')).resolves.toBeUndefined();
      await expect(lab.client.resolve('198.51.100.12')).resolves.toBe(lab.node('node-2').host.addresses.mac);
      expect(await second.control.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-1\n');
    } finally {
      await second[Symbol.asyncDispose]();
    }
    expect(existsSync(folder)).toBe(false);
    expect(await lab.control.api.get('/readyz')).toEqual({ text: 'ok' });
    expect(await lab.client.resolve('198.51.100.12')).toBe(lab.node('node-2').host.addresses.mac);
  });
});
