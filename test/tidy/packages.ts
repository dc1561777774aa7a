/** What is read of `package.json`. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What is read of `package-lock.json`. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
}

/** Long abandoned, and with it a dozen others: the old Kubernetes client needs it. */
const UNWANTED = 'request';
/** Shorter than this it is no reason. */
const LEAST_REASON = 20;

/** Packages that must not be installed, or may not run when they are, and locked addresses of a registry. */
export function checkLockFile(lock: LockFile): readonly string[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) => [
    ...(path.endsWith(`node_modules/${UNWANTED}`)
      ? [`${path} is installed: find out with npm ls ${UNWANTED} who brings it, and override that`]
      : []),
    ...(entry.hasInstallScript === true && entry.dev !== true
      ? [`${path} runs a script when it is installed: choose another package`]
      : []),
    ...(entry.resolved?.includes('://') === true ? [`${path} is locked to one host: keep omit-lockfile-registry-resolved in .npmrc`] : []),
  ]);
}

/** `.npmrc` keeps packages from running at install time, whatever they want. */
export function checkNpmrc(text: string): readonly string[] {
  return /^ignore-scripts=true$/m.test(text) ? [] : ['.npmrc: does not say ignore-scripts=true'];
}

/** Each package that the product needs to run has a line in CONTRIBUTING.md that says why, and each is pinned. */
export function checkReasons(manifest: Manifest, contributing: string): readonly string[] {
  return Object.entries(manifest.dependencies ?? {}).flatMap(([name, version]) => {
    const line = contributing.split('\n').find((one) => /^(?:\||-) /.test(one) && one.includes(`\`${name}\``)) ?? '';
    const reason = line
      .replace(`\`${name}\``, '')
      .replace(/[|\s-]+/g, ' ')
      .trim();
    return [
      ...(reason.length < LEAST_REASON ? [`CONTRIBUTING.md: gives no reason for ${name}`] : []),
      ...(/^\d/.test(version) ? [] : [`package.json: ${name} is not pinned: ${version}`]),
    ];
  });
}
