import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from './free-port.ts';
import { architecture, type Environment, ETCD_VERSION, KUBERNETES_VERSION, PROGRAMS, type Provision } from './programs.ts';
import { ensureServers } from './servers.ts';

/** How the servers are got, with a home, a machine's cache, a publisher and a Go of the test's own. */

const WORDS: Record<string, string> = Object.fromEntries(PROGRAMS.map((name) => [name, `#!/bin/sh\necho this is ${name}\n`]));
const ARCHIVE = `etcd-${ETCD_VERSION}-linux-${architecture()}`;

let root = '';
let publisher: Server;
/** What the publisher has, by path; a path that is not here is a 404. */
let files: Map<string, Buffer>;
let asked: string[];
let reported: string[];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'typemetal-provision-'));
  files = new Map();
  asked = [];
  reported = [];
  publisher = createServer((request, response) => {
    asked.push(request.url ?? '');
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  publisher.listen(0, '127.0.0.1');
  await once(publisher, 'listening');
});

afterEach(() => {
  publisher.close();
  publisher.closeAllConnections();
  rmSync(root, { recursive: true });
});

const home = (): string => join(root, '.cache/typemetal/kubernetes', KUBERNETES_VERSION);
const machine = (): string => join(root, 'machine/kubernetes', KUBERNETES_VERSION);

function provision(more: Environment = {}): Provision {
  const url = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}`;
  const own = { HOME: root, PATH: '/usr/bin:/bin', GOROOT: join(root, 'go'), TYPEMETAL_SYSTEM_CACHE: join(root, 'machine') };
  return {
    environment: { ...own, TYPEMETAL_KUBERNETES_URL: url, TYPEMETAL_ETCD_URL: url, ...more },
    report: (line) => reported.push(line),
  };
}

function put(folder: string, names: readonly string[] = PROGRAMS): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), WORDS[name] ?? '', { mode: 0o755 });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function publish(): void {
  for (const name of PROGRAMS.filter((each) => each !== 'etcd')) {
    const path = `/${KUBERNETES_VERSION}/bin/linux/${architecture()}/${name}`;
    const bytes = Buffer.from(WORDS[name] ?? '');
    files.set(path, bytes).set(`${path}.sha256`, Buffer.from(sha256(bytes)));
  }
  put(join(root, 'archive', ARCHIVE), ['etcd']);
  const bytes = execFileSync('tar', ['-cz', '-C', join(root, 'archive'), ARCHIVE]);
  const sums = `${'0'.repeat(64)}  other.tar.gz\n${sha256(bytes)}  ${ARCHIVE}.tar.gz\n`;
  files.set(`/${ETCD_VERSION}/${ARCHIVE}.tar.gz`, bytes).set(`/${ETCD_VERSION}/SHA256SUMS`, Buffer.from(sums));
}

/** A go program that writes what it is told to build, and keeps its arguments in `go/calls`. */
function installGo(): void {
  const script = `#!/bin/sh
echo "$@" >> ${root}/go/calls
if [ "$1 $2" = 'mod download' ]; then printf '{"GoMod": "${root}/go/kubernetes.mod"}'; exit; fi
cp go.mod ${root}/go/go.mod
for argument; do case $argument in */ready/) out=$argument;; */*) touch "$out\${argument##*/}";; esac; done
if [ -e "$out/v3" ]; then mv "$out/v3" "$out/server"; fi
chmod +x "$out"*
`;
  mkdirSync(join(root, 'go/bin'), { recursive: true });
  writeFileSync(join(root, 'go/bin/go'), script);
  chmodSync(join(root, 'go/bin/go'), 0o755);
  const kubernetes =
    'module k8s.io/kubernetes\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.0.0-20260210185600-b8788abfbbc2\n)\n';
  writeFileSync(join(root, 'go/kubernetes.mod'), kubernetes);
}

describe('programs that are there', () => {
  test.each<{ name: string; put: () => void; environment?: () => Environment; from: () => string }>([
    { name: "in this user's cache", put: () => put(home()), from: home },
    { name: "in the machine's cache", put: () => put(machine()), from: machine },
    {
      name: 'in XDG_CACHE_HOME',
      put: () => put(join(root, 'x/typemetal/kubernetes', KUBERNETES_VERSION)),
      environment: () => ({ XDG_CACHE_HOME: join(root, 'x') }),
      from: () => join(root, 'x/typemetal/kubernetes', KUBERNETES_VERSION),
    },
  ])('are taken from where they are: $name', async ({ put: place, environment, from }) => {
    place();
    const servers = await ensureServers(provision(environment?.()));
    expect(Object.values(servers)).toEqual(PROGRAMS.map((name) => join(from(), name)));
    expect(reported).toEqual([expect.stringContaining(`${PROGRAMS.join(', ')} from `)]);
    expect(asked).toEqual([]);
  });

  test('are taken from KUBEBUILDER_ASSETS first, each by itself', async () => {
    put(home());
    put(join(root, 'assets'), ['etcd', 'kubectl']);
    const servers = await ensureServers(provision({ KUBEBUILDER_ASSETS: join(root, 'assets') }));
    expect(PROGRAMS.filter((name) => dirname(servers[name]) === join(root, 'assets'))).toEqual(['etcd', 'kubectl']);
    expect(reported).toHaveLength(2);
  });

  test("are not taken from a machine's cache that others can write to", async () => {
    put(machine());
    chmodSync(machine(), 0o777);
    await expect(ensureServers(provision())).rejects.toThrow('neither on this machine nor to be downloaded');
  });

  test('are not taken when they cannot be run', async () => {
    put(home());
    chmodSync(join(home(), 'etcd'), 0o644);
    await expect(ensureServers(provision())).rejects.toThrow('The test servers etcd (');
  });
});

describe('published programs', () => {
  test('are fetched into the cache when their hashes are right', async () => {
    publish();
    const servers = await ensureServers(provision());
    for (const name of PROGRAMS) expect(execFileSync(servers[name]).toString()).toBe(`this is ${name}\n`);
    expect(readdirSync(home()).sort()).toEqual([...PROGRAMS]);
    expect(readdirSync(dirname(home()))).toEqual([KUBERNETES_VERSION]);
  });

  test('are fetched once, also when two runs want them at the same time', async () => {
    publish();
    const [one, other] = await Promise.all([ensureServers(provision()), ensureServers(provision())]);
    expect(one).toEqual(other);
    asked = [];
    await ensureServers(provision());
    expect(asked).toEqual([]);
  });

  test('are fetched only where they are missing', async () => {
    publish();
    put(home(), ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy']);
    await ensureServers(provision());
    expect(asked).toEqual([expect.stringMatching(/kubectl\.sha256$/), expect.stringMatching(/kubectl$/)]);
  });

  test.each([
    { what: 'kube-proxy', path: `/${KUBERNETES_VERSION}/bin/linux/${architecture()}/kube-proxy` },
    { what: 'etcd', path: `/${ETCD_VERSION}/${ARCHIVE}.tar.gz` },
  ])('are refused when $what is not what its hash says', async ({ path }) => {
    publish();
    files.set(path, Buffer.from('something else'));
    await expect(ensureServers(provision())).rejects.toThrow(/not used\. Install Go/);
    expect(readdirSync(dirname(home()))).toEqual([]);
  });

  test.each([
    { name: 'there is no such release', change: () => files.clear(), says: '404 Not Found' },
    {
      name: 'a hash is no hash',
      change: () => files.set(`/${ETCD_VERSION}/SHA256SUMS`, Buffer.from('<html>')),
      says: 'no SHA-256 is published',
    },
  ])('are not to be had when $name', async ({ change, says }) => {
    publish();
    change();
    await expect(ensureServers(provision())).rejects.toThrow(says);
  });

  test('are not to be had where nothing answers', async () => {
    const url = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
    const failing = ensureServers(provision({ TYPEMETAL_KUBERNETES_URL: url, TYPEMETAL_ETCD_URL: url }));
    await expect(failing).rejects.toThrow(/127\.0\.0\.1:\d+ cannot be reached \(.*\)\. Install Go 1\.21 or newer/);
  });
});

describe('a build', () => {
  test('makes what was not to be had otherwise, and names etcd properly', async () => {
    installGo();
    put(home(), ['kubectl', 'kube-proxy']);
    const servers = await ensureServers(provision());
    expect(Object.values(servers).map((path) => dirname(path))).toEqual(PROGRAMS.map(home));
    const calls = readFileSync(join(root, 'go/calls'), 'utf8');
    expect(calls).toContain(`component-base/version.gitVersion=${KUBERNETES_VERSION}`);
    expect(calls.trim()).toMatch(
      / go\.etcd\.io\/etcd\/server\/v3 k8s\.io\/kubernetes\/cmd\/kube-apiserver k8s\.io\/kubernetes\/cmd\/kube-controller-manager$/,
    );
    expect(reported).toContainEqual(expect.stringContaining('about 5 minutes on two cores'));
  });

  test("replaces the modules of Kubernetes' own tree, and no others", async () => {
    installGo();
    await ensureServers(provision());
    const module = readFileSync(join(root, 'go/go.mod'), 'utf8');
    const published = KUBERNETES_VERSION.replace('v1', 'v0');
    expect(module.split('\n').slice(1, -1)).toEqual([
      'go 1.26.0',
      `require k8s.io/kubernetes ${KUBERNETES_VERSION}`,
      `require go.etcd.io/etcd/server/v3 ${ETCD_VERSION}`,
      `replace k8s.io/api => k8s.io/api ${published}`,
    ]);
  });

  test('that fails says what Go said', async () => {
    installGo();
    writeFileSync(join(root, 'go/bin/go'), '#!/bin/sh\necho "no space left" >&2\nexit 1\n');
    await expect(ensureServers(provision())).rejects.toThrow('go mod failed:\nno space left');
  });
});

describe('as root', () => {
  const onlyAsRoot = process.getuid?.() === 0 ? test : test.skip;

  onlyAsRoot('what this user has is given to the machine, for the next fresh home', async () => {
    put(home());
    await ensureServers(provision());
    expect(readdirSync(machine()).sort()).toEqual([...PROGRAMS]);
    const other = join(root, 'other');
    const servers = await ensureServers(provision({ HOME: other }));
    expect(dirname(servers.etcd)).toBe(machine());
    expect(asked).toEqual([]);
  });
});
