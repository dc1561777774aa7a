import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { filesOf as filesOfKinds, GENERATED_HEADER, readKinds } from './crd/generate.ts';
import { differences, writeFiles } from './generate-crds.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crds-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The files that come out of one kind with these fields in its spec, and these further types. */
function filesOf(fields: string, types = '', kindTags = ''): Map<string, string> {
  const lines = [
    `/** A box.\n * @plural boxes\n${kindTags} */`,
    'export interface Box {',
    "  /** Version. */ readonly apiVersion?: 'example.org/v1';",
    "  /** Kind. */ readonly kind?: 'Box';",
    '  /** Meta. */ readonly metadata: Meta;',
    '  /** Wanted. */ readonly spec?: BoxSpec;',
    '}',
    'export interface Meta {\n  readonly name: string;\n}',
    `export interface BoxSpec {\n${fields}\n}`,
    types,
  ];
  writeFileSync(join(folder, 'box.ts'), `${lines.join('\n')}\n`);
  return filesOfKinds(readKinds(folder));
}

/** The schema of the spec of the kind that {@link filesOf} makes. */
function specOf(fields: string, types = ''): unknown {
  const crd = parse(filesOf(fields, types).get('boxes.yaml') ?? '');
  return crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
}

describe('a field of a type becomes', () => {
  test.each<{ field: string; types?: string; becomes: object; required?: boolean }>([
    { field: '/** A. */ readonly f?: string;', becomes: { type: 'string' } },
    { field: '/** A. */ readonly f: string;', becomes: { type: 'string' }, required: true },
    { field: '/** A.\n * @default false */ readonly f?: boolean;', becomes: { type: 'boolean', default: false } },
    {
      field: '/** A.\n * @minimum 0\n * @maximum 4294967295\n * @default 179 */ readonly f?: Int64;',
      becomes: { type: 'integer', format: 'int64', default: 179, minimum: 0, maximum: 4294967295 },
    },
    { field: "/** A. */ readonly f?: 'internal' | 'external';", becomes: { type: 'string', enum: ['internal', 'external'] } },
    {
      field: '/** A.\n * @minLength 1\n * @maxLength 9\n * @pattern ^a*\\/b$ */ readonly f?: string;',
      becomes: { type: 'string', minLength: 1, maxLength: 9, pattern: '^a*/b$' },
    },
    { field: '/** A.\n * @format date-time */ readonly f?: string;', becomes: { type: 'string', format: 'date-time' } },
    {
      field: '/** A.\n * @minItems 1\n * @listType set */ readonly f?: readonly string[];',
      becomes: { type: 'array', minItems: 1, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    },
    {
      field: '/** A.\n * @listType map\n * @listMapKeys ["key"] */ readonly f?: readonly Part[];',
      becomes: {
        type: 'array',
        items: {
          description: 'A part.',
          type: 'object',
          properties: { key: { description: 'Its key.', type: 'string' } },
          required: ['key'],
          'x-kubernetes-map-type': 'atomic',
        },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['key'],
      },
    },
    {
      field: '/** A. */ readonly f?: Readonly<Record<string, string>>;',
      becomes: { type: 'object', additionalProperties: { type: 'string' } },
    },
    { field: '/** A. */ readonly f?: Readonly<Record<string, never>>;', becomes: { type: 'object' } },
    {
      field:
        "/** A.\n * @validations [{rule: \"self != 'x'\", message: 'not x'}, {rule: 'self == oldSelf', message: 'for ever'}] */ readonly f?: string;",
      becomes: {
        type: 'string',
        'x-kubernetes-validations': [
          { rule: "self != 'x'", message: 'not x' },
          { rule: 'self == oldSelf', message: 'for ever' },
        ],
      },
    },
  ])('$field', ({ field, becomes, required = false }) => {
    const types = [
      '/** A number.\n * @asType integer\n * @format int64 */ export type Int64 = number;',
      '/** A part.\n * @mapType atomic */ export interface Part {\n/** Its key. */ readonly key: string;\n}',
    ];
    expect(specOf(field, types.join('\n'))).toEqual({
      description: 'Wanted.',
      type: 'object',
      properties: { f: { description: 'A.', ...becomes } },
      ...(required && { required: ['f'] }),
    });
  });

  test('lines of a doc comment are one paragraph, and fields keep their order', () => {
    const schema = specOf('/** Says it\n * on two lines. */ readonly z?: string;\n/** First. */ readonly a?: string;') as {
      properties: object;
    };
    expect(Object.entries(schema.properties)).toEqual([
      ['z', { description: 'Says it on two lines.', type: 'string' }],
      ['a', { description: 'First.', type: 'string' }],
    ]);
  });
});

describe('the files', () => {
  test('are the same for the same types, marked as generated, and listed', () => {
    const files = filesOf('/** A. */ readonly f?: string;');
    expect([...files.keys()]).toEqual(['boxes.yaml', 'Kustomization']);
    expect([...files.values()].every((text) => text.startsWith(`${GENERATED_HEADER}\n`))).toBe(true);
    expect(parse(files.get('Kustomization') ?? '').resources).toEqual(['boxes.yaml']);
    expect(filesOfKinds(readKinds(folder))).toEqual(files);
  });

  test('neither fold lines nor share parts by anchors', () => {
    const long = 'word '.repeat(60).trim();
    const text = filesOf(
      `/** ${long} */ readonly a?: Part;\n/** ${long} */ readonly b?: Part;`,
      '/** A part. */ export interface Part {}',
    ).get('boxes.yaml');
    expect(text?.match(new RegExp(long, 'g'))).toHaveLength(2);
    expect(text).not.toMatch(/[&*]a\d/);
  });

  test.each<{ name: string; fields: string; kindTags?: string; says: string }>([
    { name: 'a misspelt tag', fields: '/** A.\n * @minimun 1 */ readonly f?: string;', says: 'tag @minimun means nothing here' },
    { name: 'a misspelt tag of a kind', fields: '', kindTags: ' * @storedVersion\n', says: 'tag @storedVersion means nothing here' },
    { name: 'a field without words', fields: 'readonly f?: string;', says: 'Box.spec.f: no description' },
    { name: 'a number without a width', fields: '/** A. */ readonly f?: number;', says: 'Box.spec.f: number says no width' },
    { name: 'a type that is not there', fields: '/** A. */ readonly f?: Gone;', says: "box.ts:14: Cannot find name 'Gone'." },
  ])('are not made from $name', ({ fields, kindTags = '', says }) => {
    expect(() => filesOf(fields, '', kindTags)).toThrow(says);
  });
});

describe('the comparison with what is there', () => {
  const FILES = new Map([
    ['boxes.yaml', `${GENERATED_HEADER}\na: 1\nb: 2\n`],
    ['Kustomization', `${GENERATED_HEADER}\nresources: []\n`],
  ]);
  const here = (line: string): unknown => expect.stringMatching(new RegExp(`crds-\\w+/${line}`));

  beforeEach(() => writeFiles(folder, FILES));

  test('finds nothing after a write', () => {
    expect(differences(folder, FILES)).toEqual([]);
  });

  test.each<{ name: string; file: string; text: string; says: string }>([
    {
      name: 'a changed line',
      file: 'boxes.yaml',
      text: `${GENERATED_HEADER}\na: 1\nb: 3\n`,
      says: 'boxes\\.yaml:3: is "b: 3", a fresh generation says "b: 2"$',
    },
    {
      name: 'a changed indentation',
      file: 'boxes.yaml',
      text: `${GENERATED_HEADER}\na: 1\n  b: 2\n`,
      says: 'boxes\\.yaml:3: is "  b: 2", a fresh generation says "b: 2"$',
    },
    {
      name: 'a lost end',
      file: 'boxes.yaml',
      text: `${GENERATED_HEADER}\na: 1`,
      says: 'boxes\\.yaml:3: is the end of the file, a fresh generation says "b: 2"$',
    },
    {
      name: 'a line too many',
      file: 'Kustomization',
      text: `${GENERATED_HEADER}\nresources: []\n\n`,
      says: 'Kustomization:4: is "", a fresh generation says the end of the file$',
    },
    { name: 'a file of nobody', file: 'sacks.yaml', text: 'a: 1\n', says: 'sacks\\.yaml is not generated from any type$' },
  ])('names $name', ({ file, text, says }) => {
    writeFileSync(join(folder, file), text);
    expect(differences(folder, FILES)).toEqual([here(says)]);
  });

  test('names a file that is missing, also with its folder', () => {
    rmSync(join(folder, 'boxes.yaml'));
    expect(differences(folder, FILES)).toEqual([here('boxes\\.yaml is missing$')]);
    expect(differences(join(folder, 'nowhere'), FILES)).toHaveLength(2);
  });

  test('a write removes what an earlier one left, and nothing that a person wrote', () => {
    writeFileSync(join(folder, 'old.yaml'), `${GENERATED_HEADER}\na: 1\n`);
    writeFileSync(join(folder, 'mine.yaml'), 'a: 1\n');
    writeFileSync(join(folder, 'boxes.yaml'), 'a: 1\n');
    writeFiles(folder, FILES);
    expect(readdirSync(folder).sort()).toEqual(['Kustomization', 'boxes.yaml', 'mine.yaml']);
    expect(readFileSync(join(folder, 'boxes.yaml'), 'utf8')).toBe(FILES.get('boxes.yaml'));
  });
});

test('config/crd is what the types of this checkout say', () => {
  const root = join(import.meta.dirname, '..');
  expect(differences(join(root, 'config/crd'), filesOfKinds(readKinds(join(root, 'src/crds'))))).toEqual([]);
});
