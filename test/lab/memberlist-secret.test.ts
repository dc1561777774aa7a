import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ApiError } from '../../hack/kubernetes/api-client.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { Lab } from '../../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE, type ProductProcess } from '../../hack/lab/product.ts';
import { Scraper } from '../../hack/lab/scraper.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';

/** The Secret that MetalLB's speakers mount, made by a controller with the rights of the manifests. */

interface Secret {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
  };
  readonly data?: Readonly<Record<string, string>>;
}

const SECRETS = `/api/v1/namespaces/${PRODUCT_NAMESPACE}/secrets`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${PRODUCT_NAMESPACE}/deployments`;
const ROLE = `/apis/rbac.authorization.k8s.io/v1/namespaces/${PRODUCT_NAMESPACE}/roles/controller`;
const ENVIRONMENT = { METALLB_ML_SECRET_NAME: 'memberlist', METALLB_DEPLOYMENT: 'controller' };

let lab: Lab;
let controller: ProductProcess | undefined;
let deployment: { readonly uid: string };

async function stored(): Promise<Secret | undefined> {
  try {
    return (await lab.control.api.get(`${SECRETS}/memberlist`)) as unknown as Secret;
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 404) return undefined;
    throw cause;
  }
}

async function made(): Promise<Secret> {
  return await eventually('the Secret is there', stored, PATIENCE);
}

async function started(): Promise<ProductProcess> {
  controller = await lab.startController({ environment: ENVIRONMENT });
  await controller.ready();
  return controller;
}

/** The Deployment of the manifests, without a pod: the lab runs the process itself. */
async function createDeployment(): Promise<{ readonly uid: string }> {
  const labels = { app: 'metallb', component: 'controller' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'controller', image: 'typemetal' }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'controller' }, spec };
  return (await lab.control.api.post(DEPLOYMENTS, body)).metadata as { readonly uid: string };
}

describeLab('the memberlist Secret', () => {
  beforeAll(async () => {
    lab = await Lab.start({ nodes: 1, podsPerNode: 0 });
    await lab.installProduct();
    deployment = await createDeployment();
  }, START_MILLISECONDS);
  afterAll(() => lab?.[Symbol.asyncDispose](), STOP_MILLISECONDS);
  beforeEach(async () => {
    if ((await stored()) !== undefined) await lab.control.api.delete(`${SECRETS}/memberlist`);
  });
  afterEach(async () => {
    await controller?.program.kill();
    controller = undefined;
  });

  test('is made with a key of 16 octets and the Deployment as its owner, and outlives a restart unchanged', async () => {
    const process = await started();
    const secret = await made();
    expect(secret.metadata.ownerReferences).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: deployment.uid },
    ]);
    expect(Object.keys(secret.data ?? {})).toEqual(['secretkey']);
    const text = Buffer.from(secret.data?.secretkey ?? '', 'base64').toString();
    expect(text).toMatch(/^[A-Za-z0-9+/]{22}$/);
    expect(Buffer.from(text, 'base64')).toHaveLength(16);
    await process.crash();
    await process.ready();
    const looked = async (): Promise<boolean> => (await logOf(process)).filter(({ msg }) => msg.includes('starting version')).length === 2;
    await eventually('the second life has begun', looked, PATIENCE);
    expect((await made()).metadata).toEqual(secret.metadata);
    expect(JSON.stringify(await logOf(process))).not.toContain(text);
  });

  test('one that is there stays as it is', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'memberlist' }, stringData: { other: 'content' } };
    const before = (await lab.control.api.post(SECRETS, secret)) as unknown as Secret;
    await started();
    const scraper = await Scraper.allowed(lab.control);
    const looked = async (): Promise<boolean> =>
      /^metallb_k8s_client_updates_total [1-9]/m.test((await scraper.read(lab.controlHost)).text);
    await eventually('it has had a turn', looked, PATIENCE);
    expect((await made()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('a right that is missing is said with what waits for it, holds up nothing else, and is mended without a restart', async () => {
    const { rules } = (await lab.control.api.get(ROLE)) as unknown as {
      readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
    };
    const without = rules.filter(({ resources, verbs }) => !(resources.includes('secrets') && verbs.includes('create')));
    await lab.control.api.patch(ROLE, { rules: without });
    const process = await started();
    const complaint = async (): Promise<boolean> =>
      (await logOf(process)).some(({ error }) => /Secret "metallb-system\/memberlist", for which .* wait.*forbidden/.test(`${error}`));
    await eventually('the complaint', complaint, PATIENCE);
    await lab.control.api.patch(ROLE, { rules });
    await made();
  });
});
