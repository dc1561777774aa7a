import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A page of the documentation. */
export interface Page {
  /** From the root of the checkout, such as `docs/bgp.md`. */
  readonly path: string;
  readonly text: string;
}

/** An object of an example, and what the page says of it. */
export interface ExampleObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  /** As it stands in the page. */
  readonly yaml: string;
  /** What the comment `EXTERNAL-IP` above a Service says: addresses, or none for one that waits; `undefined` without such a comment. */
  readonly addresses: readonly string[] | undefined;
  /** What the comment `Announced to` says: names of peers, and `the segment`. */
  readonly announcedTo: readonly string[];
}

/** The examples under one heading, which belong together: they are applied, looked at and deleted as one. */
export interface Example {
  readonly heading: string;
  readonly objects: readonly ExampleObject[];
}

const ROOT = join(import.meta.dirname, '../..');
const WAITS = '<pending>';

/** One page of `docs`, by its name without the ending. */
export function readPage(name: string): Page {
  const path = `docs/${name}.md`;
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** Every page for users: those of `docs` without its folders, and the README. */
export function readPages(): readonly Page[] {
  const names = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return [{ path: 'README.md', text: readFileSync(join(ROOT, 'README.md'), 'utf8') }, ...names.map((name) => readPage(name.slice(0, -3)))];
}

/** A heading of the first or second level, or a block of code, in which a line of comment is none. */
const HEADING_OR_BLOCK = /^```(?<language>\w*)\n(?<block>.*?)^```$|^#{1,2} (?<heading>[^\n]*)$/gms;

/** The blocks of YAML in a page by the heading above them, in their order. */
export function examplesOf({ text }: Page): readonly Example[] {
  const examples: { heading: string; objects: ExampleObject[] }[] = [];
  for (const { groups = {} } of text.matchAll(HEADING_OR_BLOCK)) {
    const { language, block = '', heading } = groups;
    if (heading !== undefined) examples.push({ heading, objects: [] });
    else if (language === 'yaml') examples.at(-1)?.objects.push(...objectsOf(block));
  }
  return examples.filter(({ objects }) => objects.length > 0);
}

function objectsOf(block: string): readonly ExampleObject[] {
  return block.split(/^---\n/m).map((yaml) => {
    const said = (what: string): readonly string[] | undefined => new RegExp(`^# ${what}: (.*)$`, 'm').exec(yaml)?.[1]?.split(/, */);
    const addresses = said('EXTERNAL-IP');
    const { apiVersion, kind, metadata } = parse(yaml) as Omit<ExampleObject, 'yaml'>;
    const waits = addresses?.includes(WAITS) === true;
    return { apiVersion, kind, metadata, yaml, addresses: waits ? [] : addresses, announcedTo: said('Announced to') ?? [] };
  });
}

/** The anchors that a page has for links: its headings as GitHub writes them. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The links of a page to other places of the checkout: path and anchor, either may be empty. */
export function linksOf({ text }: Page): readonly { readonly path: string; readonly anchor: string }[] {
  const prose = text.replaceAll(/^```.*?^```$|`[^`\n]*`/gms, '');
  return [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, path = '', anchor = '']) => ({ path, anchor }));
}
