import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the part lies in its folder: below node_modules, so that the licence of the package goes with it. */
const PACKAGE = join('node_modules', '@kubernetes', 'client-node');

/** The files of the client that read a kubeconfig and get the credentials that it names. */
const READERS = ['azure_auth', 'config', 'config_types', 'exec_auth', 'file_auth', 'gcp_auth', 'middleware', 'oidc_auth'];

/** What those, and the base class of the operators, import and only call for requests, which are ours to make: 2 MB, of which 800 classes are made at each start. */
const NEVER_CALLED: Readonly<Record<string, string>> = {
  [join(PACKAGE, 'dist', 'gen', 'index.js')]: 'export const [createConfiguration, ServerConfiguration] = [];\n',
  [join(PACKAGE, 'dist', 'gen', 'rxjsStub.js')]: 'export const [of] = [];\n',
  'undici.js': 'export const [Agent, ProxyAgent] = [];\n',
  'gaxios.js': 'export const [instance] = [];\n',
};

/** The two names that the sources use. The client's own loadYaml turns documents into its classes, of which a kubeconfig is none. */
const FACE = `import { load } from 'js-yaml';
export { KubeConfig } from './config.js';
export function loadYaml(text) {
  const document = load(text);
  if (!document) throw new Error('Failed to load YAML');
  return document;
}
`;

/**
 * Writes into `folder`, which it empties, the part of the Kubernetes client that the product uses, and gives the names to bundle in place of whole
 * packages. The package has files of other names in another release: the bundler then says which it misses.
 */
export function writeClientPart(root: string, folder: string): Readonly<Record<string, string>> {
  rmSync(folder, { recursive: true, force: true });
  for (const file of ['package.json', 'LICENSE', ...READERS.map((name) => join('dist', `${name}.js`))]) {
    cpSync(join(root, PACKAGE, file), join(folder, PACKAGE, file));
  }
  const face = join(PACKAGE, 'dist', 'face.js');
  for (const [path, text] of Object.entries({ ...NEVER_CALLED, [face]: FACE })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { '@kubernetes/client-node': join(folder, face), undici: join(folder, 'undici.js'), gaxios: join(folder, 'gaxios.js') };
}
