import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CrdError } from './crd-error.ts';
import { type Definitions, type DraftSchema, structuralSchema } from './structural-schema.ts';

const DEFINITIONS: Definitions = {
  Port: { type: 'integer', format: 'int32', description: 'A port.' },
  Alias: { $ref: '#/definitions/Port', description: 'A port by another name.' },
  Selector: { type: 'object', description: 'Selects.', mapType: 'atomic', properties: { key: { type: 'string', description: 'A key.' } } },
  'Pair<string>': { type: 'object', description: 'A pair.' },
  Loop: { type: 'object', properties: { next: { $ref: '#/definitions/Loop', description: 'The next one.' } } },
};

const structural = (draft: DraftSchema): unknown => structuralSchema(draft, DEFINITIONS, 'Kind.spec');

describe('what becomes of a draft', () => {
  test.each<{ name: string; draft: DraftSchema; becomes: object }>([
    { name: 'a plain type', draft: { type: 'string' }, becomes: { type: 'string' } },
    {
      name: 'limits, formats and defaults',
      draft: { default: 3, maximum: 9, minimum: 1, format: 'int64', type: 'integer' },
      becomes: { type: 'integer', format: 'int64', default: 3, minimum: 1, maximum: 9 },
    },
    { name: 'a default of false', draft: { type: 'boolean', default: false }, becomes: { type: 'boolean', default: false } },
    { name: 'an enum', draft: { type: 'string', enum: ['a', 'b'] }, becomes: { type: 'string', enum: ['a', 'b'] } },
    { name: 'a pattern', draft: { type: 'string', pattern: '^a*\\/b\\.$' }, becomes: { type: 'string', pattern: '^a*/b\\.$' } },
    { name: 'lengths', draft: { type: 'string', minLength: 1, maxLength: 2 }, becomes: { type: 'string', minLength: 1, maxLength: 2 } },
    {
      name: 'a list with keys',
      draft: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' }, listType: 'map', listMapKeys: ['type'] },
      becomes: {
        type: 'array',
        minItems: 1,
        maxItems: 2,
        items: { type: 'string' },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      },
    },
    {
      name: 'rules',
      draft: { type: 'string', validations: [{ rule: 'self == oldSelf', message: 'no' }] },
      becomes: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'no' }] },
    },
    {
      name: 'a map',
      draft: { type: 'object', additionalProperties: { $ref: '#/definitions/Port' } },
      becomes: { type: 'object', additionalProperties: { type: 'integer', format: 'int32', description: 'A port.' } },
    },
    { name: 'an object closed to all fields', draft: { type: 'object', additionalProperties: { not: {} } }, becomes: { type: 'object' } },
    { name: 'an object said to be open', draft: { type: 'object', additionalProperties: true }, becomes: { type: 'object' } },
    { name: 'an object said to be closed', draft: { type: 'object', additionalProperties: false }, becomes: { type: 'object' } },
    {
      name: 'a reference, whose own words win',
      draft: { $ref: '#/definitions/Selector', description: 'Selects nodes.' },
      becomes: {
        type: 'object',
        description: 'Selects nodes.',
        properties: { key: { type: 'string', description: 'A key.' } },
        'x-kubernetes-map-type': 'atomic',
      },
    },
    {
      name: 'a reference to a reference',
      draft: { $ref: '#/definitions/Alias', minimum: 0 },
      becomes: { type: 'integer', format: 'int32', description: 'A port by another name.', minimum: 0 },
    },
    {
      name: 'a reference with an escaped name',
      draft: { $ref: '#/definitions/Pair%3Cstring%3E' },
      becomes: { type: 'object', description: 'A pair.' },
    },
    {
      name: 'fields and the list of those that must be there',
      draft: { type: 'object', properties: { a: { type: 'string', description: 'An a.' } }, required: ['a'] },
      becomes: { type: 'object', properties: { a: { type: 'string', description: 'An a.' } }, required: ['a'] },
    },
  ])('$name', ({ draft, becomes }) => {
    expect(structural(draft)).toEqual(becomes);
  });

  test('keywords are written in one order, whatever order they come in', () => {
    const draft = { maximum: 2, type: 'integer', listType: 'set', description: 'A.', minimum: 1 };
    expect(Object.keys(structural(draft) as object)).toEqual(['description', 'type', 'minimum', 'maximum', 'x-kubernetes-list-type']);
  });
});

describe('what is refused', () => {
  const field = (draft: DraftSchema): DraftSchema => ({ type: 'object', properties: { f: { description: 'A field.', ...draft } } });

  test.each<{ name: string; draft: DraftSchema; says: string }>([
    {
      name: 'a choice of types',
      draft: field({ anyOf: [] }),
      says: 'Kind.spec.f: "anyOf" has no structural form; write the type another way',
    },
    {
      name: 'two types at once',
      draft: field({ type: ['string', 'boolean'] }),
      says: 'Kind.spec.f: ["string","boolean"] is not one type of a structural schema',
    },
    { name: 'no type', draft: field({}), says: 'Kind.spec.f: undefined is not one type of a structural schema' },
    {
      name: 'a number of no width',
      draft: field({ type: 'number' }),
      says: 'Kind.spec.f: number says no width; use Int32, Int64 or Integer of meta.ts',
    },
    {
      name: 'a field without words, though its type has some',
      draft: { type: 'object', properties: { f: { $ref: '#/definitions/Port' } } },
      says: 'Kind.spec.f: no description; write a doc comment, which kubectl explain shows',
    },
    {
      name: 'a type that is nowhere',
      draft: field({ $ref: '#/definitions/Gone' }),
      says: 'Kind.spec.f: type Gone is not exported from src/crds',
    },
    {
      name: 'a type that holds itself',
      draft: field({ $ref: '#/definitions/Loop' }),
      says: 'Kind.spec.f.next: type Loop holds itself, which a structural schema cannot say',
    },
    {
      name: 'a fault in a list',
      draft: field({ type: 'array', items: { type: 'null' } }),
      says: 'Kind.spec.f[]: "null" is not one type of a structural schema',
    },
    {
      name: 'a fault in a map',
      draft: field({ type: 'object', additionalProperties: { type: 'null' } }),
      says: 'Kind.spec.f{}: "null" is not one type of a structural schema',
    },
  ])('$name', ({ draft, says }) => {
    expect(() => structural(draft)).toThrow(new CrdError(says));
  });
});

/** Drafts of any depth from what may be translated, references among them. */
const drafts = fc.letrec<{ draft: DraftSchema }>((tie) => ({
  draft: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<DraftSchema>(
      { type: 'string' },
      { type: 'boolean', default: true },
      { $ref: '#/definitions/Alias' },
      { $ref: '#/definitions/Selector' },
    ),
    tie('draft').map((items): DraftSchema => ({ type: 'array', items, listType: 'atomic' })),
    tie('draft').map((values): DraftSchema => ({ type: 'object', additionalProperties: values })),
    fc
      .dictionary(fc.constantFrom('a', 'b', 'c'), tie('draft'), { noNullPrototype: true })
      .map((fields): DraftSchema => ({ type: 'object', additionalProperties: false, properties: described(fields) })),
  ),
})).draft;

function described(fields: Readonly<Record<string, DraftSchema>>): Record<string, DraftSchema> {
  return Object.fromEntries(Object.entries(fields).map(([name, draft]) => [name, { ...draft, description: `The ${name}.` }]));
}

test('whatever the nesting, nothing refers elsewhere, nothing is closed and every place has one type', () => {
  const visit = (schema: Record<string, unknown>): void => {
    expect(schema.type).toMatch(/^(?:object|array|string|boolean|integer)$/);
    expect(schema.additionalProperties).not.toBe(false);
    expect(
      Object.keys(schema).filter(
        (keyword) => !/^(?:x-kubernetes-|description$|type$|format$|default$|properties$|items$|additionalProperties$)/.test(keyword),
      ),
    ).toEqual([]);
    const nested = [schema.items, schema.additionalProperties, ...Object.values((schema.properties ?? {}) as object)];
    for (const inner of nested) if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>);
  };
  fc.assert(fc.property(drafts, (draft) => visit(structural(draft) as Record<string, unknown>)));
});
