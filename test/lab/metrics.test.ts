import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { decided, Scraper } from '../../hack/lab/scraper.ts';
import { parseExposition } from '../support/exposition.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** Who may read the metrics, decided by a real API server, for processes with the rights of the manifests and no more. */

let product: ProductLab;
let reader: Scraper;
let stranger: Scraper;

const processes = (): readonly ProductProcess[] => product.processes;

function clients(): void {
  test('with a token that may read: the text of the metrics, in the format of Prometheus', async () => {
    for (const process of processes()) {
      const { status, text } = await reader.read(product.hostOf(process));
      expect(status).toBe(200);
      const families = parseExposition(text);
      expect(families.get('metallb_k8s_client_config_loaded_bool')).toMatchObject({ type: 'gauge' });
      expect(families.get('process_resident_memory_bytes')).toMatchObject({ type: 'gauge' });
    }
  });

  test.each<{ who: string; authorization: () => string; status: number; text: string }>([
    { who: 'nobody', authorization: () => '', status: 401, text: 'Unauthorized\n' },
    { who: 'a password', authorization: () => 'Basic YWRtaW46YWRtaW4=', status: 401, text: 'Unauthorized\n' },
    { who: 'garbage', authorization: () => 'Bearer garbage', status: 401, text: 'Unauthorized\n' },
    { who: 'a token that was changed', authorization: () => changed(reader.authorization), status: 401, text: 'Unauthorized\n' },
    {
      who: 'a token without the right',
      authorization: () => stranger.authorization,
      status: 403,
      text: 'Authorization denied for user system:serviceaccount:default:stranger\n',
    },
  ])('with $who: $status', async ({ authorization, status, text }) => {
    for (const process of processes()) {
      expect(await reader.read(product.hostOf(process), { authorization: authorization() })).toMatchObject({ status, text });
    }
  });

  test('there is no other path, and no plain HTTP', async () => {
    const { agent } = product.lab.controlHost;
    const headers = { authorization: reader.authorization };
    const ask = (url: string) => agent.ask({ kind: 'http', url, headers, withinMilliseconds: 20_000 });
    expect((await ask('https://127.0.0.1:9120/')).status).toBe(404);
    await expect(ask('http://127.0.0.1:9120/metrics')).rejects.toThrow();
  });

  test('another machine reads them too, over IPv4 and IPv6', async () => {
    const { ipv4, ipv6 } = product.lab.controlHost.addresses;
    const headers = { authorization: reader.authorization };
    for (const host of [ipv4, `[${ipv6}]`]) {
      const url = `https://${host}:9120/metrics`;
      const { status } = await product.lab.client.host.agent.ask({ kind: 'http', url, headers, withinMilliseconds: 20_000 });
      expect([host, status]).toEqual([host, 200]);
    }
  });
}

function changes(): void {
  test('an account that is deleted is unknown within a minute and a bit', async () => {
    const leaver = await Scraper.create(product.lab.control, 'leaver', 'metallb-system:metrics-reader');
    const { controlHost, control } = product.lab;
    expect((await leaver.read(controlHost)).status).toBe(200);
    await control.api.delete('/api/v1/namespaces/default/serviceaccounts/leaver');
    const refused = async (): Promise<boolean> => (await leaver.read(controlHost)).status === 401;
    await eventually('the account is refused', refused, { withinMilliseconds: 180_000 });
  });

  test('a missing right of the product itself is said, and mended without a restart', async () => {
    const { control, controlHost } = product.lab;
    const newcomer = await Scraper.create(control, 'newcomer', 'metallb-system:metrics-reader');
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/metallb-system:controller';
    const { rules } = (await control.api.get(role)) as unknown as { readonly rules: readonly { readonly resources: readonly string[] }[] };
    await control.api.patch(role, { rules: rules.filter(({ resources }) => !resources.includes('tokenreviews')) });
    // Who is judged before the server has taken notice is let in for a minute.
    const resourceAttributes = { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' };
    await decided(control.api, 'system:serviceaccount:metallb-system:controller', { resourceAttributes }, false);
    const answers = async (wanted: number): Promise<boolean> => (await newcomer.read(controlHost)).status === wanted;
    await eventually('the newcomer is not judged', () => answers(503), PATIENCE);
    expect((await reader.read(controlHost)).status).toBe(200);
    await settles('it is said once', async () => {
      const lines = await logOf(product.controller);
      expect(lines.filter(({ op, msg }) => op === 'authorize' && msg.includes('grant create on tokenreviews'))).toHaveLength(1);
    });
    await control.api.patch(role, { rules });
    await eventually('the newcomer is let in', () => answers(200), PATIENCE);
  });

  test('without an API server who was let in goes on, and a stranger is told why not', async () => {
    const { controlHost, control } = product.lab;
    const late = await Scraper.create(control, 'late', 'metallb-system:metrics-reader');
    expect((await reader.read(controlHost)).status).toBe(200);
    control.apiServer.pause();
    try {
      await control.apiServer.paused();
      expect((await reader.read(controlHost)).status).toBe(200);
      expect((await late.read(controlHost)).status).toBe(503);
    } finally {
      control.apiServer.resume();
    }
    await eventually('the late one is let in', async () => (await late.read(controlHost)).status === 200, PATIENCE);
  });
}

interface Part {
  readonly leader: number | undefined;
  readonly loaded: number | undefined;
  readonly pools: number;
}

/** What a controller says of its part. */
async function partOf(port: number): Promise<Part> {
  const families = parseExposition((await reader.read(product.lab.controlHost, { port })).text);
  const sample = (name: string): number | undefined => families.get(name)?.samples.get(name);
  return {
    leader: sample('typemetal_leader'),
    loaded: sample('metallb_k8s_client_config_loaded_bool'),
    pools: families.get('metallb_allocator_addresses_total')?.samples.size ?? 0,
  };
}

function replicas(): void {
  test('one of two controllers leads and tells of pools; the other has loaded them too, and tells when it takes over', async () => {
    const { cluster, lab, controller } = product;
    await using _pool = await cluster.createPool('p', ['198.51.100.0/30']);
    const told = async (port: number, part: Part): Promise<boolean> => JSON.stringify(await partOf(port)) === JSON.stringify(part);
    await eventually('the leader tells', () => told(9120, { leader: 1, loaded: 1, pools: 1 }), PATIENCE);
    const second = await lab.startController({ name: 'controller-2', healthPort: 17_473, flags: ['--port=9121'] });
    await second.ready();
    await eventually('the second has loaded them', () => told(9121, { leader: 0, loaded: 1, pools: 0 }), PATIENCE);
    expect(await partOf(9120)).toEqual({ leader: 1, loaded: 1, pools: 1 });
    await controller.program.stop();
    await eventually('the other one tells', () => told(9121, { leader: 1, loaded: 1, pools: 1 }), PATIENCE);
    await second.program.stop();
  });
}

/** Another letter in the middle of the signature. */
function changed(token: string): string {
  const at = token.length - 20;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

describeLab('metrics', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    reader = await Scraper.create(product.lab.control, 'reader', 'metallb-system:metrics-reader');
    stranger = await Scraper.create(product.lab.control, 'stranger');
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);
  describe('who reads them', clients);
  describe('when rights change', changes);
  describe('two replicas', replicas);
});
