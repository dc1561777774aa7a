import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import type { Right } from '../kubernetes/rights.ts';
import { faultOfVersion, minorOf, OLDEST_MINOR } from '../kubernetes/server-version.ts';
import { formatAddress, parseAddress } from '../lib/ip.ts';
import { type JsonObject, listOf, objectOf, textMapOf, textOf } from '../lib/json.ts';
import { parsePools } from '../model/pool-set.ts';
import { nameOf, readManifests } from './manifests.ts';

/** What one look found. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  /** `bad` keeps something from working, `doubtful` may; `unknown` could not be looked at. */
  readonly result: 'good' | 'bad' | 'doubtful' | 'unknown';
  /** One sentence. */
  readonly text: string;
  /** What to do; empty where there is nothing to be done. */
  readonly remedy: string;
}

/** What the API server has that decides whether the product can work. */
export interface PreflightView {
  /** Such as `v1.34.1`. */
  readonly version: string;
  /** Plurals of our kinds that the server does not know. */
  readonly missingKinds: readonly string[];
  readonly pools: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
  /** Pods of the namespace of the configuration. */
  readonly pods: readonly JsonObject[];
  /** The ConfigMap of kube-proxy, and why it could not be read. */
  readonly kubeProxy: JsonObject | undefined;
  /** What the service accounts lack; `undefined` when the server does not tell. */
  readonly missingRights: readonly Right[] | undefined;
  /** What could not be looked at, one sentence each. */
  readonly faults: readonly string[];
}

/** MetalLB's own images, wherever they were mirrored to. */
const METALLB_CONTROLLER = /metallb\/controller/;

/** Looks at a cluster before, or while, the product runs in it. Never throws. */
export function preflight(view: PreflightView): readonly Check[] {
  return [
    versionCheck(view.version),
    kindsCheck(view.missingKinds),
    rightsCheck(view.missingRights),
    proxyCheck(view.kubeProxy),
    poolsCheck(view.pools),
    nodesCheck(view),
    controllersCheck(view.pods),
    ...view.faults.map((text): Check => ({ name: 'access', result: 'unknown', text, remedy: '' })),
  ];
}

/** A check that found nothing. */
export function good(name: string, text: string): Check {
  return { name, result: 'good', text, remedy: '' };
}

function versionCheck(version: string): Check {
  const name = 'API server';
  if (minorOf(version) === undefined)
    return { name, result: 'unknown', text: `its version "${version}" is none that is known`, remedy: '' };
  const text = faultOfVersion(version);
  if (text === undefined) return good(name, `${version} is supported`);
  return { name, result: 'bad', text, remedy: `upgrade the cluster to 1.${OLDEST_MINOR} or later` };
}

function kindsCheck(missing: readonly string[]): Check {
  const name = 'kinds';
  if (missing.length === 0) return good(name, 'all kinds of metallb.io are defined');
  return {
    name,
    result: 'bad',
    text: `not defined: ${missing.join(', ')}`,
    remedy: 'kubectl apply --server-side -k config/crd, or crds.enabled=true in the chart',
  };
}

function rightsCheck(missing: readonly Right[] | undefined): Check {
  const name = 'rights';
  if (missing === undefined)
    return {
      name,
      result: 'unknown',
      text: 'you may not ask what the service accounts may do',
      remedy: 'ask somebody who may create subjectaccessreviews',
    };
  if (missing.length === 0) return good(name, 'the service accounts have what they need');
  const texts = missing.map(
    ({ process, verb, resource, group }) => `the ${process} may not ${verb} ${resource}${group === '' ? '' : ` of ${group}`}`,
  );
  return {
    name,
    result: 'bad',
    text: texts.join('; '),
    remedy: 'kubectl apply --server-side -k config/rbac, or rbac.create=true in the chart',
  };
}

/** kube-proxy in IPVS mode puts all addresses on a link of each node, and without strictARP each node answers for them. */
function proxyCheck(configMap: JsonObject | undefined): Check {
  const name = 'kube-proxy';
  const text = textOf(objectOf(configMap?.data)['config.conf']);
  const [manifest] = text === undefined ? [] : readManifests(name, text).manifests;
  if (manifest === undefined) {
    return {
      name,
      result: 'unknown',
      text: 'there is no ConfigMap kube-system/kube-proxy that says its mode',
      remedy: 'if something serves Services by IPVS, see that nodes do not answer ARP for them: preflight --node-checks tells',
    };
  }
  const mode = textOf(manifest.object.mode) || 'iptables';
  if (mode !== 'ipvs') return good(name, `its mode is ${mode}`);
  if (objectOf(manifest.object.ipvs).strictARP === true) return good(name, 'its mode is ipvs, with strictARP');
  return {
    name,
    result: 'bad',
    text: 'its mode is ipvs without strictARP: every node answers for every address',
    remedy: 'set ipvs.strictARP to true in the ConfigMap kube-system/kube-proxy, and restart kube-proxy',
  };
}

function poolsOf(pools: readonly JsonObject[]): ReturnType<typeof parsePools> {
  const safe = pools.map(({ metadata, spec }) => {
    const { name, labels, creationTimestamp } = objectOf(metadata);
    return { metadata: { name: textOf(name) ?? '', labels: textMapOf(labels), creationTimestamp: textOf(creationTimestamp) ?? '' }, spec };
  });
  return parsePools(safe as unknown as readonly IPAddressPool[]);
}

function poolsCheck(pools: readonly JsonObject[]): Check {
  const name = 'pools';
  const { refused } = poolsOf(pools);
  if (pools.length === 0)
    return { name, result: 'doubtful', text: 'there is no IPAddressPool', remedy: 'create one: without it no Service gets an address' };
  if (refused.size === 0)
    return good(name, `${pools.length === 1 ? 'the pool is' : `all ${pools.length} pools are`} good, and no two hold one address`);
  const texts = Array.from(refused, ([pool, fault]) => `IPAddressPool ${pool}: ${fault}`);
  return { name, result: 'bad', text: texts.join('; '), remedy: 'mend or delete what is named' };
}

function nodesCheck({ pools, nodes }: PreflightView): Check {
  const name = 'addresses';
  const set = poolsOf(pools);
  const clashes = nodes.flatMap((node) =>
    listOf(objectOf(node.status).addresses).flatMap((each) => {
      const address = parseAddress(textOf(objectOf(each).address) ?? '');
      const owner = address === undefined ? undefined : set.ownerOf(address);
      return address === undefined || owner === undefined
        ? []
        : [`${formatAddress(address)} of node ${nameOf(node)} is in IPAddressPool ${owner.name}`];
    }),
  );
  if (clashes.length === 0) return good(name, 'no pool holds the address of a node');
  return {
    name,
    result: 'bad',
    text: clashes.join('; '),
    remedy: 'take those addresses out of the pool: a Service that got one would cut the node off',
  };
}

function controllersCheck(pods: readonly JsonObject[]): Check {
  const name = 'controllers';
  const images = (pod: JsonObject): readonly string[] =>
    listOf(objectOf(pod.spec).containers).map((each) => textOf(objectOf(each).image) ?? '');
  const theirs = pods.filter((pod) => images(pod).some((image) => METALLB_CONTROLLER.test(image))).map(nameOf);
  if (theirs.length === 0) return good(name, "no controller of MetalLB's runs in the namespace");
  return {
    name,
    result: 'bad',
    text: `MetalLB's own controller runs in ${theirs.join(', ')}: two controllers may give one address to two Services`,
    remedy: 'stop it before ours starts: docs/migration.md',
  };
}
