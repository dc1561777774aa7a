import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { type Container, environmentOf, type PodObject, privilegesOf, type Volume } from './pod-objects.ts';

const CHECKOUT: string = fileURLToPath(new URL('../..', import.meta.url));
/** What an image has below /opt/typemetal, and the Node that its base has. */
const BUNDLE = join(CHECKOUT, 'build', 'bundle');
const NODE = join(CHECKOUT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');

/** The root file system of an image that was built, as `make image-trial` leaves it; without it a container has this machine's programs and the bundle. */
const IMAGE = process.env.IMAGE_ROOT;

/** What the kernel shows in each container. */
const KERNEL = ['/proc', '/dev', '/sys'];

/** What is seen of this machine in a container that has no image: programs and libraries. */
const SHOWN = ['/usr', '/bin', '/lib', '/lib64'];

/** One folder of this machine that a container sees, and where. */
interface Mounted {
  readonly path: string;
  readonly folder: string;
  readonly readOnly: boolean;
}

/**
 * Starts the program of a pod's first container on a host, in a root of its own: what of the image is needed, the volumes, the service account's
 * token, and nothing else of the checkout. Gives `undefined` while a volume is not there, as a pod then waits.
 */
export async function startContainer(lab: Lab, pod: PodObject, host: Host): Promise<RunningProgram | undefined> {
  const [container] = pod.spec.containers;
  if (container === undefined) throw new Error(`${pod.metadata.name} has no container`);
  const folder = join(lab.folder, 'pods', pod.metadata.uid);
  await mkdir(join(folder, 'root'), { recursive: true });
  const mounted = await mountedVolumes(lab, pod, container, folder);
  if (mounted === undefined) return undefined;
  const script = rootScript(join(folder, 'root'), mounted, container.securityContext.readOnlyRootFilesystem === true);
  const program = ['chroot', join(folder, 'root'), ...privilegesOf(container, pod), ...container.command, ...(container.args ?? [])];
  const api = new URL(lab.insideUrl);
  const environment = {
    ...environmentOf(container, pod, host.addresses.ipv4),
    PATH: '/usr/local/sbin:/usr/local/bin:/opt/node:/usr/sbin:/usr/bin:/sbin:/bin',
    KUBERNETES_SERVICE_HOST: api.hostname,
    KUBERNETES_SERVICE_PORT: api.port,
    HOME: '/',
  };
  // ip netns exec gives it mounts of its own, which end with it.
  return host.start(pod.metadata.name, ['/bin/sh', '-euc', `${script}\nexec "$@"`, 'container', ...program], environment);
}

type Bind = (from: string, to: string) => string;

/** A root of what this machine has. Its own part lies in memory. */
function ownScript(root: string, bind: Bind): readonly string[] {
  return [
    `mount -t tmpfs -o mode=0755 root ${root}`,
    ...SHOWN.map((path) => `if [ -L ${path} ]; then cp -P ${path} ${root}${path}; elif [ -d ${path} ]; then ${bind(path, path)}; fi`),
    bind(BUNDLE, '/opt/typemetal'),
    `mkdir -p ${root}/opt/node; touch ${root}/opt/node/node; mount --bind ${NODE} ${root}/opt/node/node`,
  ];
}

/** The root of an image, which stays as it is: what is mounted into it has its place in memory. */
function imageScript(root: string, image: string): readonly string[] {
  const changes = `${root}-changes`;
  return [
    `mkdir -p ${changes}; mount -t tmpfs -o mode=0755 changes ${changes}; mkdir ${changes}/upper ${changes}/work`,
    `mount -t overlay -o lowerdir=${image},upperdir=${changes}/upper,workdir=${changes}/work image ${root}`,
  ];
}

/** The mounts that make up the root, for a shell. */
function rootScript(root: string, mounted: readonly Mounted[], readOnly: boolean): string {
  const bind: Bind = (from, to) => `mkdir -p ${root}${to}; mount --rbind ${from} ${root}${to}`;
  return [
    ...(IMAGE === undefined ? ownScript(root, bind) : imageScript(root, IMAGE)),
    ...KERNEL.map((path) => bind(path, path)),
    ...mounted.flatMap(({ path, folder, readOnly: fixed }) => [
      // In an image /var/run is a link to /run, which must not lead to this machine's.
      `place=$(chroot ${root} readlink -m ${path})`,
      bind(folder, '$place'),
      ...(fixed ? [`mount -o remount,bind,ro ${root}$place`] : []),
    ]),
    ...(readOnly ? [`mount -o remount,ro ${root}`] : []),
  ].join('\n');
}

/** The folders of the volumes that a container mounts; `undefined` while an object that must be there is not. */
async function mountedVolumes(lab: Lab, pod: PodObject, container: Container, folder: string): Promise<readonly Mounted[] | undefined> {
  const mounted: Mounted[] = [];
  for (const { name, mountPath, readOnly = false } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((candidate) => candidate.name === name);
    if (volume === undefined) throw new Error(`${pod.metadata.name}: mounts ${name}, which is no volume of it`);
    const source = await volumeFolder(lab, pod, volume, join(folder, 'volumes', name));
    if (source === undefined) return undefined;
    mounted.push({ path: mountPath, folder: source, readOnly });
  }
  return mounted;
}

async function volumeFolder(lab: Lab, pod: PodObject, volume: Volume, folder: string): Promise<string | undefined> {
  if (volume.hostPath !== undefined) {
    const path = join(lab.folder, 'nodes', pod.spec.nodeName ?? '', volume.hostPath.path);
    await mkdir(path, { recursive: true });
    return path;
  }
  if (volume.projected !== undefined) return await accountFolder(lab, pod, folder);
  const source = volume.secret ?? volume.configMap;
  if (source === undefined) throw new Error(`${pod.metadata.name}: the lab knows no such volume as ${volume.name}`);
  const [kind, name] = 'secretName' in source ? ['secrets', source.secretName] : ['configmaps', source.name];
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/${kind}/${name}`;
  const object = (await lab.control.api.get(path).catch(() => undefined)) as { data?: Record<string, string> } | undefined;
  if (object === undefined && source.optional !== true) return undefined;
  const encoding = kind === 'secrets' ? 'base64' : 'utf8';
  const files = Object.entries(object?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, encoding)] as const);
  await writeFolder(folder, files, pod.spec.securityContext?.fsGroup, source.defaultMode);
  return folder;
}

async function accountFolder(lab: Lab, { metadata, spec }: PodObject, folder: string): Promise<string> {
  const kubeconfig = await lab.control.serviceAccountKubeconfig(metadata.namespace, spec.serviceAccountName, lab.insideUrl);
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8'));
  const files = [
    ['token', Buffer.from(users[0].user.token)],
    ['ca.crt', Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64')],
    ['namespace', Buffer.from(metadata.namespace)],
  ] as const;
  await writeFolder(folder, files, spec.securityContext?.fsGroup, 0o600);
  return folder;
}

/** Files that belong to the group of the pod's volumes, which may then read them too, as a kubelet sees to. */
async function writeFolder(folder: string, files: readonly (readonly [string, Buffer])[], group = 0, mode = 0o644): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) {
    const path = join(folder, name);
    await writeFile(path, content, { mode: group === 0 ? mode : mode | 0o040 });
    await chown(path, 0, group);
  }
}
