import { listOf, objectOf, textOf, textsOf } from '../../src/lib/json.ts';

/** What a pod may do of the product's own pods; more than this is a fault of the manifests. */
export interface Allowance {
  /** Capabilities beside none. */
  readonly capabilities: readonly string[];
  /** Whether it is of the node's network, and root there for the sake of its capabilities. */
  readonly ofTheNode: boolean;
}

/** What is allowed to whom. */
export const CONTROLLER_MAY: Allowance = { capabilities: [], ofTheNode: false };
/** As long as nothing connects to it. */
export const SPEAKER_MAY: Allowance = { capabilities: ['NET_RAW'], ofTheNode: true };
/** When routers connect to it, at a port that only some may open. */
export const LISTENING_SPEAKER_MAY: Allowance = { capabilities: ['NET_RAW', 'NET_BIND_SERVICE'], ofTheNode: true };

/** What the workload `object` lets its pods do beyond the allowance, or lacks of it; one line each. */
export function podFaults(object: unknown, { capabilities, ofTheNode }: Allowance): readonly string[] {
  const pod = objectOf(objectOf(objectOf(objectOf(object).spec).template).spec);
  const containers = listOf(pod.containers).map(objectOf);
  const faults = [
    [containers.length === 1, 'has other containers'],
    [pod.hostPID !== true && pod.hostIPC !== true, 'sees processes of the node'],
    [(pod.hostNetwork === true) === ofTheNode, 'has the wrong network'],
    [ofTheNode || isNobody(pod.securityContext), 'may run as root'],
    [hostPaths(pod.volumes).every((path) => ofTheNode && path === '/run/typemetal/metallb-system'), 'has other folders of the node'],
    [listOf(pod.volumes).every(isPrivate), 'has secrets that others may read'],
    ...containers.flatMap(({ securityContext }) => containerFaults(objectOf(securityContext), capabilities)),
  ] as const;
  return faults.filter(([fine]) => !fine).map(([, text]) => text);
}

function containerFaults(context: Readonly<Record<string, unknown>>, capabilities: readonly string[]): [boolean, string][] {
  const { drop, add } = objectOf(context.capabilities);
  return [
    [context.privileged !== true, 'is privileged'],
    [context.allowPrivilegeEscalation === false, 'may gain privileges'],
    [context.readOnlyRootFilesystem === true, 'may write to its root'],
    [`${textsOf(drop)}` === 'ALL', 'keeps capabilities'],
    [`${textsOf(add)}` === `${capabilities}`, `has the capabilities ${textsOf(add)}`],
  ];
}

function isNobody(context: unknown): boolean {
  const { runAsNonRoot, runAsUser } = objectOf(context);
  return runAsNonRoot === true && runAsUser === 65_534;
}

function hostPaths(volumes: unknown): readonly string[] {
  return listOf(volumes).flatMap((volume) => textOf(objectOf(objectOf(volume).hostPath).path) ?? []);
}

function isPrivate(volume: unknown): boolean {
  const { secret } = objectOf(volume);
  return secret === undefined || [0o400, 0o440].includes(Number(objectOf(secret).defaultMode));
}
