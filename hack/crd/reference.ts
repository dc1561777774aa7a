import type { CustomResourceDefinition } from './custom-resource-definition.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** One version of a kind, as its definition has it. */
type Version = CustomResourceDefinition['spec']['versions'][number];

/** A column that `kubectl get` shows; those with a priority above 0 only with `-o wide`. */
interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

/** A rule that the API server checks, and what it says when it does not hold. */
interface Rule {
  readonly rule: string;
  readonly message?: string;
}

/** Objects that many kinds have a field of: each is told once, under a heading of its own, and known by a field that no other has. */
const SHARED: readonly { readonly field: string; readonly title: string; readonly anchor: string }[] = [
  { field: 'matchLabels', title: 'Label selector', anchor: 'label-selector' },
  { field: 'lastTransitionTime', title: 'Condition', anchor: 'condition' },
];

const TABLE_HEAD = '| field | type | default | meaning |\n| --- | --- | --- | --- |';
const HEADER = `<!-- Generated from src/crds; change the types there, then: make generate -->
# Reference of the kinds

Each field of each kind of \`metallb.io\`, as the definitions have it: what \`kubectl explain\` shows, on one page. How the kinds work together is told in
[configuration.md](configuration.md). A field that is *required* must be there where what holds it is there. Rules are written in CEL, in which the API
server checks them; the text behind a rule is what it says when the rule does not hold. Beyond them the controller checks what no schema can say
([admission.md](admission.md)).`;

/**
 * The page that tells each field of these kinds, in Markdown: its type, default, limits, rules and meaning, with nothing that
 * the definitions do not say. The same definitions give the same text.
 */
export function referenceOf(kinds: readonly CustomResourceDefinition[]): string {
  const shared = new Map<string, StructuralSchema>();
  const chapters = kinds.map((kind) => chapterOf(kind, shared));
  const index = kinds.map(({ spec }) => {
    const [{ schema } = never(spec.names.kind)] = byRank(spec.versions);
    return `- [${spec.names.kind}](#${spec.names.kind.toLowerCase()}): ${firstSentence(schema.openAPIV3Schema)}`;
  });
  const parts = SHARED.flatMap(({ title }) => {
    const schema = shared.get(title);
    return schema === undefined ? [] : [`## ${title}\n\n${describe(schema)}\n\n${tableOf(schema, new Map())}`];
  });
  return `${[HEADER, index.join('\n'), ...chapters, ...parts].join('\n\n')}\n`;
}

function chapterOf({ spec }: CustomResourceDefinition, shared: Map<string, StructuralSchema>): string {
  const { kind, plural } = spec.names;
  const versions = byRank(spec.versions);
  const several = versions.length > 1;
  const parts = versions.map((version) => versionPart(`${spec.group}/${version.name}`, version, { plural, several, shared }));
  return [`## ${kind}`, ...parts].join('\n\n');
}

/** The stored version first: it is the one to write. */
function byRank(versions: readonly Version[]): readonly Version[] {
  return versions.toSorted((left, right) => Number(right.storage) - Number(left.storage));
}

interface Chapter {
  readonly plural: string;
  /** Whether the kind has other versions too. */
  readonly several: boolean;
  readonly shared: Map<string, StructuralSchema>;
}

function versionPart(apiVersion: string, version: Version, { plural, several, shared }: Chapter): string {
  const root = version.schema.openAPIV3Schema;
  const own = Object.entries(root.properties ?? {}).filter(([name]) => !['apiVersion', 'kind', 'metadata'].includes(name));
  const sections = own.flatMap(([name, schema]) => [
    `**${name}**${required(root, name) ? ' (required)' : ''}: ${describe(schema)}`,
    ...(schema.properties === undefined ? [] : [tableOf(schema, shared)]),
  ]);
  const warning = version.deprecated === true ? ` Deprecated: ${String(version.deprecationWarning)}.` : '';
  return [
    ...(several ? [`### ${apiVersion}`] : []),
    describe(root),
    `\`apiVersion: ${apiVersion}\`, namespaced.${warning}${columnsOf(plural, version)}`,
    ...sections,
  ].join('\n\n');
}

function columnsOf(plural: string, version: Version): string {
  const columns = (version.additionalPrinterColumns ?? []) as readonly Column[];
  const named = (wide: boolean): string =>
    columns
      .filter(({ priority = 0 }) => priority > 0 === wide)
      .map(({ name, jsonPath }) => `${name} (\`${jsonPath}\`)`)
      .join(', ');
  if (columns.length === 0) return '';
  const wide = named(true);
  return ` \`kubectl get ${plural}\` shows ${named(false)}${wide === '' ? '' : `; with \`-o wide\` also ${wide}`}.`;
}

/** The fields of an object and of the objects within it, one row each. What is shared is put into `shared` in place of being told. */
function tableOf(schema: StructuralSchema, shared: Map<string, StructuralSchema>): string {
  return [TABLE_HEAD, ...rowsOf(schema, '', shared)].join('\n');
}

function rowsOf(schema: StructuralSchema, prefix: string, shared: Map<string, StructuralSchema>): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const { element, suffix } = elementOf(field);
    const known = sharedOf(element);
    // An entry of a list has the words of its type; a field has its own.
    if (known !== undefined && element !== field) shared.set(known.title, element);
    const standing = required(schema, name) ? '*required*' : field.default === undefined ? '' : code(JSON.stringify(field.default));
    const row = `| ${[`\`${path}\``, typeOf(field), standing, describe(field)].map(cell).join(' | ')} |`;
    return known === undefined ? [row, ...rowsOf(element, `${path}${suffix}.`, shared)] : [row];
  });
}

/** What a list is a list of, and how a path goes through it; of anything else itself. */
function elementOf(schema: StructuralSchema): { readonly element: StructuralSchema; readonly suffix: string } {
  const { items } = schema;
  return items === undefined ? { element: schema, suffix: '' } : { element: items as StructuralSchema, suffix: '[]' };
}

function sharedOf(schema: StructuralSchema): (typeof SHARED)[number] | undefined {
  return SHARED.find(({ field }) => schema.properties !== undefined && Object.hasOwn(schema.properties, field));
}

function typeOf(schema: StructuralSchema): string {
  const known = sharedOf(schema);
  if (known !== undefined) return `[${known.title.toLowerCase()}](#${known.anchor})`;
  if (schema.items !== undefined) return `list of ${typeOf(schema.items as StructuralSchema)}`;
  if (schema.additionalProperties !== undefined) return `map to ${typeOf(schema.additionalProperties as StructuralSchema)}`;
  return schema.format === undefined ? String(schema.type) : `${String(schema.type)} (${String(schema.format)})`;
}

function required(schema: StructuralSchema, field: string): boolean {
  return ((schema.required ?? []) as readonly string[]).includes(field);
}

/** What a field means, then what the server holds it to. */
function describe(schema: StructuralSchema): string {
  return [String(schema.description ?? ''), ...limitsOf(schema), ...rulesOf(schema)].filter((part) => part !== '').join(' ');
}

function limitsOf({
  enum: choices,
  minimum,
  maximum,
  minLength,
  maxLength,
  minItems,
  maxItems,
  pattern,
}: StructuralSchema): readonly string[] {
  const between = (least: unknown, most: unknown, of: string): readonly string[] => {
    if (least === undefined) return most === undefined ? [] : [`At most ${String(most)}${of}.`];
    return [most === undefined ? `At least ${String(least)}${of}.` : `${String(least)} to ${String(most)}${of}.`];
  };
  return [
    ...(choices === undefined ? [] : [`One of ${(choices as readonly unknown[]).map((choice) => code(String(choice))).join(', ')}.`]),
    ...between(minimum, maximum, ''),
    ...between(minLength, maxLength, ' characters'),
    ...between(minItems, maxItems, ' entries'),
    ...(pattern === undefined ? [] : [`Matches ${code(String(pattern))}.`]),
  ];
}

function rulesOf(schema: StructuralSchema): readonly string[] {
  const rules = (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];
  return rules.map(({ rule, message }) => `Rule: ${code(rule)}${message === undefined ? '' : `, “${message}”`}.`);
}

function firstSentence(schema: StructuralSchema): string {
  return /^.*?\.(?= |$)/s.exec(String(schema.description))?.[0] ?? '';
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, within code too. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function never(kind: string): never {
  throw new RangeError(`${kind} has no version`);
}
