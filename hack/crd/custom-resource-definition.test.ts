import { describe, expect, test } from '@jest/globals';
import { CrdError } from './crd-error.ts';
import { customResourceDefinitions } from './custom-resource-definition.ts';
import type { DraftSchema } from './structural-schema.ts';

const text = (value: string): DraftSchema => ({ type: 'string', const: value, description: 'A text.' });

const kind = (apiVersion: string, name: string, rest: Readonly<Record<string, unknown>>): DraftSchema => ({
  type: 'object',
  description: `A ${name}.`,
  properties: {
    apiVersion: text(apiVersion),
    kind: text(name),
    metadata: { $ref: '#/definitions/ObjectMeta', description: 'Its name.' },
    spec: { type: 'object', description: 'What it should be.' },
  },
  required: ['metadata'],
  ...rest,
});

/** The one CRD that the types make. */
function crdOf(...drafts: readonly DraftSchema[]) {
  const definitions = customResourceDefinitions(Object.fromEntries(drafts.map((draft, index) => [`Type${index}`, draft])));
  expect(definitions).toHaveLength(1);
  const [{ metadata, spec }] = definitions as [(typeof definitions)[0]];
  return { name: metadata.name, spec };
}

describe('one version', () => {
  test('names come from the kind, and the one version is stored and has a status', () => {
    const { name, spec } = crdOf(kind('example.org/v1', 'Box', { plural: 'boxes' }));
    expect(name).toBe('boxes.example.org');
    expect(spec).toMatchObject({
      group: 'example.org',
      scope: 'Namespaced',
      names: { kind: 'Box', listKind: 'BoxList', plural: 'boxes', singular: 'box' },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} } }],
    });
    expect(spec.conversion).toBeUndefined();
    expect(Object.keys(spec.versions[0] ?? {})).toEqual(['name', 'served', 'storage', 'subresources', 'schema']);
  });

  test.each<{ name: string; required: readonly string[]; becomes: readonly string[] | undefined }>([
    { name: 'metadata is required by the server itself', required: ['metadata'], becomes: undefined },
    { name: 'a spec is required when its field is not optional', required: ['metadata', 'spec'], becomes: ['spec'] },
  ])('$name', ({ required, becomes }) => {
    const { spec } = crdOf(kind('example.org/v1', 'Box', { plural: 'boxes', required }));
    expect(spec.versions[0]?.schema.openAPIV3Schema.required).toEqual(becomes);
  });

  test('apiVersion and kind take any text, metadata any field, and the rest is as declared', () => {
    const { spec } = crdOf(kind('example.org/v1', 'Box', { plural: 'boxes', validations: [{ rule: 'true' }] }));
    expect(spec.versions[0]?.schema.openAPIV3Schema).toEqual({
      description: 'A Box.',
      type: 'object',
      properties: {
        apiVersion: { description: 'A text.', type: 'string' },
        kind: { description: 'A text.', type: 'string' },
        metadata: { type: 'object' },
        spec: { description: 'What it should be.', type: 'object' },
      },
      'x-kubernetes-validations': [{ rule: 'true' }],
    });
  });

  test('columns are passed on in their order', () => {
    const printerColumns = [
      { name: 'Z', type: 'string', jsonPath: '.z' },
      { name: 'A', type: 'string', jsonPath: '.a', priority: 10 },
    ];
    expect(crdOf(kind('example.org/v1', 'Box', { plural: 'boxes', printerColumns })).spec.versions[0]?.additionalPrinterColumns).toEqual(
      printerColumns,
    );
  });
});

describe('several versions', () => {
  test('are one definition without conversion, by name, one of them stored', () => {
    const { spec } = crdOf(
      kind('example.org/v2', 'Box', { plural: 'boxes', storageVersion: true }),
      kind('example.org/v1', 'Box', { plural: 'boxes', deprecated: 'use v2' }),
    );
    expect(spec.conversion).toEqual({ strategy: 'None' });
    expect(spec.versions).toMatchObject([
      { name: 'v1', storage: false, deprecated: true, deprecationWarning: 'use v2' },
      { name: 'v2', storage: true },
    ]);
    expect(spec.versions[1]).not.toHaveProperty('deprecated');
  });
});

test('a type without a plural is no kind, and kinds come in the order of their plurals', () => {
  const definitions = {
    Second: kind('example.org/v1', 'Sack', { plural: 'sacks' }),
    Part: { type: 'object' },
    First: kind('example.org/v1', 'Box', { plural: 'boxes' }),
  };
  expect(customResourceDefinitions(definitions).map(({ metadata }) => metadata.name)).toEqual(['boxes.example.org', 'sacks.example.org']);
});

describe('what is refused', () => {
  const box = kind('example.org/v1', 'Box', { plural: 'boxes' });
  test.each<{ name: string; drafts: readonly DraftSchema[]; says: string }>([
    {
      name: 'an apiVersion of any text',
      drafts: [{ ...box, properties: {} }],
      says: 'Type0: apiVersion must be a literal text; extend CustomResource of meta.ts',
    },
    {
      name: 'an apiVersion without a group',
      drafts: [kind('v1', 'Box', { plural: 'boxes' })],
      says: 'Type0: apiVersion must be "group/version"',
    },
    {
      name: 'a kind without words',
      drafts: [{ ...box, description: '' }],
      says: 'Type0: no description; write a doc comment, which kubectl explain shows',
    },
    {
      name: 'no stored version',
      drafts: [box, kind('example.org/v2', 'Box', { plural: 'boxes' })],
      says: 'Box: 0 versions carry @storageVersion, exactly one must',
    },
    {
      name: 'two stored versions',
      drafts: [
        kind('example.org/v1', 'Box', { plural: 'boxes', storageVersion: true }),
        kind('example.org/v2', 'Box', { plural: 'boxes', storageVersion: true }),
      ],
      says: 'Box: 2 versions carry @storageVersion, exactly one must',
    },
    {
      name: 'a keyword at the root that has no structural form',
      drafts: [{ ...box, oneOf: [] }],
      says: 'Type0: "oneOf" has no structural form; write the type another way',
    },
  ])('$name', ({ drafts, says }) => {
    expect(() => customResourceDefinitions(Object.fromEntries(drafts.map((draft, index) => [`Type${index}`, draft])))).toThrow(
      new CrdError(says),
    );
  });
});
