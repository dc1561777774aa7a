import type { LabelSelector, LabelSelectorRequirement } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { labelKeyFault, labelValueFault } from './label-syntax.ts';

/** A label selector that was checked: matching with it cannot fail. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** The selector in the words of `kubectl -l`, empty when it matches everything; for messages. */
  readonly text: string;
}

/** One condition on one label (Kubernetes, labels and selectors). */
export type Requirement =
  | { readonly kind: 'in' | 'not-in'; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly kind: 'exists' | 'does-not-exist'; readonly key: string };

/** Whether an object with `labels` is selected: each requirement holds, so an empty selector takes all. */
export function matches(selector: Selector, labels: TextMap): boolean {
  return selector.requirements.every((requirement) => holds(requirement, labelOf(labels, requirement.key)));
}

/** Whether one selector of the list takes an object with `labels`; what an empty list means is for the caller to say. */
export function matchesAny(selectors: readonly Selector[], labels: TextMap): boolean {
  return selectors.some((selector) => matches(selector, labels));
}

/** A label by its key; a key such as `constructor` must not find what every object inherits. */
function labelOf(labels: TextMap, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.kind) {
    case 'in':
      return value !== undefined && requirement.values.has(value);
    // An object without the label is not in any set, so it passes (Kubernetes, set-based requirements).
    case 'not-in':
      return value === undefined || !requirement.values.has(value);
    case 'exists':
      return value !== undefined;
    case 'does-not-exist':
      return value === undefined;
  }
}

/** Checks one selector: operators, counts of values, syntax of keys and values. The error names what is wrong with it. */
export function parseSelector(source: LabelSelector): Result<Selector, string> {
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(source.matchLabels ?? {})) {
    const fault = labelKeyFault(key) ?? labelValueFault(value);
    if (fault !== undefined) return err(fault);
    requirements.push({ kind: 'in', key, values: new Set([value]) });
  }
  for (const expression of source.matchExpressions ?? []) {
    const requirement = requirementOf(expression);
    if (!requirement.ok) return requirement;
    requirements.push(requirement.value);
  }
  return ok({ requirements, text: selectorText(source) });
}

function requirementOf({ key, operator, values = [] }: LabelSelectorRequirement): Result<Requirement, string> {
  const fault = labelKeyFault(key) ?? values.map(labelValueFault).find((found) => found !== undefined);
  if (fault !== undefined) return err(fault);
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) return err(`key "${key}": for 'in', 'notin' operators, values set can't be empty`);
      return ok({ kind: operator === 'In' ? 'in' : 'not-in', key, values: new Set(values) });
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) return err(`key "${key}": values set must be empty for exists and does not exist`);
      return ok({ kind: operator === 'Exists' ? 'exists' : 'does-not-exist', key });
    default:
      return err(`"${operator}" is not a valid label selector operator`);
  }
}

/** How the list of selectors is refused when one of them does not convert, given its text and its fault. */
export type SelectorRefusal = (text: string, fault: string) => string;

const plainRefusal: SelectorRefusal = (text, fault) => `invalid label selector "${text}": ${fault}`;

/**
 * Checks the list of selectors that stands in `field`: no value twice in an expression, no expression twice in a
 * selector, no selector twice in the list, and each must convert. The error is upstream's text.
 */
export function parseSelectors(
  field: string,
  sources: readonly LabelSelector[] | undefined,
  refusal: SelectorRefusal = plainRefusal,
): Result<readonly Selector[], string> {
  const duplicate = duplicateIn(field, sources ?? []);
  if (duplicate !== undefined) return err(duplicate);
  const selectors: Selector[] = [];
  for (const source of sources ?? []) {
    const selector = parseSelector(source);
    if (!selector.ok) return err(refusal(selectorText(source), selector.error));
    selectors.push(selector.value);
  }
  return ok(selectors);
}

function duplicateIn(field: string, sources: readonly LabelSelector[]): string | undefined {
  const texts: string[] = [];
  for (const source of sources) {
    const fault = duplicateInExpressions(source.matchExpressions ?? []);
    if (fault !== undefined) return fault;
    texts.push(selectorText(source));
  }
  return findDuplicate(field, texts);
}

function duplicateInExpressions(expressions: readonly LabelSelectorRequirement[]): string | undefined {
  for (const { values } of expressions) {
    const fault = findDuplicate('match expression value in label selector', values ?? []);
    if (fault !== undefined) return fault;
  }
  return findDuplicate('match expressions', expressions.map(expressionText));
}

/** The first text that stands twice in `texts`, as upstream's error about the list called `what`. */
export function findDuplicate(what: string, texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) return `duplicate definition of ${what} "${text}"`;
    seen.add(text);
  }
  return undefined;
}

/** Labels by name, then the expressions in their order: two selectors are duplicates when they read the same here. */
function selectorText(source: LabelSelector): string {
  const labels = Object.entries(source.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [...labels.sort(compareTexts), ...(source.matchExpressions ?? []).map(expressionText)].join(',');
}

function expressionText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  const set = `(${[...values].sort(compareTexts).join(',')})`;
  switch (operator) {
    case 'In':
      return `${key} in ${set}`;
    case 'NotIn':
      return `${key} notin ${set}`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return `${key} ${operator} ${set}`;
  }
}
