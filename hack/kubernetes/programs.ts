/** The release of Kubernetes that the tests and the demo run. */
export const KUBERNETES_VERSION = 'v1.36.3';

/** The release of etcd that this Kubernetes is built with. */
export const ETCD_VERSION = 'v3.6.8';

/** The programs of a cluster, as files in one folder. */
export const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kubectl'] as const;

/** The name of one of the {@link PROGRAMS}. */
export type ProgramName = (typeof PROGRAMS)[number];

/** Where each program lies: absolute paths of files that can be executed. */
export type Servers = Readonly<Record<ProgramName, string>>;

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Takes one line of progress for the person who waits. */
export type Report = (line: string) => void;

/** Where and from whence a set of programs is put: a test gives places of its own. */
export interface Provision {
  readonly environment: Environment;
  readonly report: Report;
}

/** Node's name of this machine's processor as Kubernetes writes it in its download addresses. */
export function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
