import { eventually, type Patience } from '../../../hack/kubernetes/eventually.ts';
import { PRODUCT_NAMESPACE } from '../../../hack/lab/product.ts';
import type { ServiceMonitor } from '../../../hack/lab/prometheus/configuration.ts';
import { Prometheus, type Sample } from '../../../hack/lab/prometheus/prometheus.ts';
import { type AlertRule, type MonitoringObject, type RuleFile, rulesOf } from './alert-rules.ts';
import { InstalledLab } from './installed-lab.ts';
import { installMonitoringKinds } from './monitoring-kinds.ts';

/** The account that the Prometheus of the operator's own manifests has. */
const ACCOUNT = { namespace: 'monitoring', name: 'prometheus-k8s' };
/** How long an alert waits here before it fires, in place of what its rule says: a test cannot wait for minutes. All else of a rule is as it is. */
const SHORT_WAIT = '2s';

/** An alert comes some scrapes after its cause, and one that takes too long on a busy machine begins it anew. */
export const WATCHING: Patience = { withinMilliseconds: 180_000, pauseMilliseconds: 200 };

/** An installed product, and a Prometheus that `config/prometheus` leads to it. */
export class WatchedLab implements AsyncDisposable {
  readonly installed: InstalledLab;
  readonly prometheus: Prometheus;
  readonly rules: RuleFile;
  /** The alerts that were seen to fire. */
  readonly fired: Set<string> = new Set();

  private constructor(installed: InstalledLab, prometheus: Prometheus, rules: RuleFile) {
    this.installed = installed;
    this.prometheus = prometheus;
    this.rules = rules;
  }

  /** Fulfilled when Prometheus answers; whether it finds anything is for tests. */
  static async start(): Promise<WatchedLab> {
    const installed = await InstalledLab.start();
    try {
      await installMonitoringKinds(installed.lab.control);
      const { namespace, name } = ACCOUNT;
      await installed.kubectl('create', 'namespace', namespace);
      await installed.kubectl('create', 'serviceaccount', name, '-n', namespace);
      // The operator's manifests give its Prometheus this right themselves.
      const who = `--serviceaccount=${namespace}:${name}`;
      await installed.kubectl('create', 'clusterrolebinding', name, '--clusterrole=metallb-system:metrics-reader', who);
      await installed.apply('prometheus');
      const get = async (kind: string): Promise<readonly unknown[]> =>
        JSON.parse(await installed.kubectl('get', kind, '-n', PRODUCT_NAMESPACE, '-o', 'json')).items;
      const monitors = (await get('servicemonitors')) as readonly ServiceMonitor[];
      const rules = rulesOf((await get('prometheusrules')) as readonly MonitoringObject[]);
      const host = await installed.lab.addHost('prometheus');
      const watch = { monitors, rules: shortened(rules), account: `${namespace}/${name}` };
      return new WatchedLab(installed, await Prometheus.start(installed.lab, host, watch), rules);
    } catch (cause) {
      await installed[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Waits until an alert fires for `count` series, and gives their labels. It must have waited before that, where its rule says so. */
  async firing(name: string, count: number): Promise<readonly Sample['metric'][]> {
    const fire = `ALERTS{alertname="${name}",alertstate="firing"}`;
    const found = await this.#eventually(`${name} fires for ${count}`, fire, count);
    const waited = await this.prometheus.query(`count_over_time(ALERTS{alertname="${name}",alertstate="pending"}[1h])`);
    const rule = this.rules.groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
    if (rule?.for !== undefined && waited.length === 0) throw new Error(`${name} fired without having waited`);
    this.fired.add(name);
    return found.map(({ metric }) => metric);
  }

  /** Waits until an alert neither fires nor waits. */
  async quiet(name: string): Promise<void> {
    await this.#eventually(`${name} is over`, `ALERTS{alertname="${name}"}`, 0);
  }

  /** Waits until an expression has this many series, and gives them; of those of old processes Prometheus forgets the last ones in between. */
  async #eventually(what: string, expression: string, count: number): Promise<readonly Sample[]> {
    let last: readonly Sample[] = [];
    const probe = async (): Promise<boolean> => {
      last = await this.prometheus.query(expression);
      return last.length === count;
    };
    await eventually(what, probe, WATCHING).catch((cause: unknown) => {
      throw new Error(`${what}; last: ${JSON.stringify(last)}`, { cause });
    });
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prometheus[Symbol.asyncDispose]();
    await this.installed[Symbol.asyncDispose]();
  }
}

function shortened({ groups }: RuleFile): RuleFile {
  const short = (rule: AlertRule): AlertRule => (rule.for === undefined ? rule : { ...rule, for: SHORT_WAIT });
  return { groups: groups.map((group) => ({ ...group, rules: group.rules.map(short) })) };
}
