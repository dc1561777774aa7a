import { expect, test } from '@jest/globals';
import { readManifests, titleOf } from './manifests.ts';

const places = (text: string): unknown => {
  const { manifests, faults } = readManifests('f', text);
  return [
    ...manifests.map(({ line, object }) => `${line}: ${titleOf(object)}`),
    ...faults.map(({ line, text: fault }) => `${line}: ${fault}`),
  ];
};

test.each([
  { what: 'nothing', text: '', found: [] },
  { what: 'comments and empty documents', text: '# a\n---\n---\n# b\n', found: [] },
  { what: 'two documents', text: 'kind: A\nmetadata: {name: a}\n---\n# says nothing\nkind: B\n', found: ['1: A a', '5: B'] },
  { what: 'JSON', text: '\n{"kind": "A", "metadata": {"name": "a"}}', found: ['2: A a'] },
  { what: 'a List', text: 'kind: List\nitems:\n- kind: A\n- kind: B\n', found: ['3: A', '4: B'] },
  { what: 'a List of one kind', text: '{"kind": "IPAddressPoolList",\n"items": [\n{"kind": "A"}]}', found: ['3: A'] },
  { what: 'merge keys', text: 'x: &x {kind: A}\n<<: *x\n', found: ['1: A'] },
  { what: 'a text', text: '--- hello\n', found: ['1: this document is no object: want apiVersion, kind and metadata'] },
  {
    what: 'a fault between two documents',
    text: 'kind: A\n---\n  b: [\n---\nkind: C\n',
    found: ['1: A', '5: C', expect.stringMatching(/^4: this is no YAML: /)],
  },
  { what: 'a key twice', text: 'kind: A\nkind: B\n', found: ['2: this is no YAML: Map keys must be unique'] },
])('$what', ({ text, found }) => {
  expect(places(text)).toEqual(found);
});

test('a document that multiplies itself is refused, and quickly', () => {
  const level = (name: string, of: string): string => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(', ')}]\n`;
  const bomb = `a: &a [x, x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}${level('f', 'e')}`;
  expect(places(bomb)).toEqual(['1: this document repeats parts of itself more than 100 times: write them out']);
});
