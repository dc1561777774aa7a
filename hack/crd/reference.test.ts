import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';
import { referenceOf } from './reference.ts';
import type { StructuralSchema } from './structural-schema.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];

const SELECTOR = { description: 'Selects.', type: 'object', properties: { matchLabels: { description: 'Labels.', type: 'object' } } };

function version(name: string, spec: StructuralSchema, more: Partial<Version> = {}): Version {
  const meta = { metadata: { type: 'object' }, kind: { description: 'Kind.', type: 'string' } };
  const openAPIV3Schema = { description: 'A box. It is square.', type: 'object', properties: { ...meta, spec }, required: ['spec'] };
  return { name, served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema }, ...more };
}

function pageOf(...versions: readonly Version[]): string {
  const names = { kind: 'Box', listKind: 'BoxList', plural: 'boxes', singular: 'box' };
  const metadata = { name: 'boxes.example.org' };
  return referenceOf([
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec: { group: 'example.org', names, scope: 'Namespaced', versions },
    },
  ]);
}

/** The rows of the table of a kind whose spec has one field `f`. */
function rows(f: StructuralSchema, required: readonly string[] = []): readonly string[] {
  const page = pageOf(version('v1', { description: 'Wanted.', type: 'object', properties: { f }, required }));
  return page.split('\n').filter((line) => line.startsWith('| `'));
}

describe('a field is a row', () => {
  test.each<{ name: string; field: StructuralSchema; row: string }>([
    { name: 'a text', field: { type: 'string' }, row: '| string |  | A. |' },
    { name: 'a default', field: { type: 'boolean', default: false }, row: '| boolean | `false` | A. |' },
    {
      name: 'a range',
      field: { type: 'integer', format: 'int64', minimum: 0, maximum: 4294967295 },
      row: '| integer (int64) |  | A. 0 to 4294967295. |',
    },
    { name: 'a lower end', field: { type: 'integer', minimum: 1 }, row: '| integer |  | A. At least 1. |' },
    { name: 'an upper end', field: { type: 'string', maxLength: 9 }, row: '| string |  | A. At most 9 characters. |' },
    { name: 'a choice', field: { type: 'string', enum: ['a', 'b'] }, row: '| string |  | A. One of `a`, `b`. |' },
    { name: 'a pattern with a bar', field: { type: 'string', pattern: '^a|b$' }, row: '| string |  | A. Matches `^a\\|b$`. |' },
    {
      name: 'a list',
      field: { type: 'array', minItems: 1, items: { type: 'string' } },
      row: '| list of string |  | A. At least 1 entries. |',
    },
    { name: 'a map', field: { type: 'object', additionalProperties: { type: 'string' } }, row: '| map to string |  | A. |' },
    {
      name: 'a rule and its text',
      field: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'x' || self == 'y'", message: 'not x' }] },
      row: "| string |  | A. Rule: `self != 'x' \\|\\| self == 'y'`, “not x”. |",
    },
    {
      name: 'a selector',
      field: { type: 'array', items: SELECTOR },
      row: '| list of [label selector](#label-selector) |  | A. |',
    },
  ])('$name', ({ field, row }) => {
    expect(rows({ description: 'A.', ...field })[0]).toBe(`| \`f\` ${row}`);
  });

  test('fields within follow, by their way from the top', () => {
    const items = { description: 'Part.', type: 'object', properties: { g: { description: 'G.', type: 'string' } }, required: ['g'] };
    expect(rows({ description: 'A.', type: 'array', items }, ['f'])).toEqual([
      '| `f` | list of object | *required* | A. |',
      '| `f[].g` | string | *required* | G. |',
    ]);
  });
});

test('what many kinds have is told once, in the words of its type', () => {
  const one = { ...SELECTOR, description: 'Selects boxes.' };
  const list = { description: 'Some.', type: 'array', items: SELECTOR };
  const page = pageOf(version('v1', { description: 'Wanted.', type: 'object', properties: { a: list, b: one } }));
  expect(page).toContain('| `b` | [label selector](#label-selector) |  | Selects boxes. |');
  expect(page.split('\n## ').slice(1)).toEqual([
    expect.stringMatching(/^Box\n/),
    'Label selector\n\nSelects.\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n| `matchLabels` | object |  | Labels. |\n',
  ]);
});

test('versions, columns and the index', () => {
  const additionalPrinterColumns = [
    { name: 'Size', type: 'string', jsonPath: '.spec.size' },
    { name: 'Weight', type: 'string', jsonPath: '.spec.weight', priority: 1 },
  ];
  const old = version(
    'v1beta1',
    { description: 'As it was.', type: 'object' },
    { storage: false, deprecated: true, deprecationWarning: 'use v1' },
  );
  const page = pageOf(old, version('v1', { description: 'Wanted.', type: 'object' }, { additionalPrinterColumns }));
  expect(page).toContain('\n- [Box](#box): A box.\n');
  expect(page.match(/^##.*$/gm)).toEqual(['## Box', '### example.org/v1', '### example.org/v1beta1']);
  expect(page).toContain('`kubectl get boxes` shows Size (`.spec.size`); with `-o wide` also Weight (`.spec.weight`).');
  expect(page).toContain('Deprecated: use v1.');
  expect(page).toContain('**spec** (required): Wanted.');
});

test('each kind of config/crd has its chapter in the page of this checkout', () => {
  const root = join(import.meta.dirname, '../..');
  const list = readFileSync(join(root, 'config/crd/Kustomization'), 'utf8');
  const page = readFileSync(join(root, 'docs/reference.md'), 'utf8');
  const plurals = [...list.matchAll(/^ {2}- (\w+)\.yaml$/gm)].map(([, plural]) => plural);
  const chapters = [...page.matchAll(/^- \[\w+\]\(#(\w+)\)/gm)].map(([, kind]) => kind);
  expect(chapters).toHaveLength(plurals.length);
  for (const kind of chapters) expect(page.toLowerCase()).toContain(`\n## ${kind}\n`);
});
