import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { inspectCertificates, newAuthority, newCertificate } from '../../src/admission/certificate-maker.ts';
import type { KeyPair } from '../../src/admission/serving-certificate.ts';
import { type CertificateSecret, certificateData, certificateSecret } from '../../src/operators/webhooks/certificate-secret.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { METALLB_CERTIFICATES } from '../support/metallb-certificates.ts';
import { AdmissionLab, NAMESPACE, poolOf } from './support/admission-lab.ts';
import { PATIENCE } from './support/cluster.ts';
import { type LogLine, logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** Who is trusted, and for how long: two replicas behind one Service, and an API server that really checks. */

const SECRET = ['secret', '-n', NAMESPACE, 'metallb-webhook-cert'];
const CONFIGURATION = ['validatingwebhookconfiguration', 'metallb-webhook-configuration'];
const DAY = 86_400_000;

type Pems = Parameters<typeof certificateData>[0];

let it: AdmissionLab;
let replicas: readonly ProductProcess[];

const stored = async (): Promise<CertificateSecret> => certificateSecret(await it.get(...SECRET));
const authorityOf = ({ authority, authorityKey }: Pems): KeyPair => ({ certificate: authority, privateKey: authorityKey });

async function linesOf(replica: ProductProcess, event: string): Promise<readonly LogLine[]> {
  return (await logOf(replica)).filter((line) => line.event === event);
}

/** Each replica has loaded another certificate since. */
async function loaded(since: readonly number[]): Promise<void> {
  const all = async (): Promise<boolean> => (await loads()).every((count, index) => count > (since[index] ?? 0));
  await eventually('each replica shows another certificate', all, PATIENCE);
}

async function loads(): Promise<readonly number[]> {
  return await Promise.all(replicas.map(async (replica) => (await linesOf(replica, 'certificateLoaded')).length));
}

async function patchSecret(pems: Partial<Pems>): Promise<void> {
  const data = certificateData({ ...(await stored()), ...pems });
  await it.kubectl(['patch', ...SECRET, '--type=merge', `--patch=${JSON.stringify({ data })}`]);
}

/** Whom the API server trusts is the authority of the Secret. */
async function trusted(): Promise<void> {
  const all = async (): Promise<boolean> => {
    const [{ bundle }, { webhooks }] = [
      await stored(),
      await it.get<{ webhooks: { clientConfig: { caBundle?: string } }[] }>(...CONFIGURATION),
    ];
    return webhooks.every(({ clientConfig }) => clientConfig.caBundle === bundle);
  };
  await eventually('the authority is trusted', all, PATIENCE);
  await it.reviewed();
}

/** Changes that are tried one after the other until disposed of: how many were answered, and what was said of the others. */
class Stream implements AsyncDisposable {
  answered = 0;
  readonly faults: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(parallel: number) {
    this.#running = Promise.all(Array.from({ length: parallel }, (_, index) => this.#run(index)));
  }

  async #run(index: number): Promise<void> {
    const { api } = it.lab.control;
    const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools?dryRun=All`;
    while (!this.#stop.signal.aborted) {
      await api.post(path, { ...poolOf(`tried-${index}`, `198.18.${index}.0/24`) }).then(
        () => {
          this.answered += 1;
        },
        (fault: Error) => this.faults.push(fault.message),
      );
      await sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

function renewals(): void {
  test('the Secret is made, and each replica shows its certificate', async () => {
    const { authority, certificate } = inspectCertificates(await stored());
    expect(certificate).toMatchObject({ issuedByAuthority: true });
    expect(((certificate?.expires ?? 0) - Date.now()) / DAY).toBeCloseTo(365, 0);
    expect(((authority?.expires ?? 0) - Date.now()) / DAY).toBeCloseTo(3_650, 0);
    await loaded([0, 0]);
  });

  test('a certificate that is renewed while changes come refuses none of them', async () => {
    const before = await stored();
    const since = await loads();
    const short = await newCertificate(authorityOf(before), ['metallb-webhook-service.metallb-system.svc'], Date.now() - 300 * DAY);
    const stream = new Stream(4);
    await patchSecret({ certificate: short.certificate, certificateKey: short.privateKey });
    const renewed = async (): Promise<boolean> => ![short.certificate, before.certificate].includes((await stored()).certificate);
    await eventually('a renewal', renewed, PATIENCE);
    await loaded(since);
    const soFar = stream.answered;
    await eventually('changes behind the renewal', async () => stream.answered > soFar + 50, PATIENCE);
    await stream[Symbol.asyncDispose]();
    expect(stream.faults).toEqual([]);
    expect((await stored()).authority).toBe(before.authority);
    expect(await it.isReviewed()).toBe(true);
    await settles('it is said', async () => {
      const said = (await Promise.all(replicas.map((each) => linesOf(each, 'certificateRenewed')))).flat().map(({ msg }) => msg);
      expect(said).toContain('the webhooks have a new certificate: the certificate expires within 65 days');
    });
  });

  test('an empty Secret, as MetalLB ships it, is filled, and the new authority is trusted', async () => {
    const { authority } = await stored();
    await it.kubectl(['replace', '-f', '-'], { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET[3], namespace: NAMESPACE } });
    await eventually('another authority', async () => !['', authority].includes((await stored()).authority), PATIENCE);
    await trusted();
  });

  test('what MetalLB has made is taken over as it is', async () => {
    const since = await loads();
    await patchSecret(METALLB_CERTIFICATES);
    await loaded(since);
    await trusted();
    expect(await stored()).toMatchObject(METALLB_CERTIFICATES);
  });

  test('a Secret that is deleted is made anew', async () => {
    await it.kubectl(['delete', ...SECRET]);
    const made = async (): Promise<boolean> => (await stored().catch(() => undefined))?.authority !== undefined;
    await eventually('another Secret', made, PATIENCE);
    await trusted();
  });

  test('no key is in any log', async () => {
    const keys = [await stored(), METALLB_CERTIFICATES].flatMap(({ authorityKey, certificateKey }) => [authorityKey, certificateKey]);
    for (const { program } of replicas) {
      const log = await readFile(program.log, 'utf8');
      expect(log).not.toContain('PRIVATE KEY');
      for (const key of keys) for (const text of [key, btoa(key)]) expect(log).not.toContain(text.slice(40, 80));
    }
  });
}

function rights(): void {
  const review = async (verb: string, group: string, resource: string, name: string): Promise<boolean> => {
    const resourceAttributes = { verb, group, resource, name, ...(['', 'metallb.io'].includes(group) ? { namespace: NAMESPACE } : {}) };
    const spec = { user: 'system:serviceaccount:metallb-system:controller', resourceAttributes };
    const answer = await it.lab.control.api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
    return (answer as { status: { allowed: boolean } }).status.allowed;
  };
  const configurations = ['admissionregistration.k8s.io', 'validatingwebhookconfigurations'] as const;
  const definitions = ['apiextensions.k8s.io', 'customresourcedefinitions'] as const;

  test.each<[verb: string, group: string, resource: string, name: string, may: boolean]>([
    ['patch', '', 'secrets', 'metallb-webhook-cert', true],
    ['delete', '', 'secrets', 'metallb-webhook-cert', false],
    ['get', '', 'secrets', 'another', false],
    ['patch', '', 'secrets', 'another', false],
    ['patch', ...configurations, 'metallb-webhook-configuration', true],
    ['patch', ...configurations, 'another', false],
    ['list', ...configurations, '', false],
    ['create', ...configurations, '', false],
    ['patch', ...definitions, 'bgppeers.metallb.io', true],
    ['patch', ...definitions, 'ipaddresspools.metallb.io', false],
    ['list', ...definitions, '', false],
    ['patch', 'metallb.io', 'ipaddresspools', 'any', false],
  ])('to %s %s %s %s: %s', async (verb, group, resource, name, may) => {
    expect(await review(verb, group, resource, name)).toBe(may);
  });
}

function fromOutside(): void {
  test('certificates from outside are shown and followed; one that is not trusted is said', async () => {
    await it.stopControllers();
    const folder = join(it.lab.folder, 'from-outside');
    await mkdir(folder, { recursive: true });
    const authority = await newAuthority(Date.now());
    const show = async (signer: KeyPair): Promise<void> => {
      const { certificate, privateKey } = await newCertificate(signer, ['metallb-webhook-service.metallb-system.svc'], Date.now());
      await writeFile(join(folder, 'tls.crt'), certificate);
      await writeFile(join(folder, 'tls.key'), privateKey);
    };
    await show(await newAuthority(Date.now()));
    const outside = await it.startController({ name: 'outside', flags: ['--disable-cert-rotation', `--cert-dir=${folder}`] });
    const steps = Array.from({ length: 6 }, (_, index) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: btoa(authority.certificate),
    }));
    await it.kubectl(['patch', ...CONFIGURATION, '--type=json', `--patch=${JSON.stringify(steps)}`]);
    const distrust = async (): Promise<boolean> => {
      await it.isReviewed();
      return (await logOf(outside)).some(({ level, msg }) => level === 'warn' && msg.includes('does not trust the certificate'));
    };
    await eventually('the distrust is said', distrust, PATIENCE);
    expect(await it.isReviewed()).toBe(false);
    await show(authority);
    await eventually('the other certificate is trusted', () => it.isReviewed(), { withinMilliseconds: 120_000 });
  });
}

describeLab('the certificates of the webhooks', () => {
  beforeAll(async () => {
    it = await AdmissionLab.start();
    const second = await it.lab.addHost('control-2');
    await it.lab.installWebhooks([it.lab.controlHost, second]);
    replicas = [await it.startController(), await it.startController({ host: second, name: 'controller-2' })];
    // With Fail, a change that is not reviewed is not taken: nothing slips through unseen here.
    await it.applyComponent('webhook', 'webhook/fail');
    await it.reviewed();
  }, START_MILLISECONDS);
  afterAll(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('are kept', renewals);
  describe('rights', rights);
  describe('from outside', fromOutside);
});
