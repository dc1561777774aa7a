import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type Access, writeKubeconfig } from './kubeconfig.ts';
import { type Kubectl, kubectlWith } from './kubectl.ts';
import type { Report, Servers } from './programs.ts';
import type { RunningProgram } from './running-program.ts';
import { Sandbox } from './sandbox.ts';
import { apiServerCommand, controllerManagerCommand, etcdCommand, type Paths, pathsIn } from './server-commands.ts';
import { ensureServers } from './servers.ts';

/** Where the servers run and how they are reached from there and from here. */
export interface Site {
  /** Puts what enters the servers' network namespace in front of a command. */
  readonly enter: (command: readonly string[]) => readonly string[];
  /** The address and the port that the API server listens on. */
  readonly address: string;
  readonly port: number;
  /** The base URL by which this process reaches it; its host must be {@link address} or 127.0.0.1. */
  readonly url: string;
}

/** What may be asked of a control plane. */
export interface ControlPlaneOptions {
  /** The programs; found, fetched or built when not given. */
  readonly servers?: Servers;
  /** The sandbox to run in, which then outlives the control plane; one of its own when not given. */
  readonly sandbox?: Sandbox;
  /** Loopback and a free port when not given. */
  readonly site?: Site;
  /** Whether a kube-controller-manager fills EndpointSlices, empties namespaces and collects garbage. */
  readonly controllerManager?: boolean;
  /** Controllers besides those that each lab has, as the controller manager names them. */
  readonly controllers?: readonly string[];
  /** Flags that are put behind the usual ones of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  readonly report?: Report;
}

/** Ready takes 4 to 6 s on two idle cores; a machine that is busy with builds takes several times that. */
const READY_MILLISECONDS = 240_000;

/** Tokens outlast every lab, so that no test depends on their renewal. Seconds. */
const TOKEN_SECONDS = 24 * 3_600;

/** A real etcd and a real kube-apiserver with RBAC, service accounts and both address families, for as long as it is not disposed of. */
export class ControlPlane implements AsyncDisposable {
  /** The programs in use. */
  readonly servers: Servers;
  /** The API server's base URL for this process. */
  readonly url: string;
  /** A kubeconfig file with every right, for this process. */
  readonly adminKubeconfig: string;
  /** The API with every right. */
  readonly api: ApiClient;
  readonly etcd: RunningProgram;
  /** The controller manager, where one was asked for. */
  readonly controllerManager: RunningProgram | undefined;
  readonly #parts: Parts;
  #apiServer: RunningProgram;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.servers = parts.servers;
    this.url = parts.site.url;
    this.adminKubeconfig = parts.kubeconfig;
    this.api = parts.api;
    this.etcd = parts.etcd;
    this.controllerManager = parts.controllerManager;
    this.#apiServer = parts.apiServer;
  }

  /** Starts one and waits until it is ready. Throws a ProgramError with the end of a log when a server does not come up. */
  static async start(options: ControlPlaneOptions = {}, signal?: AbortSignal): Promise<ControlPlane> {
    const report = options.report ?? ((): void => undefined);
    const servers = options.servers ?? (await ensureServers({ environment: process.env, report }, signal));
    await using undo = new AsyncDisposableStack();
    const sandbox = options.sandbox ?? undo.use(await Sandbox.open());
    const site = options.site ?? (await loopbackSite());
    const began = performance.now();
    const parts = await startServers({ servers, sandbox, site, options }, undo, signal);
    report(`control plane ready after ${((performance.now() - began) / 1_000).toFixed(1)} s: kube-apiserver at ${site.url}`);
    return new ControlPlane({ ...parts, undo: undo.move() });
  }

  /** The API server that runs, or ran last: it can be paused, resumed, stopped and killed. */
  get apiServer(): RunningProgram {
    return this.#apiServer;
  }

  /** Starts the API server again after it was stopped or killed, and waits until it is ready. */
  async startApiServer(signal?: AbortSignal): Promise<void> {
    this.#apiServer = this.#parts.sandbox.start('kube-apiserver', this.#parts.apiServerCommand);
    await ready(this.#apiServer, this.api, signal);
  }

  /** Runs kubectl with every right and gives what it printed. Throws with its error text when it fails. */
  readonly kubectl: Kubectl = (args, options) =>
    kubectlWith(this.servers.kubectl, this.#parts.sandbox.environment({ KUBECONFIG: this.adminKubeconfig }))(args, options);

  /**
   * A kubeconfig file for a service account, with a token that the server gave out (TokenRequest). `url` is for a
   * process that reaches the server by another way than this one.
   */
  async serviceAccountKubeconfig(namespace: string, name: string, url: string = this.url): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: TOKEN_SECONDS } };
    const answer = (await this.api.post(path, request)) as { status: { token: string } };
    const { sandbox, authority } = this.#parts;
    const access = { url, authority, user: `system:serviceaccount:${namespace}:${name}`, token: answer.status.token, namespace };
    const file = `${namespace}-${name}${url === this.url ? '' : '-inside'}.kubeconfig`;
    return await writeKubeconfig(sandbox.path(file), access);
  }

  /** Stops all of it; with a sandbox of its own, nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.api[Symbol.dispose]();
    await Promise.all([this.#apiServer, this.etcd, this.controllerManager].map((program) => program?.kill()));
    await this.#parts.undo.disposeAsync();
  }
}

/** What the servers are started from. */
interface Request {
  readonly servers: Servers;
  readonly sandbox: Sandbox;
  readonly site: Site;
  readonly options: ControlPlaneOptions;
}

/** What a control plane consists of when it runs. */
interface Parts extends Omit<Request, 'options'> {
  readonly authority: string;
  readonly kubeconfig: string;
  readonly api: ApiClient;
  readonly etcd: RunningProgram;
  readonly apiServer: RunningProgram;
  readonly apiServerCommand: readonly string[];
  readonly controllerManager: RunningProgram | undefined;
  readonly undo: AsyncDisposableStack;
}

/** In the order in which each needs the one before; what was started is undone when a later step fails. */
async function startServers(request: Request, undo: AsyncDisposableStack, signal?: AbortSignal): Promise<Omit<Parts, 'undo'>> {
  const { servers, sandbox, site, options } = request;
  const paths = pathsIn(sandbox.folder);
  const token = await writeSecrets(paths);
  const launch = (name: string, command: readonly string[]): RunningProgram => {
    const program = sandbox.start(name, site.enter(command));
    undo.defer(() => program.kill());
    return program;
  };
  const etcd = launch('etcd', etcdCommand(servers.etcd, paths));
  const command = [...apiServerCommand(servers['kube-apiserver'], paths, site), ...(options.apiServerFlags ?? [])];
  const apiServer = launch('kube-apiserver', command);
  const authority = await servingCertificate(apiServer, etcd, paths, signal);
  const access: Access = { url: site.url, authority, user: 'admin', token };
  const kubeconfig = await writeKubeconfig(paths.adminKubeconfig, access);
  const api = undo.use(new ApiClient(access));
  await ready(apiServer, api, signal);
  const managerConfig = await writeKubeconfig(paths.managerKubeconfig, { ...access, url: `https://${site.address}:${site.port}` });
  const wanted = options.controllerManager === true;
  const managerCommand = controllerManagerCommand(servers, paths, managerConfig, options.controllers);
  const controllerManager = wanted ? launch('kube-controller-manager', managerCommand) : undefined;
  return { servers, sandbox, site, authority, kubeconfig, api, etcd, apiServer, apiServerCommand: site.enter(command), controllerManager };
}

/** The admin's token, and the key that signs the service accounts' tokens: new for each control plane. Gives the token. */
async function writeSecrets(paths: Paths): Promise<string> {
  const token = randomBytes(24).toString('hex');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const mode = 0o600;
  await writeFile(paths.tokens, `${token},admin,admin,system:masters\n`, { mode });
  await writeFile(paths.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode });
  return token;
}

/** The API server makes its own certificate authority and writes it behind its certificate; it needs etcd for nothing of that. */
async function servingCertificate(apiServer: RunningProgram, etcd: RunningProgram, paths: Paths, signal?: AbortSignal): Promise<string> {
  const probe = async (): Promise<string | undefined> => {
    if (!(apiServer.alive && etcd.alive)) return 'ended';
    const text = await readFile(paths.servingCertificate, 'utf8');
    return text.trimEnd().endsWith('-----END CERTIFICATE-----') ? text : undefined;
  };
  const text = await eventually('kube-apiserver writes its certificate', probe, { withinMilliseconds: READY_MILLISECONDS }, signal);
  if (text !== 'ended') return text;
  throw await (etcd.alive ? apiServer : etcd).failure('ended while starting');
}

async function ready(apiServer: RunningProgram, api: ApiClient, signal?: AbortSignal): Promise<void> {
  const probe = async (): Promise<'ready' | 'ended' | false> => {
    if (!apiServer.alive) return 'ended';
    return (await api.get('/readyz', signal)).text === 'ok' && 'ready';
  };
  const patience = { withinMilliseconds: READY_MILLISECONDS };
  const outcome = await eventually('kube-apiserver is ready', probe, patience, signal);
  if (outcome === 'ended') throw await apiServer.failure('ended while starting');
  // It makes them itself, and says that it is ready before it has.
  for (const name of ['kube-system', 'default']) {
    const made = async (): Promise<boolean> => 'metadata' in (await api.get(`/api/v1/namespaces/${name}`, signal));
    await eventually(`the namespace ${name}`, made, patience, signal);
  }
}

async function loopbackSite(): Promise<Site> {
  const address = '127.0.0.1';
  const port = await freePort(address);
  return { enter: (command) => command, address, port, url: `https://${address}:${port}` };
}
