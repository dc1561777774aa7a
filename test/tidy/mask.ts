/** A source text split into what runs and what is said about it. */
export interface Masked {
  /** The text with comments and the insides of strings and regular expressions blanked; offsets and lines stay. */
  readonly code: string;
  /** Numbers of the lines, from 1, on which there is some comment. */
  readonly commentLines: ReadonlySet<number>;
}

/** Where something begins and ends: offsets into the text. */
type Span = readonly [start: number, end: number];

const CODE_TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/*\\[\n])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])*\/[a-z]*|[`{}]/g;
const TEMPLATE_TOKEN = /\\[\s\S]|`|\$\{/g;
/** What stands before a slash that divides: the end of an operand that is no keyword. */
const OPERAND_END = /(?:(?<word>[\w$]+)|[)\]}'"`])\s*$/;
const OPERATOR_WORDS: ReadonlySet<string> = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'await',
  'yield',
  'void',
  'throw',
  'do',
  'else',
]);
/** How far back the operand before a slash is looked for: longer than any name with its blanks. */
const LOOK_BEHIND = 80;

/** Splits TypeScript, JavaScript or C. Right for what a formatter has put in order; no parser, and none is needed for it. */
export function maskSource(text: string): Masked {
  const blanked: Span[] = [];
  const comments: Span[] = [];
  /** Open braces within each `${` that has not ended yet; the last one counts. */
  const templates: number[] = [];
  let offset = 0;
  for (let token = nextToken(text, offset); token !== undefined; token = nextToken(text, offset)) {
    const { start, end, word } = token;
    offset = end;
    if (word.startsWith('//') || word.startsWith('/*')) comments.push([start, end]);
    else if (/^['"]/.test(word)) blanked.push([start + 1, end - 1]);
    else if (word.startsWith('/')) {
      if (divides(text, start)) offset = start + 1;
      else blanked.push([start + 1, start + word.lastIndexOf('/')]);
    } else offset = brace(text, token, templates, blanked);
  }
  return { code: blank(text, [...blanked, ...comments]), commentLines: linesOf(text, comments) };
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly word: string;
}

function nextToken(text: string, from: number): Token | undefined {
  CODE_TOKEN.lastIndex = from;
  const match = CODE_TOKEN.exec(text);
  return match === null ? undefined : { start: match.index, end: CODE_TOKEN.lastIndex, word: match[0] };
}

function divides(text: string, slash: number): boolean {
  const match = OPERAND_END.exec(text.slice(Math.max(0, slash - LOOK_BEHIND), slash));
  return match !== null && !OPERATOR_WORDS.has(match.groups?.word ?? '');
}

/** Follows braces and backticks; answers where the code goes on. */
function brace(text: string, { start, end, word }: Token, templates: number[], blanked: Span[]): number {
  const depth = templates.at(-1);
  if (word === '`') return template(text, end, templates, blanked);
  if (depth === undefined) return end;
  if (word === '}' && depth === 0) {
    templates.pop();
    return template(text, start + 1, templates, blanked);
  }
  templates[templates.length - 1] = depth + (word === '{' ? 1 : -1);
  return end;
}

/** Blanks the text of a template from `from` to its end or to the next `${`; answers where the code goes on. */
function template(text: string, from: number, templates: number[], blanked: Span[]): number {
  TEMPLATE_TOKEN.lastIndex = from;
  for (let match = TEMPLATE_TOKEN.exec(text); match !== null; match = TEMPLATE_TOKEN.exec(text)) {
    if (match[0].startsWith('\\')) continue;
    blanked.push([from, match.index]);
    if (match[0] === '${') templates.push(0);
    return TEMPLATE_TOKEN.lastIndex;
  }
  return text.length;
}

function blank(text: string, spans: readonly Span[]): string {
  const pieces: string[] = [];
  let offset = 0;
  for (const [start, end] of [...spans].sort(([left], [right]) => left - right)) {
    pieces.push(text.slice(offset, start), text.slice(start, end).replace(/[^\n]/g, ' '));
    offset = end;
  }
  return [...pieces, text.slice(offset)].join('');
}

function linesOf(text: string, spans: readonly Span[]): ReadonlySet<number> {
  const lines = new Set<number>();
  let line = 1;
  let offset = 0;
  for (const [start, end] of spans) {
    line += newlines(text.slice(offset, start));
    const last = line + newlines(text.slice(start, end));
    for (let number = line; number <= last; number++) lines.add(number);
    line = last;
    offset = end;
  }
  return lines;
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}
