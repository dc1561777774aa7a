import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { AdmissionLab } from './support/admission-lab.ts';
import { PATIENCE } from './support/cluster.ts';
import { logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** Our ValidatingWebhookConfiguration beside what GitOps tools do to it: no drift for them, no field lost for us. */

const FOLDER = join(import.meta.dirname, '../../config/webhook');
const NAME = 'metallb-webhook-configuration';
const KIND = 'validatingwebhookconfiguration';

interface Webhook {
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly clientConfig: { readonly caBundle?: string };
}

interface Configuration {
  readonly metadata: { readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: object }[] };
  readonly webhooks: readonly Webhook[];
}

let it: AdmissionLab;
let controller: ProductProcess;
let manifest: Configuration;

const stored = (): Promise<Configuration> => it.get<Configuration>(KIND, NAME, '--show-managed-fields');

async function authority(): Promise<string> {
  const { data } = await it.get<{ data: Readonly<Record<string, string>> }>('secret', '-n', 'metallb-system', 'metallb-webhook-cert');
  return data['ca.crt'] ?? '';
}

async function injected(): Promise<void> {
  const all = async (): Promise<boolean> => {
    const [bundle, { webhooks }] = [await authority(), await stored()];
    return webhooks.every(({ clientConfig }) => clientConfig.caBundle === bundle);
  };
  await eventually('each webhook has the authority', all, PATIENCE);
}

/** With another time-out in each webhook: what somebody changes in his repository. */
const changed = (timeoutSeconds: number): Configuration => ({
  ...manifest,
  webhooks: manifest.webhooks.map((webhook) => ({ ...webhook, timeoutSeconds })),
});

/** Fifteen seconds of pauses, and ten runs of kubectl at the least. */
const FIGHT = { withinMilliseconds: 180_000 };

describeLab('the configuration of the webhooks', () => {
  beforeAll(async () => {
    manifest = parse(await readFile(join(FOLDER, 'validating-webhook-configuration.yaml'), 'utf8'));
    it = await AdmissionLab.start();
    await it.lab.installWebhooks();
    controller = await it.startController();
  }, START_MILLISECONDS);
  afterAll(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);
  beforeEach(async () => {
    await it.kubectl(['delete', '--ignore-not-found', KIND, NAME]);
    // A new object, and a new term: the pauses of a fight begin anew.
    await controller.crash();
    await controller.ready();
  });

  test.each<{ how: readonly string[] }>([{ how: [] }, { how: ['--server-side', '--field-manager=flux'] }])(
    'kubectl apply $how: no drift, no conflict, and what changes in the manifest comes through',
    async ({ how }) => {
      await it.apply(manifest, ...how);
      await injected();
      expect(await it.kubectl(['diff', ...how, '-f', '-'], manifest)).toBe('');
      await it.apply(changed(7), ...how);
      const { webhooks } = await stored();
      expect(webhooks.map(({ timeoutSeconds }) => timeoutSeconds)).toEqual(Array(6).fill(7));
      expect(webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined)).toBe(true);
    },
  );

  test('we own the bundle of each webhook, and nothing else', async () => {
    await it.kubectl(['apply', '--server-side', '-f', '-'], manifest);
    await injected();
    const { metadata } = await stored();
    const ours = metadata.managedFields.filter(({ manager }) => manager === 'typemetal').map(({ fieldsV1 }) => fieldsV1);
    const owned = manifest.webhooks.map(({ name }) => [`k:{"name":"${name}"}`, { 'f:clientConfig': { 'f:caBundle': {} } }]);
    expect(ours).toEqual([{ 'f:webhooks': Object.fromEntries(owned) }]);
  });

  describe('who changes it', changes);
});

function changes(): void {
  test('whoever replaces the object gets the bundle back', async () => {
    await it.kubectl(['create', '-f', '-'], manifest);
    await injected();
    await it.kubectl(['replace', '-f', '-'], changed(6));
    await injected();
    expect((await stored()).webhooks[0]?.timeoutSeconds).toBe(6);
  });

  test('a fight is bounded and said', async () => {
    const began = performance.now();
    await it.kubectl(['create', '-f', '-'], manifest);
    let writes = 0;
    const undone = async (): Promise<boolean> => {
      if ((await stored()).webhooks[0]?.clientConfig.caBundle !== undefined) {
        writes += 1;
        await it.kubectl(['replace', '-f', '-'], manifest);
      }
      return writes === 5;
    };
    await eventually('a fight of five rounds', undone, FIGHT);
    // At once, then after 1, 2, 4 and 8 seconds.
    expect(performance.now() - began).toBeGreaterThan(15_000);
    await settles('it is said', async () => {
      const said = (await logOf(controller)).filter(({ level, msg }) => level === 'warn' && msg.includes('again and again'));
      expect(said.at(-1)?.msg).toContain('(its field managers: kubectl-create)');
    });
  });

  test('a webhook that is removed from a manifest is gone, also where the server applies it', async () => {
    const flux = ['apply', '--server-side', '--field-manager=flux', '-f', '-'];
    await it.kubectl(flux, manifest);
    await injected();
    await it.kubectl(flux, { ...manifest, webhooks: manifest.webhooks.slice(1) });
    expect((await stored()).webhooks.map(({ name }) => name)).toEqual(manifest.webhooks.slice(1).map(({ name }) => name));
  });
}
