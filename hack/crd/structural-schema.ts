import { CrdError } from './crd-error.ts';

/** A JSON schema of draft-07 as it comes from the types, with our own tags as further keywords. */
export interface DraftSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, DraftSchema>>;
  readonly items?: DraftSchema;
  readonly additionalProperties?: boolean | DraftSchema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** The exported types by name, which `$ref` points to. */
export type Definitions = Readonly<Record<string, DraftSchema>>;

/** A structural schema: each value has one type, nothing refers elsewhere, no field is closed to additions. */
export interface StructuralSchema {
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly [keyword: string]: unknown;
}

/** The tags that draft-07 does not know, and the keyword of Kubernetes that each becomes. */
export const KUBERNETES_KEYWORDS: Readonly<Record<string, string>> = {
  listType: 'x-kubernetes-list-type',
  listMapKeys: 'x-kubernetes-list-map-keys',
  mapType: 'x-kubernetes-map-type',
  validations: 'x-kubernetes-validations',
};

/** The keywords that mean the same on both sides, in the order in which they are written. */
export const SHARED_KEYWORDS: readonly string[] = [
  'description',
  'type',
  'format',
  'enum',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
];

const NESTING_KEYWORDS: readonly string[] = ['properties', 'items', 'additionalProperties', 'required'];
const KNOWN_KEYWORDS: ReadonlySet<string> = new Set([...SHARED_KEYWORDS, ...NESTING_KEYWORDS, ...Object.keys(KUBERNETES_KEYWORDS)]);
const TYPES: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'boolean', 'integer']);
const REFERENCE_PREFIX = '#/definitions/';

/**
 * Turns `draft` into a structural schema that an API server accepts: references inlined, tags as keywords of
 * Kubernetes. Nothing is left out in silence: a keyword or type without a structural form, a field without a
 * description and a type that holds itself throw a {@link CrdError} that names the field. `path` names the place.
 */
export function structuralSchema(draft: DraftSchema, definitions: Definitions, path: string): StructuralSchema {
  return translate(draft, { definitions, path, within: [] });
}

/** Where a translation stands: `within` are the types whose fields it is in. */
interface Place {
  readonly definitions: Definitions;
  readonly path: string;
  readonly within: readonly string[];
}

function translate(draft: DraftSchema, outer: Place): StructuralSchema {
  const { node, place } = inline(draft, outer);
  refuseWhatIsNotStructural(node, place.path);
  const schema: { properties?: Record<string, StructuralSchema>; [keyword: string]: unknown } = {};
  for (const keyword of SHARED_KEYWORDS) if (node[keyword] !== undefined) schema[keyword] = node[keyword];
  // A slash needs no escape in Go's expressions, but in a comment it would end it behind a star.
  if (typeof node.pattern === 'string') schema.pattern = node.pattern.replaceAll('\\/', '/');
  if (node.properties) schema.properties = translateFields(node.properties, place);
  if (node.required) schema.required = node.required;
  if (node.items) schema.items = translate(node.items, { ...place, path: `${place.path}[]` });
  if (holdsMap(node)) schema.additionalProperties = translate(node.additionalProperties, { ...place, path: `${place.path}{}` });
  for (const [tag, keyword] of Object.entries(KUBERNETES_KEYWORDS)) if (node[tag] !== undefined) schema[keyword] = node[tag];
  return schema;
}

/** What `draft` refers to with what it says itself on top: a field's own words win over those of its type. */
function inline(draft: DraftSchema, place: Place): { node: DraftSchema; place: Place } {
  if (draft.$ref === undefined) return { node: draft, place };
  const { $ref, ...own } = draft;
  const name = decodeURIComponent($ref.slice(REFERENCE_PREFIX.length));
  const definition = place.definitions[name];
  if (definition === undefined) throw new CrdError(`${place.path}: type ${name} is not exported from src/crds`);
  if (place.within.includes(name)) throw new CrdError(`${place.path}: type ${name} holds itself, which a structural schema cannot say`);
  const inner = inline(definition, { ...place, within: [...place.within, name] });
  return { node: { ...inner.node, ...own }, place: inner.place };
}

function refuseWhatIsNotStructural(node: DraftSchema, path: string): void {
  const foreign = Object.keys(node).find((keyword) => !KNOWN_KEYWORDS.has(keyword));
  if (foreign !== undefined) throw new CrdError(`${path}: "${foreign}" has no structural form; write the type another way`);
  if (node.type === 'number') throw new CrdError(`${path}: number says no width; use Int32, Int64 or Integer of meta.ts`);
  if (!TYPES.has(node.type)) throw new CrdError(`${path}: ${JSON.stringify(node.type)} is not one type of a structural schema`);
}

function translateFields(fields: Readonly<Record<string, DraftSchema>>, place: Place): Record<string, StructuralSchema> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const path = `${place.path}.${name}`;
      // The words of the field's type do not count: they say what the type is, not what the field is for.
      if (!field.description) throw new CrdError(`${path}: no description; write a doc comment, which kubectl explain shows`);
      return [name, translate(field, { ...place, path })];
    }),
  );
}

/** Whether `node` is a map; an object that is closed to all fields says so as a map to nothing, and stays a plain object. */
function holdsMap(node: DraftSchema): node is DraftSchema & { readonly additionalProperties: DraftSchema } {
  return typeof node.additionalProperties === 'object' && node.additionalProperties.not === undefined;
}
