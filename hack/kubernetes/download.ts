import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { describeError } from '../../src/lib/errors.ts';
import { architecture, type Environment, ETCD_VERSION, KUBERNETES_VERSION, type ProgramName, type Provision } from './programs.ts';
import { ProvisionError } from './provision-error.ts';
import { stage } from './stage.ts';
import { Ticker } from './ticker.ts';

const run = promisify(execFile);

/** Where Kubernetes publishes its programs; `TYPEMETAL_KUBERNETES_URL` names a mirror. */
const KUBERNETES_URL = 'https://dl.k8s.io';

/** Where etcd publishes its archives; `TYPEMETAL_ETCD_URL` names a mirror. */
const ETCD_URL = 'https://github.com/etcd-io/etcd/releases/download';

/** The hashes are small: a network that has not brought one by now will not bring 70 MB. */
const FIRST_ANSWER_MILLISECONDS = 5_000;

/** A download that brings nothing for this long has stalled. */
const STALL_MILLISECONDS = 30_000;

/** A published file, and the SHA-256 that is published beside it. */
interface Published {
  readonly url: string;
  readonly sha256: string;
}

/**
 * Fetches the published programs into `folder`, each checked against its published SHA-256. Throws a
 * {@link ProvisionError}: retryable when the network does not let them through, not when a file is not what it should be.
 */
export async function downloadPrograms(
  names: readonly ProgramName[],
  folder: string,
  provision: Provision,
  signal?: AbortSignal,
): Promise<void> {
  const published: [ProgramName, Published][] = [];
  for (const name of names) published.push([name, await find(name, provision.environment, signal)]);
  await stage(folder, async (temporary, ready) => {
    for (const [name, file] of published) {
      provision.report(`fetching ${name} from ${file.url}`);
      if (name === 'etcd') await fetchArchived(name, file, { temporary, ready }, provision, signal);
      else await fetchChecked(file, join(ready, name), provision, signal);
      await chmod(join(ready, name), 0o755);
    }
  });
}

/** Asks for the hashes first: they are small, and say at once whether the network lets anything through. */
async function find(name: ProgramName, environment: Environment, signal?: AbortSignal): Promise<Published> {
  if (name === 'etcd') return await findEtcd(environment, signal);
  const base = environment.TYPEMETAL_KUBERNETES_URL || KUBERNETES_URL;
  const url = `${base}/${KUBERNETES_VERSION}/bin/linux/${architecture()}/${name}`;
  return { url, sha256: hashIn(await smallText(`${url}.sha256`, signal), url) };
}

/** etcd publishes one archive for all its programs, and one list of hashes for all its archives. */
async function findEtcd(environment: Environment, signal?: AbortSignal): Promise<Published> {
  const base = `${environment.TYPEMETAL_ETCD_URL || ETCD_URL}/${ETCD_VERSION}`;
  const file = `etcd-${ETCD_VERSION}-linux-${architecture()}.tar.gz`;
  const sums = await smallText(`${base}/SHA256SUMS`, signal);
  const line = sums.split('\n').find((candidate) => candidate.trim().endsWith(` ${file}`));
  return { url: `${base}/${file}`, sha256: hashIn(line ?? '', `${base}/${file}`) };
}

/** The hash at the beginning of a line of sha256sum. Anything else, such as a page of a captive portal, is refused. */
function hashIn(text: string, url: string): string {
  const hash = text.trim().split(/\s/, 1)[0] ?? '';
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new ProvisionError(`no SHA-256 is published for ${url}`, false);
  return hash;
}

/** Takes one program out of an archive, once the whole archive is known to be right. */
async function fetchArchived(
  name: ProgramName,
  file: Published,
  folders: { temporary: string; ready: string },
  provision: Provision,
  signal?: AbortSignal,
): Promise<void> {
  const archive = join(folders.temporary, 'archive.tar.gz');
  await fetchChecked(file, archive, provision, signal);
  const member = `${file.url
    .split('/')
    .at(-1)
    ?.replace(/\.tar\.gz$/, '')}/${name}`;
  await run('tar', ['-xzf', archive, '-C', folders.ready, '--strip-components=1', '--no-same-owner', member]);
  await rm(archive);
}

/** Writes a file and checks it. The hash is computed on the way, so that the bytes are read once. */
async function fetchChecked(file: Published, path: string, provision: Provision, signal?: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  let received = 0;
  using _ticker = new Ticker(provision.report, () => `${Math.round(received / 1e6)} MB`);
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(new Error('nothing came for 30 s')), STALL_MILLISECONDS);
  try {
    const response = await answered(file.url, signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]));
    const watched = async function* (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        timer.refresh();
        hash.update(chunk);
        received += chunk.length;
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response), watched, createWriteStream(path));
  } catch (cause) {
    throw unreachable(file.url, cause);
  } finally {
    clearTimeout(timer);
  }
  const digest = hash.digest('hex');
  if (digest !== file.sha256) throw new ProvisionError(`${file.url} has SHA-256 ${digest}, published is ${file.sha256}: not used`, false);
}

async function smallText(url: string, signal?: AbortSignal): Promise<string> {
  const deadline = AbortSignal.timeout(FIRST_ANSWER_MILLISECONDS);
  const body = await answered(url, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
  try {
    return await new Response(body).text();
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

/** The body of a successful answer; every other outcome is an error that a later try may not meet. */
async function answered(url: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw unreachable(url, cause);
  });
  if (!response.ok || response.body === null) throw new ProvisionError(`${url}: ${response.status} ${response.statusText}`, true);
  return response.body;
}

function unreachable(url: string, cause: unknown): ProvisionError {
  return cause instanceof ProvisionError
    ? cause
    : new ProvisionError(`${new URL(url).host} cannot be reached (${describeError(cause)})`, true, { cause });
}
