import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { compareTexts } from '../../src/lib/order.ts';
import { type ExampleObject, examplesOf, readPage } from '../support/doc-pages.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { AdmissionLab } from './support/admission-lab.ts';
import { Cluster, ingressOf, PATIENCE, type Stored } from './support/cluster.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';

/** Every example of the pages, applied as it stands to a real API server that asks the webhooks, with the product at work. */

let it: AdmissionLab;
let cluster: Cluster;

interface Configured extends Stored {
  readonly metadata: Stored['metadata'] & { readonly generation: number };
  readonly status?: Stored['status'] & { readonly observedGeneration?: number };
}

const isConfiguration = ({ apiVersion }: ExampleObject): boolean => apiVersion.startsWith('metallb.io/');
const isService = ({ kind }: ExampleObject): boolean => kind === 'Service';
const textOf = (objects: readonly ExampleObject[]): string => objects.map(({ yaml }) => yaml).join('---\n');

function kubectl(args: readonly string[], objects: readonly ExampleObject[]): Promise<string> {
  return it.lab.control.kubectl([...args, '-f', '-'], { stdin: textOf(objects) });
}

/** Applies objects and waits until the controller has taken them; they last until the end of the scope. */
async function applied(objects: readonly ExampleObject[]): Promise<AsyncDisposable> {
  // What a Service gets is decided when it comes: by then the pools must be known.
  const services = objects.filter(isService);
  const others = objects.filter((object) => !isService(object));
  if (others.length > 0) await kubectl(['apply'], others);
  for (const object of others.filter(isConfiguration)) await accepted(object);
  if (services.length > 0) await kubectl(['apply'], services);
  // Who names another object goes before it. A namespace takes long to go, and is in nobody's way.
  const deletable = [...services, ...others.toReversed()].filter(({ kind }) => kind !== 'Namespace');
  return { [Symbol.asyncDispose]: async () => void (await kubectl(['delete'], deletable)) };
}

async function accepted({ apiVersion, kind, metadata: { name } }: ExampleObject): Promise<void> {
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  const path = `/apis/${apiVersion}/namespaces/metallb-system/${plural}/${name}`;
  const taken = async (): Promise<boolean> => {
    const { metadata, status } = (await it.lab.control.api.get(path)) as unknown as Configured;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && status?.observedGeneration === metadata.generation;
  };
  await eventually(`${kind} ${name} is in use`, taken, PATIENCE);
}

async function service({ namespace = 'default', name }: ExampleObject['metadata']): Promise<Stored> {
  return (await it.lab.control.api.get(`/api/v1/namespaces/${namespace}/services/${name}`)) as unknown as Stored;
}

/** What the page says of a Service comes true. */
async function fulfilled({ metadata, addresses = [], announcedTo }: ExampleObject): Promise<void> {
  const { name, namespace } = metadata;
  const sorted = (list: readonly string[]): string => list.toSorted(compareTexts).join();
  if (addresses.length > 0) {
    const has = async (): Promise<boolean> => sorted(ingressOf(await service(metadata))) === sorted(addresses);
    await eventually(`${namespace}/${name} has ${addresses.join()}`, has, PATIENCE);
  }
  const told = async (): Promise<boolean> => sorted(await announcements(name)) === sorted(announcedTo);
  if (announcedTo.length > 0) await eventually(`${name} is announced to ${announcedTo.join()}`, told, PATIENCE);
}

/** Whom speakers say that they announce a Service to. */
async function announcements(service: string): Promise<readonly string[]> {
  const routes = (await cluster.list('ServiceBGPStatus')).filter(({ status }) => status?.serviceName === service);
  const frames = await cluster.announcements(service);
  return [...routes.flatMap(({ status }) => status?.peers ?? []), ...(frames.length > 0 ? ['the segment'] : [])];
}

/** Of a Service that is to wait, that is known once one that came later was served. */
async function fulfil(objects: readonly ExampleObject[]): Promise<void> {
  const services = objects.filter(isService);
  for (const each of services) await fulfilled(each);
  const waiting = services.filter(({ addresses }) => addresses?.length === 0);
  if (waiting.length === services.length && waiting.length > 0) {
    await using _later = await cluster.createService('later');
    await cluster.addressed('later');
  }
  for (const { metadata } of waiting) {
    expect(ingressOf(await service(metadata))).toEqual([]);
  }
}

const CONFIGURATION = examplesOf(readPage('configuration'));
const [COMMON, ...USAGE] = examplesOf(readPage('usage'));

describeLab('the examples of the documentation', () => {
  beforeAll(async () => {
    it = await AdmissionLab.start();
    await it.lab.installWebhooks();
    await it.startController();
    const [node] = it.lab.nodes;
    if (node === undefined) throw new Error('a lab without a node');
    await (await it.lab.startSpeaker(node)).ready();
    await it.reviewed();
    cluster = new Cluster(it.lab.control.api);
  }, START_MILLISECONDS);
  afterAll(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('configuration', () => {
    test.each(CONFIGURATION)('$heading', async ({ objects }) => {
      await using _applied = await applied(objects);
      await fulfil(objects);
    });
  });

  describe('usage', () => {
    let pools: AsyncDisposable | undefined;
    beforeAll(async () => {
      pools = await applied(COMMON?.objects ?? []);
    });
    afterAll(async () => await pools?.[Symbol.asyncDispose]());

    test.each(USAGE)('$heading', async ({ objects }) => {
      await using _applied = await applied(objects);
      await fulfil(objects);
    });
  });
});
