import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findGo, goEnvironment, Toolchain } from './build.ts';
import { executable, systemCache, userCache } from './places.ts';
import type { Provision } from './programs.ts';
import { ProvisionError } from './provision-error.ts';
import { stage } from './stage.ts';

/** The releases of Helm that the chart is tested with: the newest, and the last of the line that many still have. */
export const HELM_VERSIONS = ['v4.3.1', 'v3.22.0'] as const;

/** One of the {@link HELM_VERSIONS}. */
export type HelmVersion = (typeof HELM_VERSIONS)[number];

/** What Helm 3 takes for the API server where it asks none, and its own builds are told, as of the client that it is made with: otherwise it is 1.20. */
const ASSUMED_KUBERNETES: Readonly<Record<HelmVersion, readonly string[]>> = {
  'v4.3.1': [],
  'v3.22.0': ['pkg/lint/rules', 'pkg/chartutil'].flatMap((room) => [`${room}.k8sVersionMajor=1`, `${room}.k8sVersionMinor=37`]),
};

/**
 * This Helm, from the caches that hold the test servers, else built from its Go module into them: two minutes on two cores, once. Throws a
 * {@link ProvisionError} that says what to do where there is no Go.
 */
export async function ensureHelm(version: HelmVersion, provision: Provision, signal?: AbortSignal): Promise<string> {
  const { environment, report } = provision;
  const own = folderIn(userCache(environment), version);
  const shared = folderIn(systemCache(environment), version);
  for (const folder of [own, shared]) if (await executable(join(folder, 'helm'))) return join(folder, 'helm');
  const go = await findGo(environment);
  if (go === undefined)
    throw new ProvisionError(`helm ${version} is not in ${own}: put it there, or install Go, so that it can be built`, false);
  report(`building helm ${version} from its Go module: about 2 minutes on two cores, once`);
  // As root for the whole machine: a fresh home does not build anew.
  const folder = process.getuid?.() === 0 ? shared : own;
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await stage(folder, async (temporary, ready) => {
    // Its own go.mod decides: as a dependency of another module it would pull in what nobody needs.
    const toolchain = new Toolchain(go, temporary, { ...goEnvironment(environment, folder), GOBIN: ready }, signal);
    const module = `helm.sh/helm/${version.split('.', 1)[0]}`;
    const told = [`internal/version.version=${version}`, ...ASSUMED_KUBERNETES[version]].map((setting) => `-X ${module}/${setting}`);
    await toolchain.run(['install', '-trimpath', `-ldflags=-s -w ${told.join(' ')}`, `${module}/cmd/helm@${version}`]);
  });
  return join(folder, 'helm');
}

/** Beside the folders of the releases of Kubernetes. */
function folderIn(cache: string, version: HelmVersion): string {
  return join(dirname(dirname(cache)), 'helm', version);
}
