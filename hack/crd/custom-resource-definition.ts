import { CrdError } from './crd-error.ts';
import { type Definitions, type DraftSchema, type StructuralSchema, structuralSchema } from './structural-schema.ts';

/** One CustomResourceDefinition, in the order of its fields in the file. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: CustomResourceDefinitionSpec;
}

interface CustomResourceDefinitionSpec {
  readonly group: string;
  readonly names: { readonly kind: string; readonly listKind: string; readonly plural: string; readonly singular: string };
  readonly scope: 'Namespaced';
  readonly conversion?: { readonly strategy: 'None' };
  readonly versions: readonly Version[];
}

interface Version {
  readonly name: string;
  readonly served: true;
  readonly storage: boolean;
  readonly deprecated?: true;
  readonly deprecationWarning?: unknown;
  readonly additionalPrinterColumns?: unknown;
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

/** The tags of an interface that is a kind, beside those of the schema. */
export const KIND_TAGS: readonly string[] = ['plural', 'storageVersion', 'deprecated', 'printerColumns'];

/** One version of a kind, as its interface tells it. */
interface KindVersion {
  readonly typeName: string;
  readonly draft: DraftSchema;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

/**
 * The CustomResourceDefinitions of all types that carry the tag `plural`, by plural name; types with the same plural are
 * versions of one kind. Throws a {@link CrdError} when a kind has not exactly one stored version.
 */
export function customResourceDefinitions(definitions: Definitions): CustomResourceDefinition[] {
  const versions = Object.entries(definitions)
    .filter(([, draft]) => draft.plural !== undefined)
    .map(([typeName, draft]) => kindVersion(typeName, draft))
    .sort((left, right) => compareText(left.plural, right.plural) || compareText(left.version, right.version));
  return [...Map.groupBy(versions, (version) => version.plural).values()].map((group) => definitionOf(group, definitions));
}

function kindVersion(typeName: string, draft: DraftSchema): KindVersion {
  const [group, version] = literal(typeName, draft, 'apiVersion').split('/');
  if (group === undefined || version === undefined) throw new CrdError(`${typeName}: apiVersion must be "group/version"`);
  return { typeName, draft, group, version, kind: literal(typeName, draft, 'kind'), plural: String(draft.plural) };
}

function literal(typeName: string, draft: DraftSchema, field: string): string {
  const value = draft.properties?.[field]?.const;
  if (typeof value !== 'string') throw new CrdError(`${typeName}: ${field} must be a literal text; extend CustomResource of meta.ts`);
  return value;
}

function definitionOf(versions: readonly KindVersion[], definitions: Definitions): CustomResourceDefinition {
  const [first] = versions;
  if (first === undefined) throw new CrdError('a kind without a version');
  const { group, kind, plural } = first;
  const stored = versions.filter((version) => versions.length === 1 || version.draft.storageVersion !== undefined);
  if (stored.length !== 1) throw new CrdError(`${kind}: ${stored.length} versions carry @storageVersion, exactly one must`);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: 'Namespaced',
      // Said aloud, so that an apply takes back the webhook that another implementation had put there.
      ...(versions.length > 1 && { conversion: { strategy: 'None' } }),
      versions: versions.map((version) => versionOf(version, stored.includes(version), definitions)),
    },
  };
}

function versionOf({ typeName, version, draft }: KindVersion, storage: boolean, definitions: Definitions): Version {
  return {
    name: version,
    served: true,
    storage,
    ...(draft.deprecated !== undefined && { deprecated: true, deprecationWarning: draft.deprecated }),
    ...(draft.printerColumns !== undefined && { additionalPrinterColumns: draft.printerColumns }),
    subresources: { status: {} },
    schema: { openAPIV3Schema: rootSchema(typeName, draft, definitions) },
  };
}

/** The schema of a whole object. Of `metadata` it says nothing: its fields are the server's, and the server requires them. */
function rootSchema(typeName: string, draft: DraftSchema, definitions: Definitions): StructuralSchema {
  if (!draft.description) throw new CrdError(`${typeName}: no description; write a doc comment, which kubectl explain shows`);
  const own = Object.fromEntries(Object.entries(draft).filter(([keyword]) => keyword !== 'required' && !KIND_TAGS.includes(keyword)));
  const required = (draft.required ?? []).filter((field) => field !== 'metadata');
  const root = { ...own, properties: openFields(draft), ...(required.length > 0 && { required }) };
  const schema = structuralSchema(root, definitions, typeName);
  return { ...schema, properties: { ...schema.properties, metadata: { type: 'object' } } };
}

/** The fields of a kind, those whose content the server checks by itself (apiVersion, kind, metadata) without any content. */
function openFields(draft: DraftSchema): Record<string, DraftSchema> {
  const bare = (field: DraftSchema, type: string): DraftSchema => ({ description: field.description ?? '', type });
  const open = (name: string, field: DraftSchema): DraftSchema => {
    if (name === 'metadata') return bare(field, 'object');
    return field.const === undefined ? field : bare(field, 'string');
  };
  return Object.fromEntries(Object.entries(draft.properties ?? {}).map(([name, field]) => [name, open(name, field)]));
}

/** Orders by code units, the same on every machine. */
function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
