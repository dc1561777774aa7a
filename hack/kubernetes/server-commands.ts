import { join } from 'node:path';
import type { Servers } from './programs.ts';

/** The files of one control plane. */
export interface Paths {
  readonly folder: string;
  readonly etcdSocket: string;
  readonly certificates: string;
  readonly servingCertificate: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  readonly adminKubeconfig: string;
  readonly managerKubeconfig: string;
}

/** The Services' own addresses, of both families; IPv4 first, as most clusters have it. */
export const SERVICE_RANGES = '10.96.0.0/16,2001:db8:96::/112';

/** The controllers that stand in for what no node runs here; each costs watches, so there are no others. */
const CONTROLLERS = ['endpointslice-controller', 'namespace-controller', 'garbage-collector-controller', 'serviceaccount-controller'];

/** etcd wants a host and a port to tell peers and clients of; it has no such peers and clients, and nothing listens there. */
const NOWHERE = 'http://localhost:2380';

/** Where the files of a control plane lie in its folder. */
export function pathsIn(folder: string): Paths {
  const certificates = join(folder, 'apiserver');
  return {
    folder,
    certificates,
    etcdSocket: `unix://${join(folder, 'etcd.sock')}`,
    servingCertificate: join(certificates, 'apiserver.crt'),
    tokens: join(folder, 'tokens.csv'),
    serviceAccountKey: join(folder, 'service-accounts.key'),
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    managerKubeconfig: join(folder, 'controller-manager.kubeconfig'),
  };
}

/** etcd on sockets inside the folder: no port to collide with, nobody else can connect. What it holds may be lost. */
export function etcdCommand(program: string, paths: Paths): readonly string[] {
  return [
    program,
    `--data-dir=${join(paths.folder, 'etcd')}`,
    `--listen-client-urls=${paths.etcdSocket}`,
    `--advertise-client-urls=${NOWHERE}`,
    `--listen-peer-urls=unix://${join(paths.folder, 'etcd-peer.sock')}`,
    `--initial-advertise-peer-urls=${NOWHERE}`,
    `--initial-cluster=default=${NOWHERE}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/**
 * The API server. It makes its serving certificate for the address it listens on and for the advertised one, which is
 * always loopback, and writes no endpoint of its own, for which loopback would not do.
 */
export function apiServerCommand(program: string, paths: Paths, listen: { address: string; port: number }): readonly string[] {
  return [
    program,
    `--etcd-servers=${paths.etcdSocket}`,
    `--bind-address=${listen.address}`,
    `--secure-port=${listen.port}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--cert-dir=${paths.certificates}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${paths.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${paths.serviceAccountKey}`,
    `--service-account-signing-key-file=${paths.serviceAccountKey}`,
    `--service-cluster-ip-range=${SERVICE_RANGES}`,
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

/** The controller manager, with the admin's rights: it is not what is tested here. */
export function controllerManagerCommand(
  servers: Servers,
  paths: Paths,
  kubeconfig: string,
  moreControllers: readonly string[] = [],
): readonly string[] {
  return [
    servers['kube-controller-manager'],
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${[...CONTROLLERS, ...moreControllers].join(',')}`,
    `--service-account-private-key-file=${paths.serviceAccountKey}`,
    `--service-cluster-ip-range=${SERVICE_RANGES}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--profiling=false',
  ];
}
