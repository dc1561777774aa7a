import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab } from '../../hack/lab/lab.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { logOf } from './support/product-lab.ts';

/** How the lab runs the product: with the rights of its pods and no more. What the product does has tests of its own. */

/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;

/** The bit of CAP_NET_RAW in the masks of the kernel (capabilities(7)). */
const NET_RAW = 1n << 13n;

/** Reading files of other users, which root keeps only where the checkout lies in another user's home. */
const DAC_READ_SEARCH = 1n << 2n;

interface Role {
  readonly rules: readonly { readonly resources: readonly string[] }[];
}

async function capabilitiesOf(lab: Lab, product: ProductProcess): Promise<bigint[]> {
  const text = await lab.controlHost.run(['cat', `/proc/${product.program.pid}/status`]);
  const masks = [...text.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb):\s+([0-9a-f]+)$/gm)].map((match) => BigInt(`0x${match[1]}`));
  return masks.map((mask) => mask & ~DAC_READ_SEARCH);
}

async function rightsAreNamed(lab: Lab): Promise<void> {
  const role = 'metallb-system:speaker';
  const { rules, ...rest } = JSON.parse(await lab.control.kubectl(['get', 'clusterrole', role, '-o', 'json'])) as Role;
  const without = { ...rest, rules: rules.filter(({ resources }) => !resources.includes('endpointslices')) };
  expect(without.rules.length).toBe(rules.length - 1);
  await lab.control.kubectl(['replace', '-f', '-'], { stdin: JSON.stringify(without) });
  const speaker = await lab.startSpeaker(lab.node('node-1'), { name: 'poor' });
  const said = async (): Promise<readonly string[]> =>
    (await logOf(speaker)).map(({ msg }) => msg).filter((msg) => msg.startsWith('permissions are missing'));
  await eventually('it says what it lacks', async () => (await said()).length > 0, PATIENCE);
  expect(await said()).toEqual([
    'permissions are missing: list, watch endpointslices.discovery.k8s.io in all namespaces; ' +
      'apply config/rbac, or correct the rights of this service account',
  ]);
  await lab.control.kubectl(['apply', '-k', join(import.meta.dirname, '../../config/rbac'), '--server-side', '--force-conflicts']);
  await speaker.ready();
  await speaker.program.stop();
}

describeLab('the product in the lab', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start({ nodes: 1 });
    await lab.installProduct();
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose]());

  test('a controller becomes ready without any capability, and again after a crash', async () => {
    const controller = await lab.startController();
    await controller.ready();
    expect(await capabilitiesOf(lab, controller)).toEqual([0n, 0n, 0n, 0n]);
    const told = async (): Promise<boolean> => (await logOf(controller)).some(({ msg }) => /^the API server is v1\.\d+\.\d+$/.test(msg));
    await eventually('it says which server there is', told, PATIENCE);
    const first = controller.program.pid;
    await controller.crash();
    await controller.ready();
    expect(controller.program.pid).not.toBe(first);
    await controller.program.stop();
    expect(await controller.program.exited).toBe(0);
  });

  test('a speaker becomes ready with CAP_NET_RAW alone, and stops when it is asked to', async () => {
    const speaker = await lab.startSpeaker(lab.node('node-1'));
    await speaker.ready();
    expect(await capabilitiesOf(lab, speaker)).toEqual([NET_RAW, NET_RAW, NET_RAW, 0n]);
    await speaker.program.stop();
    expect(await speaker.program.exited).toBe(0);
  });

  test('two controllers run beside each other when each has ports of its own', async () => {
    const second = { name: 'controller-2', healthPort: 17473, flags: ['--port=0'] };
    const controllers = [await lab.startController(), await lab.startController(second)];
    await Promise.all(controllers.map((controller) => controller.ready()));
    await Promise.all(controllers.map((controller) => controller.program.kill()));
  });

  test('a process that cannot start is an error with what it said', async () => {
    const controller = await lab.startController({ name: 'wrong', flags: ['--no-such-flag'] });
    await expect(controller.ready()).rejects.toThrow(/^wrong ended while starting; the end of wrong\.log:\n.*no-such-flag/);
  });

  test('a process whose rights are incomplete says which in one line, and goes on when they are given', () => rightsAreNamed(lab));

  test('every part of it is refused what config/rbac does not name', async () => {
    for (const name of ['controller', 'speaker']) {
      const kubeconfig = await lab.control.serviceAccountKubeconfig('metallb-system', name);
      const asked = lab.control.kubectl([`--kubeconfig=${kubeconfig}`, 'delete', 'node', 'node-1']);
      await expect(asked).rejects.toThrow(`User "system:serviceaccount:metallb-system:${name}" cannot delete resource "nodes"`);
    }
  });
});
