import { expect, test } from '@jest/globals';
import { lintReport } from './lint-report.ts';
import { COLOURED, CommandError, PLAIN } from './report.ts';

const HEAD = 'apiVersion: metallb.io/v1beta1\nkind:';
const ALL = `${HEAD} L2Advertisement\nmetadata: {name: all}\n`;
const pool = (addresses: string): string => `${HEAD} IPAddressPool\nmetadata: {name: main}\nspec: {addresses: [${addresses}]}\n`;

test('several files are looked at together, and told apart', () => {
  const files = [
    { name: 'z.yaml', text: `${pool('198.51.100.0/33')}---\n[` },
    { name: 'a.yaml', text: ALL },
  ];
  const report = lintReport(files, 'metallb-system');
  expect(report.exitCode).toBe(1);
  expect(report.text(PLAIN).split('\n')).toEqual([
    expect.stringMatching(
      /^z\.yaml:1: error: IPAddressPool main: parsing address pool main: invalid CIDR "198\.51\.100\.0\/33" in pool "main": /,
    ),
    expect.stringMatching(/^z\.yaml:6: error: this is no YAML: /),
    '2 objects: 2 errors, 0 warnings',
    '',
  ]);
  expect(report.text(COLOURED)).toContain('z.yaml:1: \u001b[31merror\u001b[0m: ');
  expect(report.json).toMatchObject({
    objects: 2,
    errors: 2,
    warnings: 0,
    findings: [{ file: 'z.yaml', line: 1, level: 'error' }, { line: 6 }],
  });
});

test.each([
  { what: 'good objects', text: `${pool('198.51.100.0/24')}---\n${ALL}`, exitCode: 0, says: '2 objects: 0 errors, 0 warnings\n' },
  { what: 'a warning', text: pool('198.51.100.0/24'), exitCode: 0, says: expect.stringMatching(/1 object: 0 errors, 1 warning\n$/) },
  { what: 'an empty list', text: 'kind: List\nitems: []\n', exitCode: 0, says: '0 objects: 0 errors, 0 warnings\n' },
])('$what: $exitCode', ({ text, exitCode, says }) => {
  const report = lintReport([{ name: 'f', text }], 'metallb-system');
  expect([report.exitCode, report.text(PLAIN)]).toEqual([exitCode, says]);
});

test.each(['', ' \n'])('%j is nothing that could be looked at', (text) => {
  const files = [
    { name: 'standard input', text },
    { name: 'f', text: '' },
  ];
  const refusal = new CommandError('there is nothing in standard input, f: want objects in YAML or JSON');
  expect(() => lintReport(files, 'metallb-system')).toThrow(refusal);
});
