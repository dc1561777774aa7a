import { expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { lintReport } from './lint-report.ts';
import { migrateReport } from './migrate-report.ts';
import { CommandError, PLAIN } from './report.ts';

const CONFIG = { 'address-pools': [{ name: 'on', protocol: 'layer2', addresses: ['192.0.2.0/24'] }] };
const BARE = stringify(CONFIG);
const configMap = (config: string, namespace?: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config', namespace },
  data: { config },
});
const migrated = (text: string, namespace?: string): ReturnType<typeof migrateReport> => migrateReport({ name: 'f', text }, namespace);

test.each([
  { layout: 'a ConfigMap', text: stringify(configMap(BARE, 'lb')), namespace: 'lb' },
  { layout: 'a ConfigMap without a namespace', text: stringify(configMap(BARE)), namespace: 'metallb-system' },
  { layout: 'a ConfigMap in JSON', text: JSON.stringify(configMap(BARE, 'lb')), namespace: 'lb' },
  {
    layout: 'a list that kubectl prints',
    text: stringify({ kind: 'List', items: [configMap('', 'x'), configMap(BARE, 'lb')].slice(1) }),
    namespace: 'lb',
  },
  { layout: 'the bare configuration', text: BARE, namespace: 'metallb-system' },
  { layout: 'values of Helm', text: stringify({ configInline: CONFIG, controller: {} }), namespace: 'metallb-system' },
  { layout: 'a manifest with other objects', text: `kind: Namespace\n---\n${stringify(configMap(BARE, 'lb'))}`, namespace: 'lb' },
])('$layout', ({ text, namespace }) => {
  const { exitCode, json, complaints } = migrated(text);
  expect([exitCode, complaints]).toEqual([0, []]);
  expect(json).toMatchObject({
    kind: 'List',
    items: [
      { kind: 'IPAddressPool', metadata: { name: 'on', namespace } },
      { kind: 'L2Advertisement', metadata: { namespace } },
    ],
  });
});

test('the documents are good for lint, and read the same where a plain word is a truth value', () => {
  const text = migrated(BARE).text(PLAIN);
  expect(text).toContain('name: "on"\n');
  expect(lintReport([{ name: 'f', text }], 'metallb-system')).toMatchObject({ exitCode: 0, json: { objects: 2, errors: 0, warnings: 0 } });
});

test('a flag names another namespace', () => {
  expect(migrated(stringify(configMap(BARE, 'lb')), 'mine').json).toMatchObject({ items: [{ metadata: { namespace: 'mine' } }, {}] });
});

test('what is translated and yet refused by the rules of now is told', () => {
  const { exitCode, complaints } = migrated(stringify({ peers: [{ 'my-asn': 64512, 'peer-address': 'tor', 'peer-asn': 64513 }], odd: 1 }));
  expect([exitCode, complaints]).toEqual([
    1,
    ['odd: is no field that is known, and left out', expect.stringMatching(/^BGPPeer peer1: .*"tor"/)],
  ]);
});

test.each([
  {
    text: '',
    says: 'f holds no configuration of MetalLB before 0.13: want a ConfigMap with the key config, as kubectl get configmap -o yaml prints it',
  },
  { text: 'kind: ConfigMap\ndata: {other: x}', says: /^f holds no configuration/ },
  { text: 'a: [', says: /^f: line 1: this is no YAML: / },
  { text: stringify(configMap('a: [')), says: /^f, key config: line 1: this is no YAML: / },
  { text: stringify(configMap('a: 1\n---\nb: 2')), says: 'f, key config holds 2 documents: want one' },
  {
    text: `${stringify(configMap(BARE))}---\n${stringify(configMap(BARE))}`,
    says: 'f holds 2 old configurations: give them one at a time',
  },
])('$text is refused: $says', ({ text, says }) => {
  expect(() => migrated(text)).toThrow(CommandError);
  expect(() => migrated(text)).toThrow(says);
});
