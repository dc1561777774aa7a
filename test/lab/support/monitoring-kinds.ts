import type { ControlPlane } from '../../../hack/kubernetes/control-plane.ts';
import { kindsServed } from '../../../hack/lab/product.ts';

/** The kinds of the operator of Prometheus, as far as a server must know them to take an object. */
const KINDS = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];

/** Lets the server take objects of the operator of Prometheus, with any fields. */
export async function installMonitoringKinds(control: Pick<ControlPlane, 'kubectl'>): Promise<void> {
  await control.kubectl(['apply', '-f', '-'], { stdin: KINDS.map((kind) => JSON.stringify(anyKind(kind))).join('\n---\n') });
  await kindsServed(control);
}

/** The definition of a kind that takes any fields. */
function anyKind(kind: string): object {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.monitoring.coreos.com` },
    spec: {
      group: 'monitoring.coreos.com',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
