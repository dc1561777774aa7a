import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { AdmissionLab, manifest } from './support/admission-lab.ts';
import { PATIENCE } from './support/cluster.ts';
import { logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/**
 * The swap of the definition of BGPPeer: MetalLB's has a conversion webhook whose caBundle somebody else wrote, ours has
 * none. Played in the three ways in which people apply definitions.
 */

const NAME = 'bgppeers.metallb.io';
/** What the server says when the webhook's fields have another owner. */
const REFUSAL = 'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook';

interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly conversion: object };
}

/** Of ours everything but the conversion, which is MetalLB's. */
const withWebhook = (ours: Definition): Definition => {
  const service = { name: 'metallb-webhook-service', namespace: 'metallb-system', path: '/convert' };
  const webhook = { clientConfig: { service }, conversionReviewVersions: ['v1beta1', 'v1beta2'] };
  return { ...ours, spec: { ...ours.spec, conversion: { strategy: 'Webhook', webhook } } };
};

let it: AdmissionLab;
let ours: Definition;

const conversion = async (): Promise<object> => (await it.get<Definition>('crd', NAME)).spec.conversion;

/** MetalLB's definition in some way, and then the caBundle as its certificate controller writes it. */
async function install(...how: readonly string[]): Promise<void> {
  await it.kubectl([...how, '-f', '-'], withWebhook(ours));
  await it.kubectl(['wait', '--for=condition=Established', '--timeout=120s', 'crd', NAME]);
  await inject();
}

/** A bundle must be a certificate; the server's own is one. */
async function inject(): Promise<void> {
  const { clusters } = parse(await it.kubectl(['config', 'view', '--raw'])) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[];
  };
  const value = clusters[0]?.cluster['certificate-authority-data'];
  const patch = [{ op: 'add', path: '/spec/conversion/webhook/clientConfig/caBundle', value }];
  await it.kubectl(['patch', 'crd', NAME, '--type=json', '--field-manager=MetalLB', `--patch=${JSON.stringify(patch)}`]);
}

describeLab('the definition of BGPPeer over MetalLB’s', () => {
  beforeAll(async () => {
    ours = parse(await readFile(join(import.meta.dirname, '../../config/crd/bgppeers.yaml'), 'utf8'));
  });
  // A cluster for each: the server may need minutes to delete a definition that has just been changed, since it tries again ever more rarely while the storage
  // of the kind begins anew. One that nobody has changed goes at once.
  beforeEach(async () => {
    it = await AdmissionLab.start();
    await it.kubectl(['delete', 'crd', NAME]);
  }, START_MILLISECONDS);
  afterEach(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  test('kubectl apply replaces the conversion', async () => {
    await install('apply');
    await it.apply(ours);
    expect(await conversion()).toEqual({ strategy: 'None' });
  });

  test('the patch of helm does: what was in the old manifest and is not in the new one, set to null', async () => {
    await install('create');
    const patch = { spec: { conversion: { strategy: 'None', webhook: null } } };
    await it.kubectl(['patch', 'crd', NAME, '--type=merge', '--field-manager=helm', `--patch=${JSON.stringify(patch)}`]);
    expect(await conversion()).toEqual({ strategy: 'None' });
  });

  test('server-side apply is refused, and passes once a controller runs', async () => {
    await install('apply', '--server-side', '--field-manager=flux');
    const flux = ['--server-side', '--field-manager=flux'];
    expect(await it.refusal(ours, ...flux)).toContain(REFUSAL);
    expect(await it.refusal(ours, ...flux, '--force-conflicts')).toContain(REFUSAL);
    const controller = await it.startController();
    await eventually('the conversion is taken out', async () => !('webhook' in (await conversion())), PATIENCE);
    await it.apply(ours, ...flux);
    expect(await conversion()).toEqual({ strategy: 'None' });
    expect(await it.kubectl(['diff', ...flux, '-f', '-'], ours)).toBe('');
    await it.apply(withWebhook(ours), ...flux, '--force-conflicts');
    await eventually('it is taken out again', async () => !('webhook' in (await conversion())), PATIENCE);
    const sentence = `the definition ${NAME} had a conversion webhook and needs none: it was taken out`;
    await settles('it is said twice', async () => {
      const said = (await logOf(controller)).filter(({ event }) => event === 'conversionEnded');
      expect(said.map(({ msg }) => msg)).toEqual([sentence, sentence]);
    });
  });

  test('server-side apply passes behind the one command of the guide, too', async () => {
    await install('apply', '--server-side', '--field-manager=flux');
    const guide = await readFile(join(import.meta.dirname, '../../docs/admission.md'), 'utf8');
    expect(guide).toContain(REFUSAL);
    const patch = /kubectl patch crd bgppeers\.metallb\.io --type=json --patch='(.*)'/.exec(guide)?.[1] ?? '';
    await it.kubectl(['patch', 'crd', NAME, '--type=json', `--patch=${patch}`]);
    await it.apply(ours, '--server-side', '--field-manager=flux');
    expect(await conversion()).toEqual({ strategy: 'None' });
  });

  test('peers that MetalLB stored are there behind it, in both versions', async () => {
    await install('apply');
    // The server serves a kind a moment after its definition is established.
    const router = manifest('BGPPeer', 'router', { myASN: 64512, peerASN: 64513, peerAddress: '198.51.100.1', vrf: 'red' });
    await settles('the peer is stored', () => it.apply(router));
    const old = ['bgppeers.v1beta1.metallb.io', '-n', 'metallb-system'];
    await settles('the old version cannot be read', () => expect(it.kubectl(['get', ...old])).rejects.toThrow('conversion webhook'));
    await it.startController();
    await eventually('the old version can be read', async () => (await it.kubectl(['get', ...old])).includes('router'), PATIENCE);
  });
});
