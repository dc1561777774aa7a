import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  certificatesMadeAt,
  MAKER,
  WEBHOOK_NAMES,
  WEBHOOK_SECRET,
  WEBHOOK_SERVICE,
  WebhookScene,
} from '../../../test/support/webhook-scene.ts';
import { inspectCertificates } from '../../admission/certificate-maker.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { type Micros, milliseconds } from '../../lib/clock.ts';
import { CertificateOperator } from './certificate-operator.ts';
import { SECRETS as SECRETS_ANYWHERE } from './certificate-secret.ts';

const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespace: WEBHOOK_SERVICE.namespace };
const SECRETS: Resource = { ...SECRETS_ANYWHERE, namespace: WEBHOOK_SERVICE.namespace };
const HALF_DAY: Micros = milliseconds(43_200_000);

let scene: WebhookScene;

beforeEach(async () => {
  scene = await WebhookScene.open();
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

function startCertificates(deployment: string = ''): void {
  scene.start(
    (ports) => new CertificateOperator({ secretName: WEBHOOK_SECRET, service: WEBHOOK_SERVICE, maker: MAKER, deployment }, ports),
  );
}

test('a Secret is made when it is missing', async () => {
  startCertificates();
  await scene.happens('the Secret', () => scene.secret !== undefined);
  const now = scene.runtime.clock.wallMilliseconds();
  const { authority, certificate } = inspectCertificates(scene.secret ?? (await certificatesMadeAt(0)));
  expect(certificate).toMatchObject({ dnsNames: WEBHOOK_NAMES, issuedByAuthority: true });
  expect(((certificate?.expires ?? 0) - now) / 86_400_000).toBeCloseTo(365, 1);
  expect(((authority?.expires ?? 0) - now) / 86_400_000).toBeCloseTo(3_650, 1);
  await scene.rest();
  expect(scene.writes).toBe(1);
});

test('a Secret is made when it is empty, as MetalLB ships it', async () => {
  scene.putSecret();
  startCertificates();
  await scene.happens('certificates', () => scene.secret?.certificate !== '');
  expect(inspectCertificates(scene.secret ?? (await certificatesMadeAt(0))).certificate?.issuedByAuthority).toBe(true);
});

test('a Secret is kept as it is when it is good', async () => {
  const pems = await certificatesMadeAt(scene.runtime.clock.wallMilliseconds());
  scene.putSecret(pems);
  startCertificates();
  await scene.rest();
  expect(scene.secret).toMatchObject(pems);
  expect(scene.writes).toBe(0);
});

test('a Secret that goes behind the Deployment is made anew for the collector: it belongs to the Deployment that is gone', async () => {
  const { namespace } = WEBHOOK_SERVICE;
  scene.put(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'controller', namespace } });
  const { server } = scene.runtime;
  const uid = server.list(DEPLOYMENTS)[0]?.metadata.uid;
  scene.putSecret(await certificatesMadeAt(scene.runtime.clock.wallMilliseconds()));
  startCertificates('controller');
  await scene.rest();
  server.remove(DEPLOYMENTS, `${namespace}/controller`);
  server.remove(SECRETS, `${namespace}/${WEBHOOK_SECRET}`);
  await scene.happens('the Secret', () => scene.secret !== undefined);
  expect(server.list(SECRETS)[0]?.metadata).toMatchObject({ ownerReferences: [{ kind: 'Deployment', name: 'controller', uid }] });
});

test('a Secret is kept with another certificate of the same authority 90 days before the end, by the clock alone', async () => {
  const pems = await certificatesMadeAt(scene.runtime.clock.wallMilliseconds() - 274.7 * 86_400_000);
  scene.putSecret(pems);
  startCertificates();
  await scene.rest();
  expect(scene.secret).toMatchObject(pems);
  scene.runtime.clock.advance(HALF_DAY);
  await scene.happens('another certificate', () => scene.secret?.certificate !== pems.certificate);
  expect(scene.secret).toMatchObject({ authority: pems.authority, authorityKey: pems.authorityKey });
  expect(inspectCertificates(scene.secret ?? pems).certificate?.issuedByAuthority).toBe(true);
});

test('a Secret is kept with another authority before the old one ends, and the old one is trusted as long as it lasts', async () => {
  const pems = await certificatesMadeAt(scene.runtime.clock.wallMilliseconds() - 3_600 * 86_400_000);
  scene.putSecret(pems);
  startCertificates();
  await scene.happens('another authority', () => scene.secret?.authority !== pems.authority);
  expect(scene.secret?.authority.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(scene.secret?.authority.trimEnd().endsWith(pems.authority.trimEnd())).toBe(true);
  expect(inspectCertificates(scene.secret ?? pems)).toMatchObject({ certificate: { issuedByAuthority: true } });
});

test('a Secret is mended when somebody spoils it', async () => {
  const pems = await certificatesMadeAt(scene.runtime.clock.wallMilliseconds());
  scene.putSecret(pems);
  startCertificates();
  await scene.rest(milliseconds(1_000));
  scene.putSecret({ ...pems, certificateKey: 'rubbish' });
  await scene.happens('a good key', () => inspectCertificates(scene.secret ?? pems).certificate !== undefined);
  expect(scene.secret).toMatchObject({ authority: pems.authority });
});

test('two who keep a Secret make one certificate', async () => {
  startCertificates();
  startCertificates();
  await scene.happens('the Secret', () => scene.secret !== undefined);
  const first = scene.secret;
  await scene.rest();
  expect(scene.secret).toEqual(first);
});

test('no key is in the log', async () => {
  startCertificates();
  await scene.happens('the Secret', () => scene.secret !== undefined);
  scene.putSecret({ ...(await certificatesMadeAt(0)), certificate: 'rubbish' });
  await scene.rest(milliseconds(5_000));
  expect(JSON.stringify(scene.runtime.log.lines)).not.toMatch(/PRIVATE KEY|BEGIN|rubbish/);
  expect(scene.runtime.log.messages('info')).toContain(
    'the webhooks have a new authority: there is no authority yet, or its key does not fit',
  );
});
