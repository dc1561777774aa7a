import { writeFile } from 'node:fs/promises';

/** One way to one API server. */
export interface Access {
  /** `https://host:port`. */
  readonly url: string;
  /** The certificates to trust, as PEM text. */
  readonly authority: string;
  readonly user: string;
  /** The bearer token. */
  readonly token: string;
  /** The namespace for commands that name none. */
  readonly namespace?: string;
}

/** The text of a kubeconfig file with exactly this access in it. JSON, which every reader of YAML reads. */
export function kubeconfigText(access: Access): string {
  const name = 'typemetal-lab';
  const cluster = { server: access.url, 'certificate-authority-data': Buffer.from(access.authority).toString('base64') };
  const context = { cluster: name, user: access.user, namespace: access.namespace ?? 'default' };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name: access.user, user: { token: access.token } }],
    contexts: [{ name, context }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes a kubeconfig file that only this user can read, and says where. */
export async function writeKubeconfig(path: string, access: Access): Promise<string> {
  await writeFile(path, kubeconfigText(access), { mode: 0o600 });
  return path;
}
