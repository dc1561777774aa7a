import { readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';
import { MetalError } from '../lib/errors.ts';
import { listOf, objectOf, textOf } from '../lib/json.ts';

/** There is no usable way to the API server; the text says what to do. */
export class KubeConfigError extends MetalError {
  readonly code = 'KUBECONFIG';
  readonly retryable = false;
}

/** Where to look for the API server and the credentials. */
export interface KubeConfigOptions {
  /** The file that a flag names; empty is as good as absent. */
  readonly kubeconfig?: string | undefined;
  /** The environment of the process: KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its service account; another folder in tests. */
  readonly serviceAccountFolder?: string;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const REMEDY = 'name a kubeconfig with --kubeconfig or in KUBECONFIG, or run in a pod with a service account';
const NO_TOKEN = 'this pod has no service account token: set serviceAccountName and automountServiceAccountToken in its spec';

/**
 * Finds the API server: the file of the flag, else those of KUBECONFIG (merged as kubectl does, the first mention of a
 * name counts), else the pod's service account, else ~/.kube/config. Throws a {@link KubeConfigError} that names the
 * file and what is wrong with it; it never quotes the file, which holds secrets.
 */
export function loadConfig({ kubeconfig, environment, serviceAccountFolder = SERVICE_ACCOUNT_FOLDER }: KubeConfigOptions): KubeConfig {
  if (filled(kubeconfig)) return usable(fromFile(kubeconfig), kubeconfig);
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter(filled);
  if (listed.length > 0) return usable(merged(listed), listed.join(delimiter));
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  const inPod = filled(host) && filled(port);
  if (inPod && read(join(serviceAccountFolder, 'token')) !== undefined) return inCluster(host, port, serviceAccountFolder);
  const own = join(environment.HOME ?? '/', '.kube', 'config');
  if (read(own) === undefined) throw new KubeConfigError(inPod ? NO_TOKEN : `no API server is configured: ${REMEDY}`);
  return usable(fromFile(own), own);
}

function filled(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** The text of `file`, `undefined` when there is none. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new KubeConfigError(`kubeconfig "${file}" cannot be read (${code}): ${REMEDY}`);
  }
}

function fromFile(file: string): KubeConfig {
  const text = read(file);
  if (text === undefined) throw new KubeConfigError(`kubeconfig "${file}" does not exist: ${REMEDY}`);
  return parsed(text, file);
}

/** Of several files those that do not exist are left out, as kubectl does; at least one must. */
function merged(files: readonly string[]): KubeConfig {
  const found = files.flatMap((file) => {
    const text = read(file);
    return text === undefined ? [] : [parsed(text, file)];
  });
  if (found.length === 0) throw new KubeConfigError(`kubeconfig "${files.join(delimiter)}" does not exist: ${REMEDY}`);
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: firstOfEachName(found.flatMap((one) => one.clusters)),
    users: firstOfEachName(found.flatMap((one) => one.users)),
    contexts: firstOfEachName(found.flatMap((one) => one.contexts)),
    currentContext: found.find((one) => filled(one.currentContext))?.currentContext,
  });
  return config;
}

function firstOfEachName<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
  return [...new Map([...all].reverse().map((one) => [one.name, one])).values()].reverse();
}

function parsed(text: string, file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    const document = objectOf(loadYaml(text));
    // JSON is YAML too: the one way into the parser of client-node that leaves room for what it does not know itself.
    config.loadFromString(JSON.stringify({ ...document, users: listOf(document.users).map(withTokenFile) }));
  } catch (thrown) {
    throw new KubeConfigError(`kubeconfig "${file}" is not valid: ${faultOf(thrown)}`);
  }
  config.makePathsAbsolute(dirname(file));
  for (const { authProvider } of config.users) resolveTokenFile(authProvider, dirname(file));
  return config;
}

/** client-node knows a token file only as an authentication provider, which reads it anew each minute. */
function withTokenFile(entry: unknown): unknown {
  const { user, ...named } = objectOf(entry);
  const { tokenFile, ...rest } = objectOf(user);
  const provider = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
  return textOf(tokenFile) === undefined ? entry : { ...named, user: { ...rest, ...provider } };
}

function resolveTokenFile(authProvider: { config?: { tokenFile?: string } } | undefined, folder: string): void {
  const config = authProvider?.config;
  if (config?.tokenFile !== undefined && !isAbsolute(config.tokenFile)) config.tokenFile = join(folder, config.tokenFile);
}

/** The parser's complaint without the lines of the file that it quotes. */
function faultOf(thrown: unknown): string {
  const { reason, mark } = thrown as { reason?: unknown; mark?: { line?: number } };
  if (textOf(reason) !== undefined) return `${reason}${mark?.line === undefined ? '' : ` in line ${mark.line + 1}`}`;
  return thrown instanceof Error ? (thrown.message.split('\n', 1)[0] ?? '') : 'it is not YAML';
}

/** A pod's own way to the API server. The token is read anew while the program runs: it changes each hour or so. */
function inCluster(host: string, port: string, folder: string): KubeConfig {
  const tokenFile = join(folder, 'token');
  const config = new KubeConfig();
  const authority = host.includes(':') ? `[${host}]` : host;
  config.loadFromClusterAndUser(
    { name: 'in-cluster', server: `https://${authority}:${port}`, caFile: join(folder, 'ca.crt'), skipTLSVerify: false },
    { name: 'service-account', authProvider: { name: 'tokenFile', config: { tokenFile } } },
  );
  return config;
}

function usable(config: KubeConfig, origin: string): KubeConfig {
  const fault = faultIn(config);
  if (fault !== undefined) throw new KubeConfigError(`kubeconfig "${origin}" ${fault}`);
  return config;
}

function faultIn(config: KubeConfig): string | undefined {
  const { currentContext } = config;
  if (!filled(currentContext)) return 'has no current-context: choose one with `kubectl config use-context`';
  const context = config.getContextObject(currentContext);
  if (context === null) return `has no context "${currentContext}", which its current-context names`;
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) return `has no cluster "${context.cluster}", which context "${currentContext}" names`;
  if (!URL.canParse(cluster.server)) return `has no valid URL as the server of cluster "${cluster.name}"`;
  if (filled(context.user) && config.getUser(context.user) === null) {
    return `has no user "${context.user}", which context "${currentContext}" names`;
  }
  return undefined;
}
