import { isCollection, isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';

/** An object of Kubernetes as somebody wrote it, and where. */
export interface Manifest {
  /** As the command line named it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly object: JsonObject;
}

/** What cannot be read. */
export interface ManifestFault {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** All that a file holds. */
export interface ManifestFile {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly ManifestFault[];
}

/** A text of documents, each YAML or JSON (which is YAML too). */
type Documents = Exclude<ReturnType<typeof parseAllDocuments>, { empty: true }>;

/** Aliases may multiply a small file into a large one; nobody's configuration repeats a part more often. */
const MOST_ALIASES = 100;

/**
 * Reads all objects of a text; those of a `List` one by one. A document that cannot be read is a fault, and those around it are read
 * all the same; empty documents are passed over.
 */
export function readManifests(file: string, text: string): ManifestFile {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true }) as Documents;
  const manifests: Manifest[] = [];
  const faults: ManifestFault[] = [];
  for (const document of documents) {
    const [fault] = document.errors;
    const { contents } = document;
    const line = lineAt(startOf(contents) ?? 0);
    if (fault !== undefined) faults.push({ file, line: lineAt(fault.pos[0]), text: `this is no YAML: ${sentenceOf(fault.message)}` });
    else if (isMap(contents)) take(document, line);
    else if (!isEmpty(contents)) faults.push({ file, line, text: 'this document is no object: want apiVersion, kind and metadata' });
  }
  return { manifests, faults };

  function take(document: Documents[number], line: number): void {
    const object = plain(document);
    if (object === undefined) {
      faults.push({ file, line, text: `this document repeats parts of itself more than ${MOST_ALIASES} times: write them out` });
    } else if (isList(object)) {
      const items = document.get('items');
      const starts = isCollection(items) ? items.items.map(startOf) : [];
      const members = listOf(object.items).map((item, index) => ({ file, line: lineAt(starts[index] ?? 0), object: objectOf(item) }));
      manifests.push(...members);
    } else manifests.push({ file, line, object });
  }
}

/** The value of a document; `undefined` for one that grows without end. */
function plain(document: Documents[number]): JsonObject | undefined {
  try {
    return objectOf(document.toJS({ maxAliasCount: MOST_ALIASES }));
  } catch (thrown) {
    if (thrown instanceof ReferenceError) return undefined;
    throw thrown;
  }
}

function isList({ kind, items }: JsonObject): boolean {
  return Array.isArray(items) && (textOf(kind) ?? '').endsWith('List');
}

function isEmpty(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function startOf(node: unknown): number | undefined {
  return isCollection(node) || isScalar(node) ? node.range?.[0] : undefined;
}

/** The parser's first line, without where it is and what stands there. */
function sentenceOf(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

/** `IPAddressPool main`, as people speak of an object. */
export function titleOf(object: JsonObject): string {
  return [textOf(object.kind) ?? '', nameOf(object)].filter((part) => part !== '').join(' ');
}

/** The name of an object, empty when it has none. */
export function nameOf({ metadata }: JsonObject): string {
  return textOf(objectOf(metadata).name) ?? '';
}
