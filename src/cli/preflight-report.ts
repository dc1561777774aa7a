import { RIGHTS, type Right, resourceOf } from '../kubernetes/rights.ts';
import { objectOf, textOf } from '../lib/json.ts';
import { type Cluster, CONFIG_MAPS, KINDS, type KindName, NODES, PODS } from './cluster.ts';
import { type Check, preflight } from './preflight.ts';
import type { Report } from './report.ts';

/** How a result is shown. */
const MARKS = { good: '✓', bad: '✗', doubtful: '!', unknown: '?' } as const;
const KUBE_PROXY = { namespace: 'kube-system', name: 'kube-proxy' };

/** Looks at the cluster for what keeps the product from working. */
export async function preflightReport(cluster: Cluster): Promise<Report> {
  const { namespace } = cluster;
  const version = await cluster.version();
  const names = Object.keys(KINDS) as KindName[];
  const kinds = await Promise.all(names.map((name) => cluster.defines(name)));
  const [pools, nodes, pods, proxy] = await Promise.all([
    cluster.kind('pools'),
    cluster.list(NODES),
    cluster.list({ ...PODS, namespace }),
    cluster.get(CONFIG_MAPS, KUBE_PROXY),
  ]);
  const missingKinds = names.filter((_, index) => kinds[index] === false).map((name) => `${KINDS[name].plural}.metallb.io`);
  const faults = [missingKinds.length > 0 ? undefined : pools.fault, nodes.fault, pods.fault, proxy.fault].filter(
    (fault) => fault !== undefined,
  );
  const accountOf = (process: Right['process']): string => accountIn(pods.items, process) ?? process;
  const missingRights = await lacking(cluster, accountOf);
  return checksReport(
    preflight({
      version,
      missingKinds,
      pools: pools.items,
      nodes: nodes.items,
      pods: pods.items,
      kubeProxy: proxy.object,
      missingRights,
      faults,
    }),
  );
}

/** The service account of a process, as its pods have it; the manifests and the chart label them differently. */
function accountIn(pods: Awaited<ReturnType<Cluster['list']>>['items'], process: Right['process']): string | undefined {
  const pod = pods.find(({ metadata }) => {
    const labels = objectOf(objectOf(metadata).labels);
    return labels.component === process || labels['app.kubernetes.io/component'] === process;
  });
  return textOf(objectOf(pod?.spec).serviceAccountName);
}

async function lacking(cluster: Cluster, accountOf: (process: Right['process']) => string): Promise<readonly Right[] | undefined> {
  const answers = await Promise.all(
    RIGHTS.map((right) => {
      const user = `system:serviceaccount:${cluster.namespace}:${accountOf(right.process)}`;
      return cluster.allows(user, right.verb, resourceOf(right, cluster.namespace));
    }),
  );
  return answers.includes(undefined) ? undefined : RIGHTS.filter((_, index) => answers[index] === false);
}

/** How checks are told: all of them, and those that ask for something with what to do. */
export function checksReport(checks: readonly Check[]): Report {
  const tone = { good: 'good', bad: 'bad', doubtful: 'doubtful', unknown: 'doubtful' } as const;
  return {
    exitCode: checks.some(({ result }) => result === 'bad') ? 1 : 0,
    json: { checks },
    complaints: [],
    text: (paint) =>
      checks
        .map(
          ({ name, result, text, remedy }) =>
            `${paint(tone[result], MARKS[result])} ${name}: ${text}\n${remedy === '' ? '' : `  → ${remedy}\n`}`,
        )
        .join(''),
  };
}
