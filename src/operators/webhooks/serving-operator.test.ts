import { expect, test } from '@jest/globals';
import { certificatesMadeAt, WEBHOOK_SECRET, WEBHOOK_SERVICE, WebhookScene } from '../../../test/support/webhook-scene.ts';
import { ServingCertificate } from '../../admission/serving-certificate.ts';
import { milliseconds } from '../../lib/clock.ts';
import { ServingOperator } from './serving-operator.ts';

test('each replica shows what the Secret holds, and keeps it when that is spoiled', async () => {
  await using scene = await WebhookScene.open();
  const serving = new ServingCertificate();
  const world = { secretName: WEBHOOK_SECRET, namespace: WEBHOOK_SERVICE.namespace, show: serving.set.bind(serving) };
  scene.start((ports) => new ServingOperator(world, ports));
  scene.putSecret();
  await scene.rest(milliseconds(1_000));
  expect(serving.current).toBeUndefined();
  expect(scene.runtime.log.messages('info').filter((line) => line.includes('holds no certificate'))).toHaveLength(1);
  const [first, second] = [await certificatesMadeAt(0), await certificatesMadeAt(0)];
  scene.putSecret(first);
  await scene.happens('the first', () => serving.current?.certificate === first.certificate);
  scene.putSecret(second);
  await scene.happens('the second', () => serving.current?.certificate === second.certificate);
  scene.putSecret({ ...first, certificateKey: second.certificateKey });
  await scene.rest(milliseconds(1_000));
  expect(serving.current?.certificate).toBe(second.certificate);
});
