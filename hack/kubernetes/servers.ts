import { copyFile, link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../../src/lib/errors.ts';
import { buildPrograms, findGo } from './build.ts';
import { downloadPrograms } from './download.ts';
import { lookUp, places, systemCache, userCache } from './places.ts';
import { ETCD_VERSION, KUBERNETES_VERSION, PROGRAMS, type ProgramName, type Provision, type Servers } from './programs.ts';
import { ProvisionError } from './provision-error.ts';
import { stage } from './stage.ts';

/**
 * The programs of a cluster, from the first of: `KUBEBUILDER_ASSETS`, this user's cache, the machine's cache, the
 * published files, a build from Go modules. Reports which it took. Throws a {@link ProvisionError} that says what to
 * install when none of them has all.
 */
export async function ensureServers(provision: Provision, signal?: AbortSignal): Promise<Servers> {
  const { environment, report } = provision;
  const missing = (await lookUpAll(provision)).missing;
  if (missing.length > 0) {
    report(`test servers: no ${missing.join(', ')} in ${(await places(environment)).map((place) => place.folder).join(' or ')}`);
    await obtain(missing, userCache(environment), provision, signal);
  }
  const { found, missing: still } = await lookUpAll(provision);
  if (still.length > 0) throw new ProvisionError(`${still.join(', ')}: not there although they were fetched`, false);
  for (const [where, names] of Map.groupBy(found, (hit) => hit.where)) {
    report(`test servers ${KUBERNETES_VERSION}: ${names.map((hit) => hit.name).join(', ')} from ${where}`);
  }
  await shareWithMachine(provision);
  return Object.fromEntries(found.map((hit) => [hit.name, hit.path])) as Servers;
}

/** One program, and the words for where it was found. */
interface Hit {
  readonly name: ProgramName;
  readonly path: string;
  readonly where: string;
}

async function lookUpAll(provision: Provision): Promise<{ found: Hit[]; missing: ProgramName[] }> {
  const where = await places(provision.environment);
  const found: Hit[] = [];
  const missing: ProgramName[] = [];
  for (const name of PROGRAMS) {
    const hit = await lookUp(name, where);
    if (hit === undefined) missing.push(name);
    else found.push({ name, path: hit.path, where: `${hit.place.called} (${hit.place.folder})` });
  }
  return { found, missing };
}

/** Published files first, for they take a minute and no compiler; what goes wrong with them is told before the build begins. */
async function obtain(names: readonly ProgramName[], folder: string, provision: Provision, signal?: AbortSignal): Promise<void> {
  let refusal: string;
  try {
    return await downloadPrograms(names, folder, provision, signal);
  } catch (cause) {
    if (!(cause instanceof ProvisionError)) throw cause;
    signal?.throwIfAborted();
    refusal = describeError(cause);
    provision.report(`the published programs are not to be had: ${refusal}`);
  }
  const go = await findGo(provision.environment);
  if (go === undefined) throw new ProvisionError(whatToInstall(names, refusal), false);
  await buildPrograms(go, names, folder, provision, signal);
}

/** The one paragraph for whoever is left without servers. */
function whatToInstall(names: readonly ProgramName[], refusal: string): string {
  return (
    `The test servers ${names.join(', ')} (Kubernetes ${KUBERNETES_VERSION}, etcd ${ETCD_VERSION}) are neither on this machine nor to be downloaded: ${refusal}. ` +
    'Install Go 1.21 or newer, so that they can be built (it is looked for on the PATH and in /usr/local/go/bin), or let this machine reach https://dl.k8s.io and ' +
    'https://github.com, or put the programs into one folder and name it in KUBEBUILDER_ASSETS.'
  );
}

/** As root, what this user's cache holds is given to the whole machine as well, so that the next fresh home finds it. */
async function shareWithMachine({ environment, report }: Provision): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const [own, shared] = [userCache(environment), systemCache(environment)];
  const lacking: ProgramName[] = [];
  for (const name of PROGRAMS) {
    const here = await lookUp(name, [{ folder: own, called: '' }]);
    if (here !== undefined && (await lookUp(name, [{ folder: shared, called: '' }])) === undefined) lacking.push(name);
  }
  if (lacking.length === 0) return;
  try {
    await mkdir(shared, { recursive: true, mode: 0o755 });
    await stage(shared, async (_, ready) => {
      for (const name of lacking) await linkOrCopy(join(own, name), join(ready, name));
    });
  } catch (cause) {
    report(`the machine's cache stays as it is: ${describeError(cause)}`);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to)); // no link across file systems
}
