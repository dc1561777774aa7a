import { compareTexts } from '../lib/order.ts';
import type { TextFile } from './files.ts';
import { type Finding, lint } from './lint.ts';
import { readManifests } from './manifests.ts';
import { CommandError, type Paint, type Report } from './report.ts';

/** What is wrong with the objects of these files, all together; `namespace` is where the configuration is to lie. Throws a {@link CommandError} where there is nothing. */
export function lintReport(files: readonly TextFile[], namespace: string): Report {
  // What was to write them has failed: a check that is part of a pipe must not pass.
  if (files.every(({ text }) => text.trim() === '')) {
    throw new CommandError(`there is nothing in ${files.map(({ name }) => name).join(', ')}: want objects in YAML or JSON`);
  }
  const read = files.map(({ name, text }) => readManifests(name, text));
  const manifests = read.flatMap((one) => one.manifests);
  const unread = read.flatMap(({ faults }) => faults.map((fault): Finding => ({ ...fault, object: '', level: 'error' })));
  const names = files.map(({ name }) => name);
  const place = ({ file }: Finding): number => names.indexOf(file);
  const findings = [...unread, ...lint(manifests, namespace)].sort(
    (left, right) =>
      place(left) - place(right) || left.line - right.line || compareTexts(left.level, right.level) || compareTexts(left.text, right.text),
  );
  const errors = findings.filter(({ level }) => level === 'error').length;
  const summary = `${count(manifests.length, 'object')}: ${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
  return {
    exitCode: errors === 0 ? 0 : 1,
    json: { objects: manifests.length, errors, warnings: findings.length - errors, findings },
    text: (paint) => `${findings.map((finding) => findingLine(finding, paint)).join('')}${summary}\n`,
    complaints: [],
  };
}

/** As compilers write it, so that editors find the place. */
export function findingLine({ file, line, object, level, text }: Finding, paint: Paint): string {
  const subject = object === '' ? '' : `${object}: `;
  return `${file}:${line}: ${paint(level === 'error' ? 'bad' : 'doubtful', level)}: ${subject}${text}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
