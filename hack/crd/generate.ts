import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BaseError, createGenerator } from 'ts-json-schema-generator';
import { stringify } from 'yaml';
import { CrdError } from './crd-error.ts';
import { type CustomResourceDefinition, customResourceDefinitions, KIND_TAGS } from './custom-resource-definition.ts';
import { type Definitions, KUBERNETES_KEYWORDS, SHARED_KEYWORDS } from './structural-schema.ts';

/** The first line of each generated file; a file without it was not written by the generator. */
export const GENERATED_HEADER = '# Generated from src/crds; change the types there, then: make generate';

/**
 * The list of the files, under that of its names which `kubectl apply -f` leaves alone; kustomize, and what is built on
 * it, takes either.
 */
export const KUSTOMIZATION = 'Kustomization';

const OWN_TAGS: readonly string[] = [...Object.keys(KUBERNETES_KEYWORDS), ...KIND_TAGS];
// asType says what JSON has and TypeScript has not: whole numbers.
const KNOWN_TAGS: ReadonlySet<string> = new Set([...SHARED_KEYWORDS, ...OWN_TAGS, 'asType']);
const TSCONFIG = join(import.meta.dirname, 'tsconfig.json');

/** The kinds that the types in `folder` declare. Throws a {@link CrdError} that names what is wrong with a type. */
export function readKinds(folder: string): readonly CustomResourceDefinition[] {
  refuseUnknownTags(folder);
  return customResourceDefinitions(definitionsOf(folder));
}

/** The files of config/crd by name: one for each of these kinds, and a kustomization that lists them. The same kinds give the same texts. */
export function filesOf(kinds: readonly CustomResourceDefinition[]): Map<string, string> {
  const files = new Map(kinds.map((kind) => [`${kind.spec.names.plural}.yaml`, render(kind)]));
  const resources = [...files.keys()];
  files.set(KUSTOMIZATION, render({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources }));
  return files;
}

function definitionsOf(folder: string): Definitions {
  try {
    const generator = createGenerator({
      path: join(folder, '*.ts'),
      tsconfig: TSCONFIG,
      sortProps: false,
      // No object is closed: an unknown field is for the server to warn about, which it does for kubectl's users.
      additionalProperties: true,
      extraTags: [...OWN_TAGS],
    });
    // The library's own type of a schema does not know the keywords that extraTags bring.
    return generator.createSchema('*').definitions as unknown as Definitions;
  } catch (failure) {
    throw failure instanceof BaseError ? new CrdError(firstFault(failure), { cause: failure }) : failure;
  }
}

/** The first thing that the compiler, or else the schema generator, found wrong, with its place. */
function firstFault(failure: BaseError): string {
  const { file, start, messageText } = failure.diagnostic.relatedInformation?.[0] ?? failure.diagnostic;
  const text = typeof messageText === 'string' ? messageText : messageText.messageText;
  if (file === undefined || start === undefined) return text;
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${text}`;
}

/** The schema generator skips a tag that it does not know, so that a misspelt limit would be no limit. */
function refuseUnknownTags(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    for (const [, tag = ''] of readFileSync(join(folder, file), 'utf8').matchAll(/^\s*(?:\/\*)?\*\s+@(\w+)/gm)) {
      if (!KNOWN_TAGS.has(tag))
        throw new CrdError(`${join(folder, file)}: tag @${tag} means nothing here; known are ${[...KNOWN_TAGS].join(', ')}`);
    }
  }
}

function render(document: object): string {
  // Neither folded lines nor anchors: a changed word is a changed line, and kubectl reads what people read.
  return `${GENERATED_HEADER}\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
