import { isProduct, lineCount, type SourceFile } from './source-file.ts';

/** A function with a body of its own. */
export interface FunctionLength {
  readonly path: string;
  readonly line: number;
  readonly lines: number;
}

/** The budgets of CONTRIBUTING.md. */
export const BUDGET: Readonly<Record<'function' | 'functionMedian' | 'functionNinetieth' | 'file' | 'fileMedian', number>> = {
  function: 50,
  functionMedian: 10,
  functionNinetieth: 30,
  file: 400,
  fileMedian: 150,
};

const CONTROL = /^\s*(?:\} else |else |if|for|while|switch|catch|do|try|with|finally)\b/;
/** A head on one line: a function, an arrow function, or a method; what C writes at the start of a line looks like the last. */
const HEAD = /\bfunction\b.*\{$|=> \{$|^\s*(?:[\w*]+ )*[*#\w[\].]+(?:<[^(]*>)?\(.*\)(?:: .*)? \{$/;
/** The end of a head over several lines: its parameters stand one a line. */
const HEAD_END = /^\s*\)(?:: .*)? \{$/;

/** The functions of a formatted file: a body ends at the first brace that stands as far left as its head. */
export function functionsOf(file: SourceFile): readonly FunctionLength[] {
  const lines = file.code.split('\n');
  return lines.flatMap((line, index) => {
    const start = HEAD_END.test(line) ? headStart(lines, index) : index;
    const head = lines[start] ?? '';
    if (CONTROL.test(head) || (start === index && !HEAD.test(line))) return [];
    const end = lines.findIndex((later, at) => at > index && later.trimStart().startsWith('}') && indent(later) === indent(line));
    return end < 0 ? [] : [{ path: file.path, line: start + 1, lines: end - start + 1 }];
  });
}

/** The line on which a head that ends at `end` begins: the last one before it that stands as far left and is no bracket. */
function headStart(lines: readonly string[], end: number): number {
  const depth = indent(lines[end] ?? '');
  const before = lines.slice(0, end).findLastIndex((line) => line.trim() !== '' && indent(line) === depth);
  return Math.max(before, 0);
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}

/** What is longer than its budget, one complaint each, and the medians of the product where they are. */
export function checkBudgets(files: readonly SourceFile[]): readonly string[] {
  const product = files.filter((file) => isProduct(file.path));
  const functions = product.flatMap(functionsOf);
  const lengths = functions.map((one) => one.lines);
  return [
    ...product
      .filter((file) => lineCount(file) > BUDGET.file)
      .map((file) => `${file.path}: ${lineCount(file)} lines, at most ${BUDGET.file}: split it`),
    ...functions
      .filter((one) => one.lines > BUDGET.function)
      .map((one) => `${one.path}:${one.line}: a function of ${one.lines} lines, at most ${BUDGET.function}: split it`),
    ...over('the median function', quantile(lengths, 0.5), BUDGET.functionMedian),
    ...over('nine of ten functions', quantile(lengths, 0.9), BUDGET.functionNinetieth),
    ...over('the median file', quantile(product.map(lineCount), 0.5), BUDGET.fileMedian),
  ];
}

function over(what: string, lines: number, most: number): readonly string[] {
  return lines > most ? [`${what} has up to ${lines} lines, at most ${most}: split the long ones`] : [];
}

/** The smallest of `values` that at least `share` of them do not exceed; 0 for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
