import { stringify } from 'yaml';
import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import { DEFAULT_NAMESPACE } from './command-line.ts';
import type { TextFile } from './files.ts';
import { lint } from './lint.ts';
import { readManifests } from './manifests.ts';
import { type Translation, translate } from './old-configuration.ts';
import { CommandError, type Report } from './report.ts';

/** The old configuration in a file, and the namespace that it was for. */
interface OldConfiguration {
  readonly configuration: JsonObject;
  readonly namespace: string | undefined;
}

/** The top fields of the configuration, by which a file without a ConfigMap around it is known. */
const TOP_FIELDS = ['peers', 'address-pools', 'bgp-communities', 'bfd-profiles'];

/**
 * The objects that a configuration of MetalLB before 0.13 stands for: a ConfigMap with the key `config`, also in a list; the values of
 * Helm with `configInline`; or the bare configuration. Throws a `CommandError` for a file that holds none.
 */
export function migrateReport({ name, text }: TextFile, namespace: string | undefined): Report {
  const { configuration, namespace: own } = find(name, text);
  const home = namespace ?? own ?? DEFAULT_NAMESPACE;
  const translation = translate(configuration, home);
  const faults = lint(
    translation.objects.map((object) => ({ file: name, line: 1, object })),
    home,
  );
  const lost = [...translation.lost, ...faults.filter(({ level }) => level === 'error').map((fault) => `${fault.object}: ${fault.text}`)];
  const notes = [
    ...translation.notes,
    ...faults.filter(({ level }) => level === 'warning').map((fault) => `${fault.object}: ${fault.text}`),
  ];
  return {
    exitCode: lost.length === 0 ? 0 : 1,
    json: { apiVersion: 'v1', kind: 'List', items: translation.objects },
    text: () => documentsOf(translation),
    complaints: [...lost, ...notes.map((note) => `note: ${note}`)],
  };
}

/** Quoted for YAML 1.1 too, which is what kubectl reads: there a plain `no` is no text. */
function documentsOf({ objects }: Translation): string {
  return objects.map((object) => stringify(object, { version: '1.1', lineWidth: 0 })).join('---\n');
}

function find(file: string, text: string): OldConfiguration {
  const { manifests, faults } = readManifests(file, text);
  const [fault] = faults;
  if (fault !== undefined) throw new CommandError(`${file}: line ${fault.line}: ${fault.text}`);
  const found = manifests.flatMap(({ object }) => configurationsOf(file, object));
  const [first, second] = found;
  if (second !== undefined) throw new CommandError(`${file} holds ${found.length} old configurations: give them one at a time`);
  if (first !== undefined) return first;
  throw new CommandError(
    `${file} holds no configuration of MetalLB before 0.13: want a ConfigMap with the key config, as kubectl get configmap -o yaml prints it`,
  );
}

function configurationsOf(file: string, object: JsonObject): readonly OldConfiguration[] {
  const { kind, data, metadata, configInline } = object;
  const config = textOf(objectOf(data).config);
  if (kind === 'ConfigMap' && config !== undefined) {
    return [{ configuration: parsed(`${file}, key config`, config), namespace: textOf(objectOf(metadata).namespace) }];
  }
  if (kind !== undefined) return [];
  if (objectOf(configInline) === configInline) return [{ configuration: objectOf(configInline), namespace: undefined }];
  return TOP_FIELDS.some((name) => Object.hasOwn(object, name)) ? [{ configuration: object, namespace: undefined }] : [];
}

/** An empty text is an empty configuration. */
function parsed(title: string, config: string): JsonObject {
  const { manifests, faults } = readManifests(title, config);
  const [fault] = faults;
  if (fault !== undefined) throw new CommandError(`${title}: line ${fault.line}: ${fault.text}`);
  if (manifests.length > 1) throw new CommandError(`${title} holds ${manifests.length} documents: want one`);
  return manifests[0]?.object ?? {};
}
