import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { USAGE } from '../src/cli/command-line.ts';
import { lint } from '../src/cli/lint.ts';
import { readManifests } from '../src/cli/manifests.ts';
import { controllerHelp } from '../src/operators/options.ts';
import { speakerHelp } from '../src/speaker/options.ts';
import { anchorsOf, examplesOf, linksOf, type Page, readPage, readPages } from './support/doc-pages.ts';
import { BGP_METRICS, COMMON_METRICS, CONTROLLER_METRICS, LAYER2_METRICS } from './support/metric-table.ts';

/** What the documentation says of the program is so: names that are there, links that lead somewhere, sentences that are said. */

const ROOT = join(import.meta.dirname, '..');
const PAGES = readPages();
/** What else a page names that people type; each is of another program. */
const OF_OTHERS: readonly string[] = [
  ...['insecure', 'header', 'wait', 'set', 'create-namespace', 'for', 'timeout', 'cascade', 'force-conflicts', 'values'],
  ...['server-side', 'all', 'type', 'patch', 'image', 'port', 'disable', 'clusterrole', 'serviceaccount', 'replicas', 'previous'],
];
const HELP = [controllerHelp(), speakerHelp(), USAGE].join('\n');
const SOURCES = sourcesOf('src');

/** The text of every source of the product, without its tests. */
function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesOf(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [readFileSync(join(ROOT, path), 'utf8')] : [];
  });
}

/** What `pattern` finds in a page and `known` does not know. */
function unknown(page: Page, pattern: RegExp, known: (name: string) => boolean): readonly string[] {
  return [...new Set([...page.text.matchAll(pattern)].map(([, name = '']) => name))].filter((name) => !known(name));
}

/** Names that no help text mentions, though a page does. */
function strangeOptions(page: Page): readonly string[] {
  const known = (name: string): boolean => new RegExp(`--${name}(?![\\w-])`).test(HELP) || OF_OTHERS.includes(name);
  const inHelp = (name: string): boolean => new RegExp(`(?<![\\w-])${name}(?!\\w)`).test(HELP);
  return [
    ...unknown(page, /(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])/g, known).map((name) => `--${name}`),
    ...unknown(page, /(?<!\w)((?:METALLB|TYPEMETAL|FRRK8S|FRR)_[A-Z_]+[A-Z])(?!\w)/g, inHelp),
  ];
}

const METRICS = new Set([...COMMON_METRICS, ...CONTROLLER_METRICS, ...LAYER2_METRICS, ...BGP_METRICS].map(({ name }) => name));

/** Names of metrics that no process has. A name that ends in an underscore is the beginning of several. */
function strangeMetrics(page: Page): readonly string[] {
  const ours = (name: string): boolean => SOURCES.some((text) => text.includes(`'${name}'`));
  return unknown(page, /(?<![\w-])((?:metallb|typemetal|frrk8s)_[a-z0-9_]*[a-z0-9])(?![\w…])/g, (name) => METRICS.has(name) || ours(name));
}

/** Links that lead to no file, or to no heading of it. */
function deadLinks(page: Page): readonly string[] {
  return linksOf(page)
    .filter(({ path, anchor }) => {
      const file = path === '' ? page.path : join(dirname(page.path), path);
      if (path !== '' && !existsSync(join(ROOT, file))) return true;
      const target = path === '' ? page : { path: file, text: readFileSync(join(ROOT, file), 'utf8') };
      return anchor !== '' && !anchorsOf(target).has(anchor);
    })
    .map(({ path, anchor }) => `${path}#${anchor}`);
}

/** Sentences that the page quotes and no source says; `…` stands for what differs from case to case. */
function unsaid({ text }: Page): readonly string[] {
  const quoted = [...text.matchAll(/^\| `([^|]+)` \|/gm)].map(([, sentence = '']) => sentence);
  const parts = (sentence: string): readonly string[] =>
    sentence
      .split('…')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return quoted.filter((sentence) => !SOURCES.some((source) => parts(sentence).every((part) => source.includes(part))));
}

describe('the pages', () => {
  test.each(PAGES)('$path: links lead somewhere', (page) => expect(deadLinks(page)).toEqual([]));
  test.each(PAGES)('$path: flags and variables are there', (page) => expect(strangeOptions(page)).toEqual([]));
  test.each(PAGES)('$path: metrics are there', (page) => expect(strangeMetrics(page)).toEqual([]));

  test.each(['metrics', 'compatibility'])('%s says that metrics of BFD are not there, as long as they are not', (name) => {
    const said = readPage(name).text.includes('(`metallb_bfd_…`, `frrk8s_bfd_…`)');
    expect(said).toBe(!BGP_METRICS.some((metric) => metric.name.includes('_bfd_')));
    expect(said).toBe(!SOURCES.some((text) => /'(metallb|frrk8s)_bfd_/.test(text)));
  });

  test('each is named by the index', () => {
    const named = new Set(linksOf(readPage('README')).map(({ path }) => `docs/${path}`));
    expect(PAGES.map(({ path }) => path).filter((path) => !named.has(path) && !path.endsWith('README.md'))).toEqual([]);
  });

  test('no flag of others is known in vain', () => {
    const text = PAGES.map((page) => page.text).join('\n');
    expect(OF_OTHERS.filter((name) => !new RegExp(`--${name}(?![\\w-])`).test(text))).toEqual([]);
  });

  test('each sentence of the troubleshooting is one that is said', () => {
    const page = readPage('troubleshooting');
    expect(unsaid(page)).toEqual([]);
    expect(page.text.match(/^\| `/gm)?.length).toBeGreaterThan(20);
  });
});

describe.each([
  { name: 'configuration', least: 14 },
  { name: 'usage', least: 7 },
])('the examples of $name', ({ name, least }) => {
  test.each(examplesOf(readPage(name)))('$heading: lint finds nothing to refuse', ({ objects }) => {
    const file = readManifests('example.yaml', objects.map(({ yaml }) => yaml).join('---\n'));
    expect(file).toMatchObject({ faults: [] });
    expect(file.manifests).toHaveLength(objects.length);
    expect(lint(file.manifests, 'metallb-system').filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('each Service says what it gets', () => {
    const examples = examplesOf(readPage(name));
    expect(examples.length).toBeGreaterThanOrEqual(least);
    const services = examples.flatMap(({ objects }) => objects).filter(({ kind }) => kind === 'Service');
    expect(services.filter(({ addresses }) => addresses === undefined)).toEqual([]);
    expect(services.length).toBeGreaterThanOrEqual(least);
  });
});

test('an example is what stands in blocks of YAML under a heading, with what their comments say', () => {
  const service = (name: string, said: string): string => `${said}apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\n`;
  const first = service('a', '# EXTERNAL-IP: 192.0.2.1, 2001:db8::1\n# Announced to: tor, the segment\n');
  const text = `# T\n\n    # no block\n\n\`\`\`yaml\n${first}---\n${service('b', '# EXTERNAL-IP: <pending>\n')}\`\`\`\n\n## U\n\n\`\`\`yaml\n${service('c', '')}\`\`\`\n`;
  const examples = examplesOf({ path: 'docs/x.md', text });
  const said = examples.map(({ heading, objects }) => [
    heading,
    ...objects.map(({ metadata, addresses, announcedTo }) => [metadata.name, addresses, announcedTo]),
  ]);
  expect(said).toEqual([
    ['T', ['a', ['192.0.2.1', '2001:db8::1'], ['tor', 'the segment']], ['b', [], []]],
    ['U', ['c', undefined, []]],
  ]);
});

describe('what must be found', () => {
  const page = (text: string): Page => ({ path: 'docs/x.md', text });

  test.each<{ text: string; finds: (page: Page) => readonly string[]; found: readonly string[] }>([
    { text: '[a](bgp.md) [b](bgp.md#weights) [c](#here)\n## Here', finds: deadLinks, found: [] },
    { text: '[a](none.md) [b](bgp.md#none) [c](#there)\n## Here', finds: deadLinks, found: ['none.md#', 'bgp.md#none', '#there'] },
    { text: '`--bgp-drain` `TYPEMETAL_BGP_DRAIN`', finds: strangeOptions, found: [] },
    { text: '`--bgp` `TYPEMETAL_BGP`', finds: strangeOptions, found: ['--bgp', 'TYPEMETAL_BGP'] },
    { text: '`metallb_bgp_…` `typemetal_leader` `metallb_bgp_session_up`', finds: strangeMetrics, found: [] },
    { text: '`typemetal_lead` `metallb_bgp_session`', finds: strangeMetrics, found: ['typemetal_lead', 'metallb_bgp_session'] },
    { text: '| `no endpoint can serve it: … nobody announces it` | x |', finds: unsaid, found: [] },
    { text: '| `no endpoint serves it` | x |', finds: unsaid, found: ['no endpoint serves it'] },
  ])('$text: $found', ({ text, finds, found }) => expect(finds(page(text))).toEqual(found));
});
