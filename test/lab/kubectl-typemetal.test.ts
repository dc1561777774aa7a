import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { runTypemetal, type Told, type TypemetalOptions } from './support/typemetal.ts';

/** The plug-in as people call it: by kubectl, over a real API server with the product at work. */

let product: ProductLab;

/** Runs `kubectl typemetal`, as the administrator unless told. */
function typemetal(args: readonly string[], options: TypemetalOptions = {}): Promise<Told> {
  return runTypemetal(product.lab, args, options);
}

/** A configuration of before 0.13 with all that it could hold; no node of the lab holds a session of it. */
const OLD = `
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: metallb-system}
data:
  config: |
    peers:
    - my-asn: 64512
      peer-asn: 64513
      peer-address: 192.0.2.1
      peer-port: 1179
      hold-time: 120s
      keepalive-time: 40s
      router-id: 192.0.2.2
      source-address: 192.0.2.2
      ebgp-multihop: true
      password: hushhush
      bfd-profile: Fast_One
      node-selectors:
      - match-labels: {rack: no}
        match-expressions: [{key: a, operator: In, values: [b]}]
    bgp-communities: {no-export: 65535:65281}
    bfd-profiles:
    - {name: Fast_One, receive-interval: 100, transmit-interval: 100, detect-multiplier: 3, minimum-ttl: 254}
    address-pools:
    - name: by_routes
      protocol: bgp
      addresses: [198.18.0.0/24]
      avoid-buggy-ips: true
      bgp-advertisements:
      - {aggregation-length: 32, localpref: 100, communities: [no-export, 65000:1]}
      - {aggregation-length: 24, aggregation-length-v6: 64}
    - {name: by-frames, protocol: layer2, addresses: [198.18.1.10-198.18.1.20, 2001:db8:99::/124], auto-assign: no}
`;
const KINDS = 'ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities';

interface Listed {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly object[] };
  }[];
}

function migration(): void {
  test('what comes of an old ConfigMap is taken by the API server, used by the controller, and good for lint', async () => {
    const { kubectl } = product.lab.control;
    const { code, printed, complaint } = await typemetal(['migrate', 'configmap', '-'], { stdin: OLD });
    expect([code, complaint]).toEqual([
      0,
      'kubectl typemetal: note: address pool "by_routes" is now IPAddressPool by-routes: change the annotation of Services that name it\n',
    ]);
    await kubectl(['apply', '--server-side', '-f', '-'], { stdin: printed });
    const all = async (): Promise<Listed['items'] | undefined> => {
      const { items } = JSON.parse(await kubectl(['-n', 'metallb-system', 'get', KINDS, '-o', 'json'])) as Listed;
      return items.every(({ status }) => JSON.stringify(status?.conditions ?? '').includes('"status":"True"')) ? items : undefined;
    };
    const items = await eventually('all objects are in use', all, PATIENCE);
    expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      expect.arrayContaining([
        'IPAddressPool by-frames',
        'BGPPeer peer1',
        'BFDProfile fast-one',
        'Community communities',
        'BGPAdvertisement bgpadvertisement2',
      ]),
    );
    const yaml = await kubectl(['-n', 'metallb-system', 'get', `${KINDS},secrets`, '-o', 'yaml']);
    expect(await typemetal(['lint', '-'], { stdin: yaml })).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/: 0 errors, 0 warnings\n$/),
    });
    await kubectl(['delete', '-f', '-'], { stdin: printed });
  });

  test('lint says of an object what the webhook or the condition would say', async () => {
    const pool = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'bad', namespace: 'metallb-system' } };
    const stdin = JSON.stringify({ ...pool, spec: { addresses: ['198.18.0.0/33'] } });
    const { code, printed } = await typemetal(['lint', '-', '-o', 'json'], { stdin });
    await using _bad = await product.cluster.createPool('bad', ['198.18.0.0/33']);
    const { message } = await product.cluster.poolReady('bad', 'False');
    expect([code, JSON.parse(printed)]).toEqual([
      1,
      expect.objectContaining({ findings: [expect.objectContaining({ text: message }), expect.anything()] }),
    ]);
  });
}

function explanations(): void {
  test('a Service that is announced, and then has no endpoint', async () => {
    const { cluster } = product;
    await using _service = await cluster.createService('web');
    const [address = ''] = await cluster.addressed('web');
    const node = await cluster.announcedBy('web');
    await settles('the explanation has all', async () => {
      const { code, printed, complaint } = await typemetal(['explain', 'web']);
      expect([code, complaint]).toEqual([0, '']);
      expect(printed).toContain(`Addresses:       ${address} of IPAddressPool main\n`);
      expect(printed).toMatch(new RegExp(`^  ${node} +layer 2 +\\S`, 'm'));
      for (const { name } of product.lab.nodes) expect(printed).toMatch(new RegExp(`^  ${name} +1$`, 'm'));
      expect(printed).toMatch(/^ {2}\S+Z +nodeAssigned +announcing from node/m);
    });
    await cluster.patch('Service', 'web', { spec: { selector: { app: 'nobody' } } });
    await cluster.unannounced('web');
    const problems = [expect.objectContaining({ text: expect.stringMatching(/^no endpoint can serve it/) })];
    await settles('the lack of endpoints', async () => {
      const empty = await typemetal(['explain', 'default/web', '-o', 'json']);
      expect([empty.code, JSON.parse(empty.printed)]).toEqual([1, expect.objectContaining({ state: 'not announced', problems })]);
    });
  });

  test('a Service that waits says why and what to do, in the words of its condition', async () => {
    await using _service = await product.cluster.createService('waiting', { annotations: { 'metallb.io/address-pool': 'nowhere' } });
    const advice = 'There is no IPAddressPool "nowhere": create it, or correct the annotation metallb.io/address-pool.';
    const says = async (): Promise<Told | undefined> => {
      const told = await typemetal(['explain', 'waiting']);
      return told.printed.includes(advice) ? told : undefined;
    };
    expect(await eventually('the controller has said why', says, PATIENCE)).toMatchObject({ code: 1, complaint: '' });
    const line = '✗ Service default/waiting waits for an address\n    → see why: kubectl typemetal explain default/waiting\n';
    await settles('the status has it', async () => {
      const { code, printed } = await typemetal(['status']);
      expect([code, printed]).toEqual([1, expect.stringContaining(line)]);
    });
  });

  test('a Service that is not there, and a server that is not there: one sentence, and 2', async () => {
    expect(await typemetal(['explain', 'nobody'])).toEqual({
      code: 2,
      printed: '',
      complaint: 'kubectl typemetal: there is no Service default/nobody: see kubectl get services -A\n',
    });
    const kubeconfig = await product.lab.control.serviceAccountKubeconfig('metallb-system', 'controller', 'https://127.0.0.1:1');
    expect(await typemetal(['status'], { kubeconfig })).toMatchObject({
      code: 2,
      complaint: expect.stringMatching(/^kubectl typemetal: the API server at https:\/\/127\.0\.0\.1:1 cannot be reached: .+\n$/),
    });
  });
}

function rights(): void {
  test('what somebody may not see is part of the answer', async () => {
    await using _service = await product.cluster.createService('seen');
    await product.cluster.announcedBy('seen');
    const { control } = product.lab;
    await control.kubectl(['create', 'serviceaccount', 'viewer']);
    await control.kubectl([
      'create',
      'clusterrole',
      'viewer',
      '--verb=get,list',
      '--resource=services,nodes,endpointslices.discovery.k8s.io',
    ]);
    await control.kubectl(['create', 'clusterrolebinding', 'viewer', '--clusterrole=viewer', '--serviceaccount=default:viewer']);
    const kubeconfig = await control.serviceAccountKubeconfig('default', 'viewer');
    // The server takes notice of a binding a moment after it has stored it.
    await settles('the viewer sees the Service', async () => {
      const { code, printed, complaint } = await typemetal(['explain', 'default/seen'], { kubeconfig });
      expect([code, complaint]).toEqual([1, '']);
      expect(printed).toContain('✗ you may not list ipaddresspools.metallb.io: have the right given to you, or use another context\n');
    });
  });
}

const PROXY = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-proxy', namespace: 'kube-system' },
  data: { 'config.conf': 'mode: ipvs\nipvs: {strictARP: false}\n' },
};

function looks(): void {
  test('preflight finds nothing in a cluster that is well', async () => {
    await settles('nothing is found', async () => {
      const { code, printed, complaint } = await typemetal(['preflight']);
      expect([code, complaint]).toEqual([0, '']);
      expect(printed).not.toMatch(/^[✗!]/m);
      for (const name of ['API server', 'kinds', 'rights', 'pools', 'addresses', 'controllers']) expect(printed).toContain(`✓ ${name}: `);
      expect(printed).toContain('? kube-proxy: there is no ConfigMap');
    });
  });

  test('preflight finds IPVS without strictARP, a node in a pool, and a right that was taken away', async () => {
    const { control, nodes } = product.lab;
    const [node] = nodes;
    const own = node?.host.addresses.ipv4 ?? '';
    await using _pool = await product.cluster.createPool('clash', [`${own}/32`]);
    await control.api.post('/api/v1/namespaces/kube-system/configmaps', PROXY);
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/metallb-system:speaker';
    const { rules } = (await control.api.get(path)) as { readonly rules: readonly object[] };
    await control.api.patch(path, { rules: rules.filter((rule) => !JSON.stringify(rule).includes('endpointslices')) });
    const lacks = async (): Promise<Told | undefined> => {
      const told = await typemetal(['preflight']);
      return told.printed.includes('✗ rights') ? told : undefined;
    };
    const { code, printed } = await eventually('the server knows of it', lacks, PATIENCE);
    expect(code).toBe(1);
    expect(printed).toContain(`✗ addresses: ${own} of node ${node?.name} is in IPAddressPool clash\n`);
    expect(printed).toContain('✗ kube-proxy: its mode is ipvs without strictARP: ');
    expect(printed).toContain('the speaker may not list endpointslices of discovery.k8s.io; the speaker may not watch endpointslices');
    await control.api.patch(path, { rules });
  });

  test('preflight looks at the machine without asking anybody', async () => {
    const { code, printed } = await typemetal(['preflight', '--node-checks', '-o', 'json'], { kubeconfig: '/none' });
    expect([0, 1]).toContain(code);
    expect(JSON.parse(printed)).toMatchObject({ checks: [{ name: 'rp_filter' }, { name: 'arp_ignore' }, { name: 'port 179' }] });
  });
}

function installation(): void {
  test('status tells pools, nodes and what they announce', async () => {
    await using _service = await product.cluster.createService('counted');
    const node = await product.cluster.announcedBy('counted');
    await settles('all is well', async () => {
      const { code, printed } = await typemetal(['status']);
      expect(code).toBe(0);
      expect(printed).toMatch(/^ {2}main +1 +\d+ +yes$/m);
      for (const { name } of product.lab.nodes) {
        expect(printed).toMatch(new RegExp(`^  ${name} +Valid +${name === node ? 1 : 0} +0`, 'm'));
      }
      expect(printed).toContain('\n1 Services have addresses, 0 wait for one.\n');
    });
  });
}

describeLab('kubectl typemetal', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    await product.cluster.createPool('main', ['198.51.100.200-198.51.100.219']);
    await product.cluster.create('L2Advertisement', 'everywhere', { spec: {} });
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('from files', migration);
  describe('explain', explanations);
  describe('preflight', looks);
  describe('rights', rights);
  describe('the installation', installation);
});
