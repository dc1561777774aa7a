import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { certificatesMadeAt, WEBHOOK_SECRET, WEBHOOK_SERVICE, WebhookScene } from '../../../test/support/webhook-scene.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { milliseconds } from '../../lib/clock.ts';
import { listOf, objectOf, textOf } from '../../lib/json.ts';
import { InjectionOperator } from './injection-operator.ts';

const CONFIGURATIONS: Resource = { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingwebhookconfigurations' };
const DEFINITIONS: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };

let scene: WebhookScene;

beforeEach(async () => {
  scene = await WebhookScene.open();
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

const CONFIGURATION = 'metallb-webhook-configuration';

function startInjection(configuration: string = CONFIGURATION): void {
  scene.start((ports) => new InjectionOperator({ secretName: WEBHOOK_SECRET, service: WEBHOOK_SERVICE, configuration }, ports));
}

const webhook = (name: string) => ({ name, clientConfig: { service: { ...WEBHOOK_SERVICE, path: '/x' } }, failurePolicy: 'Ignore' });

function putConfiguration(name: string = CONFIGURATION): void {
  const metadata = { name };
  scene.put(CONFIGURATIONS, { metadata, webhooks: [webhook('a'), webhook('b')] });
}

function bundles(name: string = CONFIGURATION): (string | undefined)[] {
  const configuration = scene.runtime.server.list(CONFIGURATIONS).find(({ metadata }) => metadata.name === name);
  return listOf(configuration?.webhooks).map((each) => textOf(objectOf(objectOf(each).clientConfig).caBundle));
}

function strategy(): unknown {
  return objectOf(objectOf(scene.runtime.server.list(DEFINITIONS)[0]?.spec).conversion).strategy;
}

function putDefinition(service: object): void {
  const conversion = { strategy: 'Webhook', webhook: { clientConfig: { service, caBundle: 'b2xk' } } };
  scene.put(DEFINITIONS, { metadata: { name: 'bgppeers.metallb.io' }, spec: { conversion } });
}

test('whom to trust, in each webhook, and nothing else', async () => {
  putConfiguration();
  startInjection();
  await scene.rest(milliseconds(1_000));
  expect(bundles()).toEqual([undefined, undefined]);
  const pems = await certificatesMadeAt(0);
  scene.putSecret(pems);
  await scene.happens('the bundle', () => bundles()[0] !== undefined);
  expect(bundles()).toEqual([btoa(pems.authority), btoa(pems.authority)]);
  expect(scene.runtime.server.list(CONFIGURATIONS)[0]?.webhooks).toMatchObject([webhook('a'), webhook('b')]);
  await scene.rest();
  expect(scene.writes).toBe(1);
});

test('in the configuration of this installation, and in that of no other', async () => {
  putConfiguration();
  putConfiguration('second');
  const pems = await certificatesMadeAt(0);
  scene.putSecret(pems);
  startInjection('second');
  await scene.happens('the bundle', () => bundles('second')[0] !== undefined);
  expect(bundles('second')).toEqual([btoa(pems.authority), btoa(pems.authority)]);
  await scene.rest();
  expect(bundles()).toEqual([undefined, undefined]);
  expect(scene.writes).toBe(1);
});

test('again when it is reset, but never without end', async () => {
  scene.putSecret(await certificatesMadeAt(0));
  putConfiguration();
  startInjection();
  await scene.happens('the bundle', () => bundles()[0] !== undefined);
  let resets = 0;
  const until = scene.runtime.clock.now() + milliseconds(600_000);
  await scene.happens(
    'ten minutes of a fight',
    () => {
      if (bundles()[0] !== undefined) {
        putConfiguration();
        resets += 1;
      }
      return scene.runtime.clock.now() >= until;
    },
    milliseconds(500),
  );
  // 1 + 2 + 4 + … seconds: ten writes in ten minutes.
  expect(resets).toBeGreaterThan(7);
  expect(resets).toBeLessThan(12);
  expect(scene.runtime.log.messages('warn').filter((line) => line.includes('again and again'))).toHaveLength(1);
  await scene.happens('peace', () => bundles()[0] !== undefined, milliseconds(10_000));
});

test('that nothing is converted any more, over what MetalLB left', async () => {
  putDefinition({ ...WEBHOOK_SERVICE, path: '/convert' });
  startInjection();
  await scene.happens('no conversion', () => strategy() === 'None');
  expect(scene.runtime.server.list(DEFINITIONS)[0]?.spec).toEqual({ conversion: { strategy: 'None' } });
  putDefinition({ ...WEBHOOK_SERVICE, path: '/convert' });
  await scene.happens('no conversion, again', () => strategy() === 'None');
});

test('a conversion that is not ours is left alone, and said once', async () => {
  putDefinition({ namespace: 'other', name: 'webhook' });
  startInjection();
  await scene.rest(milliseconds(2_000));
  putDefinition({ namespace: 'other', name: 'webhook-2' });
  await scene.rest(milliseconds(2_000));
  expect(strategy()).toBe('Webhook');
  expect(scene.runtime.log.messages('warn').filter((line) => line.includes('not ours'))).toHaveLength(1);
  expect(scene.writes).toBe(0);
});
