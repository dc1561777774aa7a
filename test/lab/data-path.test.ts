import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab, POD_PORT } from '../../hack/lab/lab.ts';
import { describeLab } from '../support/lab/lab-suite.ts';

/** The way of a packet from the client to a pod, with an address that nobody announces: the client is told where it is. */

const PATIENCE = { withinMilliseconds: 120_000 };
/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;

const INGRESS = { IPv4: '198.51.100.240', IPv6: '2001:db8:51::c8f0' } as const;

/** A Service of both families that already has its ingress addresses, as a load balancer would have left it. */
function service(name: string, externalTrafficPolicy: 'Cluster' | 'Local'): string {
  const ports = [
    { name: 'http', port: 80, targetPort: POD_PORT, protocol: 'TCP' },
    { name: 'udp', port: 80, targetPort: POD_PORT, protocol: 'UDP' },
  ];
  const spec = { type: 'LoadBalancer', ipFamilyPolicy: 'RequireDualStack', externalTrafficPolicy, selector: { app: 'web' }, ports };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });
}

const ingressStatus = JSON.stringify({ status: { loadBalancer: { ingress: Object.values(INGRESS).map((ip) => ({ ip })) } } });

async function createService(lab: Lab, policy: 'Cluster' | 'Local'): Promise<AsyncDisposable> {
  await lab.control.kubectl(['create', '-f', '-'], { stdin: service('routed', policy) });
  await lab.control.kubectl(['patch', 'service', 'routed', '--subresource=status', '--type=merge', '-p', ingressStatus]);
  return { [Symbol.asyncDispose]: async () => void (await lab.control.kubectl(['delete', 'service', 'routed', '--wait=false'])) };
}

describeLab('the data path', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start();
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose]());

  test('a pod that is not ready gets no traffic, and gets it again when it is', async () => {
    await using _service = await createService(lab, 'Local');
    const pod = lab.podOn('node-1');
    await lab.client.pin(INGRESS.IPv4, lab.node('node-1').host.addresses.mac);
    const answers = (): Promise<boolean> =>
      lab.client.http(INGRESS.IPv4, { withinMilliseconds: 500 }).then(
        () => true,
        () => false,
      );
    for (const ready of [true, false, true]) {
      await lab.setReady(pod, ready);
      const settled = async (): Promise<boolean> => (await answers()) === ready;
      expect(await eventually(`answers: ${ready}`, settled, PATIENCE)).toBe(true);
    }
  });

  describe.each(['IPv4', 'IPv6'] as const)('a request to an ingress address, %s', (family) => {
    const address = INGRESS[family];
    const own = family === 'IPv4' ? 'ipv4' : 'ipv6';

    test.each(['node-1', 'node-2', 'node-3'])('reaches a pod through the kube-proxy of %s', async (name) => {
      await using _service = await createService(lab, 'Cluster');
      const node = lab.node(name);
      await lab.client.pin(address, node.host.addresses.mac);
      const http = await eventually('HTTP through the address', () => lab.client.http(address, { withinMilliseconds: 500 }), PATIENCE);
      expect(http).toMatchObject({ status: 200, text: expect.stringMatching(/^pod=web-[123] node=node-[123] client=/) });
      // An earlier Service of this address may have answered just now.
      const udp = async (): Promise<boolean> => /^pod=web-[123] /.test((await lab.client.udp(address)).text);
      expect(await eventually('UDP through the address', udp, PATIENCE)).toBe(true);
    });

    test('is answered by the pod of that node, which sees the client, where the traffic stays local', async () => {
      await using _service = await createService(lab, 'Local');
      await lab.client.pin(address, lab.node('node-2').host.addresses.mac);
      const client = lab.client.host.addresses[own];
      const text = `pod=${lab.podOn('node-2').name} node=node-2 client=${client}\n`;
      const seen = async (): Promise<boolean> => (await lab.client.http(address, { withinMilliseconds: 500 })).text === text;
      expect(await eventually(`the answer ${text}`, seen, PATIENCE)).toBe(true);
      const same = async (): Promise<boolean> => (await lab.client.udp(address)).text === text;
      expect(await eventually('the same by UDP', same, PATIENCE)).toBe(true);
    });
  });
});
