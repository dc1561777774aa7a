import { type Import, importsOf, packageOf } from './imports.ts';
import { isProduct, type SourceFile } from './source-file.ts';

/** What the files of a room may import beside each other: the table of ARCHITECTURE.md as it is checked. */
interface Room {
  readonly path: string;
  /** Rooms whose code it may run. */
  readonly rooms: readonly string[];
  /** Rooms of which it may know the types. */
  readonly types: readonly string[];
  /** Packages, `node:*` for all of Node. */
  readonly packages: readonly string[];
}

const TELEMETRY_AND_CRDS = ['src/telemetry', 'src/crds'];
const OPERATOR: Omit<Room, 'path'> = {
  rooms: ['src/lib', 'src/model', 'src/kubernetes', 'src/certificates'],
  types: [...TELEMETRY_AND_CRDS, 'src/admission'],
  packages: [],
};

/** A file belongs to the first room whose path begins its own. */
const ROOMS: readonly Room[] = [
  { path: 'src/lib', rooms: [], types: [], packages: [] },
  { path: 'src/crds', rooms: [], types: [], packages: [] },
  { path: 'src/model', rooms: ['src/lib'], types: ['src/crds'], packages: [] },
  { path: 'packages/bgp-parser', rooms: [], types: [], packages: [] },
  { path: 'src/certificates', rooms: ['src/lib'], types: [], packages: ['node:crypto', 'node:util'] },
  {
    path: 'src/telemetry',
    rooms: ['src/lib'],
    types: [],
    packages: ['winston', 'prom-client', 'node:http', 'node:https', 'node:net', 'node:fs', 'node:path', 'node:url'],
  },
  {
    path: 'src/admission',
    rooms: ['src/lib', 'src/certificates'],
    types: ['src/telemetry'],
    packages: ['node:crypto', 'node:fs', 'node:http', 'node:http2', 'node:https', 'node:net', 'node:path', 'node:stream', 'node:tls'],
  },
  {
    path: 'src/kubernetes',
    rooms: ['src/lib'],
    types: TELEMETRY_AND_CRDS,
    packages: ['@kubernetes/client-node', '@dot-i/k8s-operator', 'node:*'],
  },
  { path: 'src/speaker/wire', rooms: ['src/lib'], types: [], packages: [] },
  {
    path: 'src/speaker/protocol',
    rooms: ['src/lib', 'src/model', 'src/speaker/wire', 'packages/bgp-parser'],
    types: [],
    packages: ['@typemetal/bgp-parser'],
  },
  { path: 'src/speaker/net', rooms: ['src/lib'], types: [], packages: ['node:*'] },
  {
    path: 'src/speaker/shell',
    rooms: ['src/lib', 'src/model', 'src/speaker/wire', 'src/speaker/protocol', 'src/speaker/net'],
    types: ['src/telemetry'],
    packages: ['node:worker_threads', '@typemetal/bgp-parser'],
  },
  { path: 'src/speaker/watch', rooms: ['src/lib', 'src/model', 'src/kubernetes'], types: TELEMETRY_AND_CRDS, packages: ['node:crypto'] },
  { path: 'src/speaker', rooms: ['src/lib'], types: [], packages: ['yaml'] },
  {
    path: 'src/program',
    rooms: ['src/lib', 'src/kubernetes', 'src/telemetry', 'src/certificates'],
    types: [],
    packages: ['node:*'],
  },
  { path: 'src/cli', rooms: ['src/lib', 'src/model', 'src/kubernetes'], types: TELEMETRY_AND_CRDS, packages: ['yaml', 'node:*'] },
];

/** A plan decides: it neither asks nor acts. */
const PLAN = /^src\/operators\/(?:[^/]+\/)*plan\.ts$/;
/** Composition roots: of a process, of a thread, of a package's command. */
const MAIN = /^(?:src|packages)\/.+\/main\.ts$/;

/** The room of a path; each operator's folder is one of its own. */
export function roomOf(path: string): string {
  const operator = /^src\/operators(?:\/[^/]+(?=\/))?/.exec(path);
  if (operator !== null) return operator[0];
  return ROOMS.find((room) => path.startsWith(`${room.path}/`))?.path ?? path.split('/', 1).join();
}

function rulesOf(path: string): Omit<Room, 'path'> | undefined {
  if (PLAN.test(path)) return { rooms: ['src/lib', 'src/model'], types: ['src/crds'], packages: [] };
  const room = roomOf(path);
  return room.startsWith('src/operators') ? OPERATOR : ROOMS.find((one) => one.path === room);
}

/** Imports that cross the product's rooms where no arrow leads. The `main.ts` files may import all of the product. */
export function checkRooms(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter((file) => isProduct(file.path) && file.path.endsWith('.ts'))
    .flatMap((file) => importsOf(file).flatMap((one) => complaint(file.path, one).map((text) => `${file.path}:${one.line}: ${text}`)));
}

function complaint(path: string, one: Import): readonly string[] {
  if (one.target !== undefined && !isProduct(one.target)) return [`imports ${one.target}, which is no part of the product`];
  if (MAIN.test(path)) return [];
  const rules = rulesOf(path);
  if (rules === undefined) return ['this folder is no room: put the file into one, or give the room its arrows in test/tidy/rooms.ts'];
  return one.target === undefined ? packageComplaint(path, rules, one) : roomComplaint(path, rules, one, one.target);
}

function packageComplaint(path: string, { packages }: Omit<Room, 'path'>, one: Import): readonly string[] {
  const name = packageOf(one.specifier);
  const allowed = packages.includes(name) || (name.startsWith('node:') && packages.includes('node:*'));
  return allowed ? [] : [`${roomOf(path)} may not import ${name}; it may import ${listed(packages)}`];
}

function roomComplaint(path: string, { rooms, types }: Omit<Room, 'path'>, one: Import, target: string): readonly string[] {
  const room = roomOf(target);
  if (room === roomOf(path) || rooms.includes(room)) return [];
  // kubectl explains with what the operators decide by.
  if (roomOf(path) === 'src/cli' && PLAN.test(target)) return [];
  if (!types.includes(room)) return [`${roomOf(path)} may not import ${room}; it may import ${listed([...rooms, ...types])}`];
  return one.typesOnly ? [] : [`${roomOf(path)} may import the types of ${room} only: write import type`];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}

/** `@dot-i/k8s-operator` is adapted in one place: what it does wrong is put right there. */
export function checkOperatorBase(files: readonly SourceFile[]): readonly string[] {
  const users = files.filter(
    (file) => isProduct(file.path) && importsOf(file).some((one) => packageOf(one.specifier) === '@dot-i/k8s-operator'),
  );
  return users.length <= 1
    ? []
    : users.map((file) => `${file.path}: imports @dot-i/k8s-operator: derive from the one class that adapts it`);
}

/** A file of a package; the one that is named after it is its public face. */
const PACKAGED = /^packages\/(?<name>[^/]+)\/src\/(?<file>.+)\.ts$/;

/** Imports that reach into a package from outside past its public face, tests included: nobody else could write them. */
export function checkPackageFaces(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ target = '', line }) => {
      const { name, file: reached } = PACKAGED.exec(target)?.groups ?? {};
      if (name === undefined || reached === name || file.path.startsWith(`packages/${name}/`)) return [];
      return [`${file.path}:${line}: imports ${target}: what packages/${name} offers stands in ${name}.ts`];
    }),
  );
}
